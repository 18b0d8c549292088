/**
 * `npx tsx tests/bench/midi-clock.ts [--json] [--seeds N]`: MIDI clock over a bad network, regenerated and forwarded raw.
 * Simulated time and seeded: the same figures on every machine. The source's clock runs 60 ppm fast.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import {
  CLOCK_PROFILES,
  type ClockComparison,
  compareClocks,
  STRAYS,
  type StepResponse,
  stepResponse,
  timeToLock,
} from './midi-clock-comparison.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, seeds: { type: 'string', default: '5' } },
});
const seeds = Math.max(1, Math.floor(Number(values.seeds)) || 1);
const seedList = Array.from({ length: seeds }, (_, seed) => seed + 1);
const STEPS: readonly (readonly [number, number])[] = [
  [120, 126],
  [120, 90],
  [120, 180],
];

void main();

async function main(): Promise<void> {
  const rows: ClockComparison[] = [];
  const steps: StepResponse[] = [];
  const locks: { profile: string; stray: number; ms: number }[] = [];
  for (const profile of CLOCK_PROFILES) {
    for (const stray of STRAYS) {
      const runs: ClockComparison[] = [];
      const lock: number[] = [];
      for (const seed of seedList) {
        runs.push(await compareClocks(profile, stray, seed));
        lock.push(await timeToLock(profile, stray, seed));
      }
      rows.push(worstOf(runs));
      locks.push({ profile, stray, ms: median(lock) });
      for (const [from, to] of STEPS) {
        const all: StepResponse[] = [];
        for (const seed of seedList) all.push(await stepResponse(profile, stray, from, to, seed));
        all.sort((a, b) => a.settled - b.settled);
        const middle = all[all.length >> 1];
        if (middle) steps.push(middle);
      }
    }
  }
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ seeds, unit: 'ms', rows, steps, locks }, null, 2)}\n`);
    return;
  }
  process.stdout.write(`${comparisonTable(rows)}\n\n${stepTable(steps, locks)}\n\n${legend()}\n`);
}

/** Figures of all seeds together: means of deviations, the worst of what must not happen. */
function worstOf(runs: readonly ClockComparison[]): ClockComparison {
  const [first] = runs;
  if (!first) throw new Error('there is no run');
  const mean = (of: (run: ClockComparison) => number): number =>
    runs.reduce((sum, run) => sum + of(run), 0) / runs.length;
  const together = (which: 'regenerated' | 'forwarded'): ClockComparison['regenerated'] => ({
    deviation: Math.sqrt(mean((run) => run[which].deviation ** 2)),
    p99: mean((run) => run[which].p99),
    worst: Math.max(...runs.map((run) => run[which].worst)),
    offset: mean((run) => run[which].offset),
    wander: Math.sqrt(mean((run) => run[which].wander ** 2)),
    lost: Math.max(...runs.map((run) => run[which].lost)),
    extra: Math.max(...runs.map((run) => run[which].extra)),
    shortest: Math.min(...runs.map((run) => run[which].shortest)),
    longest: Math.max(...runs.map((run) => run[which].longest)),
  });
  return {
    ...first,
    lostPackets: Math.round(mean((run) => run.lostPackets)),
    misplaced: Math.max(...runs.map((run) => run.misplaced)),
    relocations: Math.max(...runs.map((run) => run.relocations)),
    regenerated: together('regenerated'),
    forwarded: together('forwarded'),
  };
}

function median(list: readonly number[]): number {
  return list.toSorted((a, b) => a - b)[list.length >> 1] ?? 0;
}

function comparisonTable(rows: readonly ClockComparison[]): string {
  const cells = new Table({
    head: [
      'network',
      'source',
      'lost packets',
      'raw: deviation',
      'p99',
      'regenerated: deviation',
      'p99',
      'worst',
      'delay',
      'wander',
      'lost',
      'extra',
      'misplaced',
    ],
    style: { head: [], border: [], compact: true },
  });
  for (const { profile, stray, lostPackets, misplaced, regenerated, forwarded } of rows) {
    cells.push([
      profile,
      `± ${stray}`,
      lostPackets,
      forwarded.deviation.toFixed(2),
      forwarded.p99.toFixed(1),
      regenerated.deviation.toFixed(3),
      regenerated.p99.toFixed(2),
      regenerated.worst.toFixed(1),
      regenerated.offset.toFixed(1),
      regenerated.wander.toFixed(2),
      regenerated.lost,
      regenerated.extra,
      misplaced,
    ]);
  }
  return cells.toString();
}

function stepTable(
  steps: readonly StepResponse[],
  locks: readonly { profile: string; stray: number; ms: number }[],
): string {
  const cells = new Table({
    head: ['network', 'source', 'lock', ...STEPS.map(([from, to]) => `${from} to ${to}`)],
    style: { head: [], border: [], compact: true },
  });
  for (const { profile, stray, ms } of locks) {
    const own = steps.filter((step) => step.profile === profile && step.stray === stray);
    cells.push([
      profile,
      `± ${stray}`,
      ms.toFixed(0),
      ...own.map(
        ({ settledBeats, worst }) => `${settledBeats.toFixed(2)} beats, ${worst.toFixed(1)}`,
      ),
    ]);
  }
  return cells.toString();
}

function legend(): string {
  return [
    'Milliseconds. Deviation, p99 and worst: error of the intervals between clocks; raw is on arrival, with what the journal',
    'brings back. Delay: median of regenerated less meant, as far behind as notes of the same peer; wander: its deviation.',
    'Lost: clocks of the song that never came: six when a jump was heard late and joined a sixteenth later. Extra: past a',
    'Stop that came late; they are waited for at Continue. Misplaced: further than half a clock from their place. Lock: from',
    'the first clock of a silent source until intervals are right to 3 ms. Steps: until the place is right to 3 ms, and the',
    'largest departure meanwhile; median of the seeds.',
    `${seeds} seeds; a minute with Start, Stop, Continue and a jump; 120 quarter notes a minute, 20.8 ms a clock.`,
  ].join('\n');
}
