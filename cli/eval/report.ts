/**
 * What `togthr eval prediction` prints: tables for people, one JSON value for programs.
 */
import type { ProfileName } from '../../sim/network/profiles.ts';
import { type Column, formatTable } from '../terminal.ts';
import type { Contender } from './baselines/baselines.ts';
import type { TaskResult } from './evaluation-task.ts';
import { quantile } from './scoring/part-score.ts';
import type { SummaryRow } from './summary.ts';

const right = (title: string): Column => ({ title, align: 'right' });

const SCORE_COLUMNS: readonly Column[] = [
  { title: 'part' },
  right('parts'),
  right('w20'),
  right('worst'),
  right('w10'),
  right('w30'),
  right('median ms'),
  right('p95 ms'),
  right('false'),
  right('worst'),
  right('missed'),
  right('twice'),
  right('stuck'),
  right('length ms'),
  right('velocity'),
];

const BASELINES: readonly (readonly [Contender, string])[] = [
  ['togthr', 'togthr'],
  ['passthrough', 'as it comes'],
  ['jitterBuffer', 'p99 buffer'],
  ['oneBar', 'one bar late'],
  ['repeatBar', 'last bar again'],
  ['lagVote50', 'lag vote 0.5'],
  ['lagVote80', 'lag vote 0.8'],
  ['knownNotes', 'notes known'],
];

/** A table for each profile. */
export function formatScores(rows: readonly SummaryRow[]): string {
  return byProfile(rows)
    .map(([profile, of]) => `${profile}\n${formatTable(SCORE_COLUMNS, of.map(scoreCells))}`)
    .join('\n\n');
}

function scoreCells({ label, parts, budget, scores }: SummaryRow): readonly (string | number)[] {
  const { median, worst } = scores.togthr ?? {};
  if (!(median && worst)) return [label, parts];
  return [
    label,
    parts,
    median.w20.toFixed(1),
    worst.w20.toFixed(1),
    median.w10.toFixed(1),
    median.w30.toFixed(1),
    median.medianError.toFixed(1),
    median.p95Error.toFixed(0),
    `${median.falseNotes.toFixed(1)}${median.falseNotes > budget ? '!' : ''}`,
    worst.falseNotes.toFixed(1),
    median.missed.toFixed(2),
    median.duplicates.toFixed(1),
    median.stuck,
    median.p95DurationError.toFixed(0),
    median.velocityError.toFixed(1),
  ];
}

/** w20 @ false notes per 100, of everyone. */
export function formatBaselines(rows: readonly SummaryRow[]): string {
  const present = BASELINES.filter(([contender]) => rows.some(({ scores }) => scores[contender]));
  const columns = [{ title: 'w20 @ false' }, ...present.map(([, title]) => right(title))];
  return byProfile(rows)
    .map(([profile, of]) => {
      const cells = of.map(({ label, scores }) => [
        label,
        ...present.map(([contender]) => {
          const median = scores[contender]?.median;
          if (!median) return undefined;
          const { w20, falseNotes } = median;
          return falseNotes === 0 ? w20.toFixed(0) : `${w20.toFixed(0)} @ ${falseNotes.toFixed(1)}`;
        }),
      ]);
      return `${profile}\n${formatTable(columns, cells)}`;
    })
    .join('\n\n');
}

/** The lines below the tables: what is against the rules, and how long it took to decide. */
export function formatRemarks(results: readonly TaskResult[]): readonly string[] {
  const violations = results.flatMap(({ id, profile, violations: of }) =>
    of.map((what) => `${id} over ${profile}: ${what}`),
  );
  const p99 = quantile(
    results.map(({ lineTime }) => lineTime.p99),
    0.5,
  );
  const mean = quantile(
    results.map(({ lineTime }) => lineTime.mean),
    0.5,
  );
  return [
    `CPU for an event with the decisions since the one before: mean ${mean.toFixed(3)} ms, p99 ${p99.toFixed(3)} ms (medians over pieces).`,
    violations.length === 0
      ? 'Every rule was kept: nothing before time 0, in order, every note ends, silent a second after the last release.'
      : `Rules broken ${violations.length} times:`,
    ...violations.slice(0, 20),
    ...(violations.length > 20 ? [`and ${violations.length - 20} more`] : []),
  ];
}

/** Everything, for --json. `pieces`: each part with all its scores. */
export function toJson(
  rows: readonly SummaryRow[],
  results: readonly TaskResult[],
): Readonly<Record<string, unknown>> {
  return {
    parts: rows.map(({ errors: _, ...row }) => row),
    pieces: results.map(({ parts, ...result }) => ({
      ...result,
      parts: parts.map(({ errors: _, ...part }) => part),
    })),
  };
}

function byProfile(
  rows: readonly SummaryRow[],
): readonly (readonly [ProfileName, readonly SummaryRow[]])[] {
  const profiles = [...new Set(rows.map(({ profile }) => profile))];
  return profiles.map((profile) => [profile, rows.filter((row) => row.profile === profile)]);
}
