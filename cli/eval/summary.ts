/**
 * Many parts in one row: the median over parts, and the worst decile.
 *
 * Takes  results of tasks. Gives a row for each profile and kind of part, in the order of the table.
 */
import type { Role } from '../../runtime/core/ensemble.ts';
import { PROFILE_NAMES, type ProfileName } from '../../sim/network/profiles.ts';
import type { Contender } from './baselines/baselines.ts';
import type { TaskResult } from './evaluation-task.ts';
import { budgetOf, labelOf, rankOf } from './part-labels.ts';
import { type PartScore, quantile } from './scoring/part-score.ts';

type Figure = keyof PartScore;

export interface ScoreSummary {
  /** Median over parts of each figure; `notes` and `stuck` are sums. */
  readonly median: PartScore;
  /** The part that nine in ten are better than (figures of which more is worse: their ninth decile). */
  readonly worst: PartScore;
}

export interface SummaryRow {
  readonly profile: ProfileName;
  readonly label: string;
  readonly role: Role;
  readonly parts: number;
  /** False notes per 100 that the role may have. */
  readonly budget: number;
  readonly scores: Readonly<Partial<Record<Contender, ScoreSummary>>>;
  /** Heard less performed of all notes of all parts (milliseconds). */
  readonly errors: Float32Array;
}

const BETTER_WHEN_MORE: ReadonlySet<Figure> = new Set(['w10', 'w20', 'w30', 'predicted']);
const SUMS: ReadonlySet<Figure> = new Set(['notes', 'stuck']);

interface Group {
  readonly profile: ProfileName;
  readonly label: string;
  readonly role: Role;
  readonly rank: number;
  readonly scores: Map<Contender, PartScore[]>;
  readonly errors: Float32Array[];
}

export function summarise(results: readonly TaskResult[]): readonly SummaryRow[] {
  const groups = new Map<string, Group>();
  for (const { set, profile, parts } of results) {
    for (const { role, scores, errors } of parts) {
      const label = labelOf(set, role);
      const group: Group = groups.get(`${profile} ${label}`) ?? {
        profile,
        label,
        role,
        rank: PROFILE_NAMES.indexOf(profile) * 1_000 + rankOf(set, role),
        scores: new Map(),
        errors: [],
      };
      groups.set(`${profile} ${label}`, group);
      group.errors.push(errors);
      for (const [contender, score] of entriesOf(scores)) {
        const list = group.scores.get(contender);
        if (list) list.push(score);
        else group.scores.set(contender, [score]);
      }
    }
  }
  return [...groups.values()].toSorted((a, b) => a.rank - b.rank).map(toRow);
}

function entriesOf(
  scores: Readonly<Partial<Record<Contender, PartScore>>>,
): readonly [Contender, PartScore][] {
  return Object.entries(scores) as [Contender, PartScore][];
}

function toRow({ profile, label, role, scores, errors }: Group): SummaryRow {
  const summaries = [...scores].map(([contender, of]) => [contender, summariseScores(of)] as const);
  return {
    profile,
    label,
    role,
    parts: errors.length,
    budget: budgetOf(role),
    scores: Object.fromEntries(summaries),
    errors: concatenate(errors),
  };
}

function summariseScores(scores: readonly PartScore[]): ScoreSummary {
  const over = (pick: (figure: Figure, values: readonly number[]) => number): PartScore => {
    const figure = (name: Figure): number =>
      pick(
        name,
        scores.map((score) => score[name]),
      );
    return {
      notes: figure('notes'),
      w10: figure('w10'),
      w20: figure('w20'),
      w30: figure('w30'),
      medianError: figure('medianError'),
      p95Error: figure('p95Error'),
      falseNotes: figure('falseNotes'),
      missed: figure('missed'),
      duplicates: figure('duplicates'),
      stuck: figure('stuck'),
      p95DurationError: figure('p95DurationError'),
      velocityError: figure('velocityError'),
      predicted: figure('predicted'),
    };
  };
  const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);
  return {
    median: over((name, values) => (SUMS.has(name) ? sum(values) : quantile(values, 0.5))),
    worst: over((name, values) =>
      SUMS.has(name) ? sum(values) : quantile(values, BETTER_WHEN_MORE.has(name) ? 0.1 : 0.9),
    ),
  };
}

function concatenate(arrays: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(arrays.reduce((length, one) => length + one.length, 0));
  let at = 0;
  for (const one of arrays) {
    all.set(one, at);
    at += one.length;
  }
  return all;
}
