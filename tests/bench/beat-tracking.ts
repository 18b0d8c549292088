/**
 * `npx tsx tests/bench/beat-tracking.ts --data DIR [--split dev|kept|train] [--sets a,b] [--pieces 20] [--seconds 60] [--json]`:
 * the beat tracker on open data, over a network (xcountry), without a click: how much of the time the beat is right, how far off,
 * how soon it is found, what its confidence is worth. `kept` is for the last word only: nothing is tuned on it.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { DATASET_NAMES, datasetsIn } from '../../cli/eval/datasets/catalogue.ts';
import type { Split } from '../../cli/eval/datasets/piece.ts';
import { type BeatScore, measureBeats, VERDICTS } from './beat-tracking-measure.ts';
import { beatPieces } from './beat-tracking-pieces.ts';

const { values } = parseArgs({
  options: {
    data: { type: 'string', default: '../shared/data/midi' },
    split: { type: 'string', default: 'dev' },
    sets: { type: 'string', default: 'groove,jtd_trio,pop909,freedoom,openmsx,nottingham,asap' },
    pieces: { type: 'string', default: '20' },
    seconds: { type: 'string', default: '60' },
    'without-roles': { type: 'boolean', default: false },
    json: { type: 'boolean' },
  },
});

interface Row {
  readonly set: string;
  readonly pieces: number;
  /** Percent of the time. */
  readonly time: Readonly<Record<string, number>>;
  readonly medianErrorMs: number;
  readonly p90ErrorMs: number;
  readonly medianLockSeconds: number | undefined;
  readonly neverLocked: number;
  readonly confidenceRight: number;
  readonly confidenceWrong: number;
  readonly rightBarsPercent: number;
  readonly epochsPerMinute: number;
  readonly cpuMsPerSecond: number;
}

const split = values.split;
if (split !== 'dev' && split !== 'kept' && split !== 'train') {
  process.stderr.write('--split is dev, kept or train\n');
  process.exitCode = 2;
} else main(split);

function main(of: Split): void {
  const there = datasetsIn(values.data);
  const wanted = values.sets.split(',');
  const sets = DATASET_NAMES.filter((set) => wanted.includes(set) && there.includes(set));
  if (sets.length === 0) {
    process.stderr.write(`no data in ${values.data} (--data)\n`);
    process.exitCode = 2;
    return;
  }
  const rows = sets.flatMap((set): Row[] => {
    const most = Number(values.pieces) || 20;
    const scores = Array.from(beatPieces(values.data, set, of, { most, profile: 'xcountry' })).map(
      (piece) => measureBeats(piece, Number(values.seconds) || 60, !values['without-roles']),
    );
    if (process.stderr.isTTY) process.stderr.write(`${set}: ${scores.length} pieces\n`);
    return scores.length === 0 ? [] : [rowOf(set, scores)];
  });
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ split: of, rows }, null, 2)}\n`);
    return;
  }
  process.stdout.write(`${table(rows)}\n`);
  process.stdout.write(
    'Percent of the time: the beat is right (tempo within 10 %, phase within 12 % of a beat), at half or double the tempo, on\n' +
      'another phase, at another tempo, or not known (confidence 0). Lock: seconds of music until it is right for two seconds\n' +
      '(median; how many never). Confidence: mean while the beat is right and while it is not. Bars: of the bar lines whose beat\n' +
      'is right, how many are bar lines of the grid. ASAP is rubato: what counts there is a low confidence.\n',
  );
}

function rowOf(set: string, scores: readonly BeatScore[]): Row {
  const sum = (of: (score: BeatScore) => number): number =>
    scores.reduce((total, score) => total + of(score), 0);
  const all = sum(({ counts }) => VERDICTS.reduce((total, verdict) => total + counts[verdict], 0));
  const right = sum(({ counts }) => counts.right);
  const errors = scores.flatMap((score) => score.errors).toSorted((a, b) => a - b);
  const locks = scores
    .map(({ lock }) => lock ?? Number.POSITIVE_INFINITY)
    .toSorted((a, b) => a - b);
  const lock = locks[locks.length >> 1] ?? Number.POSITIVE_INFINITY;
  const seconds = sum((score) => score.seconds);
  return {
    set,
    pieces: scores.length,
    time: Object.fromEntries(
      VERDICTS.map((verdict) => [verdict, (100 * sum(({ counts }) => counts[verdict])) / all]),
    ),
    medianErrorMs: errors[errors.length >> 1] ?? Number.NaN,
    p90ErrorMs: errors[Math.floor(0.9 * errors.length)] ?? Number.NaN,
    medianLockSeconds: Number.isFinite(lock) ? lock : undefined,
    neverLocked: locks.filter((one) => !Number.isFinite(one)).length,
    confidenceRight: sum((score) => score.confidenceRight) / Math.max(1, right),
    confidenceWrong: sum((score) => score.confidenceWrong) / Math.max(1, all - right),
    rightBarsPercent:
      (100 * sum(({ rightBars }) => rightBars)) /
      Math.max(
        1,
        sum(({ bars }) => bars),
      ),
    epochsPerMinute: (60 * sum(({ epochs }) => epochs)) / seconds,
    cpuMsPerSecond: sum(({ microseconds }) => microseconds) / 1e3 / seconds,
  };
}

function table(rows: readonly Row[]): string {
  const drawn = new Table({
    head: [
      'set',
      'n',
      ...VERDICTS,
      'error ms (p90)',
      'lock s (never)',
      'confidence',
      'bars',
      'epochs/min',
      'CPU ms/s',
    ],
    style: { head: [], border: [] },
  });
  for (const row of rows) {
    drawn.push([
      row.set,
      row.pieces,
      ...VERDICTS.map((verdict) => (row.time[verdict] ?? 0).toFixed(0)),
      `${row.medianErrorMs.toFixed(0)} (${row.p90ErrorMs.toFixed(0)})`,
      `${row.medianLockSeconds?.toFixed(1) ?? '-'} (${row.neverLocked})`,
      `${row.confidenceRight.toFixed(2)} / ${row.confidenceWrong.toFixed(2)}`,
      row.rightBarsPercent.toFixed(0),
      row.epochsPerMinute.toFixed(1),
      row.cpuMsPerSecond.toFixed(1),
    ]);
  }
  return drawn.toString();
}
