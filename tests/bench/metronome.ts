/**
 * `npx tsx tests/bench/metronome.ts [--json] [--seeds N] [--seconds N]`: the shared metronome, heard at whole boxes.
 *
 * Phase between two boxes over networks, with crystals 100 ppm apart, and what the boxes say of it; through ways of unequal
 * length and through a change of route (simulated time, seeded: the same figures on every machine). MIDI clock at an output
 * by real time, with and without real-time priority.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { fromMillis } from '../../runtime/core/time.ts';
import { timeInWords } from '../../runtime/timeline/time-words.ts';
import { NETWORK_PROFILES, type ProfileName } from '../../sim/network/profiles.ts';
import {
  type MetronomeRun,
  phaseErrors,
  quantile,
  simulateMetronome,
  slower,
} from './metronome-simulation.ts';
import { type ClockOutFigures, measureClockOut } from './midi-clock-out.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    seeds: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '20' },
  },
});
const seeds = Math.max(1, Math.floor(Number(values.seeds)) || 1);
const realSeconds = Math.max(2, Number(values.seconds) || 20);
const PPM = [50, -50];

interface Scene {
  readonly name: string;
  readonly run: Omit<MetronomeRun, 'seed' | 'ppm'>;
}

interface Row {
  readonly name: string;
  readonly clicks: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p95: number;
  readonly worst: number;
  /** Largest change of the phase from one click to the next. */
  readonly step: number;
  readonly uncertainty: number;
  readonly bound: number;
  /** Clicks that only one box gave, or that had another place in the bar; the first beat of a late start apart. */
  readonly astray: number;
  readonly words: string;
}

const same = (profile: ProfileName, seconds: number): Scene => ({
  name: profile,
  run: { there: NETWORK_PROFILES[profile], back: NETWORK_PROFILES[profile], seconds },
});

const SCENES: readonly Scene[] = [
  same('lan', 60),
  same('wifi', 60),
  same('city', 60),
  same('transatlantic', 10),
  { ...same('transatlantic', 120), name: 'transatlantic, two minutes' },
  same('badwifi60', 60),
  same('hostile', 60),
  {
    name: '40 ms there, 120 ms back',
    run: { there: slower('transatlantic', 40), back: slower('transatlantic', 120), seconds: 60 },
  },
  {
    name: 'city, then 40 and 120 ms by another route',
    run: {
      ...same('city', 300).run,
      during: [
        {
          at: 120,
          act: ({ network }) => {
            network.setProfile(slower('city', 40), '10.0.0.1', '10.0.0.2');
            network.setProfile(slower('city', 120), '10.0.0.2', '10.0.0.1');
          },
        },
      ],
    },
  },
];

void main();

async function main(): Promise<void> {
  const rows: Row[] = [];
  for (const scene of SCENES) rows.push(await measure(scene));
  const clockOut: ClockOutFigures[] = [];
  for (const priority of ['realtime', 'normal'] as const) {
    for (const load of [0, 2]) clockOut.push(await measureClockOut(priority, realSeconds, load));
  }
  if (values.json) {
    process.stdout.write(`${JSON.stringify({ seeds, unit: 'ms', rows, clockOut }, null, 2)}\n`);
    return;
  }
  process.stdout.write(`${phaseTable(rows)}\n${legend(rows)}\n\n${clockOutTable(clockOut)}\n`);
}

async function measure({ name, run }: Scene): Promise<Row> {
  const sizes: number[] = [];
  const uncertainties: number[] = [];
  const bounds: number[] = [];
  let step = 0;
  let astray = 0;
  for (let seed = 1; seed <= seeds; seed++) {
    const { clicks, uncertainty, bound } = await simulateMetronome({ ...run, seed, ppm: PPM });
    const { errors, alone, otherBeat } = phaseErrors(clicks[0] ?? [], clicks[1] ?? []);
    errors.forEach(({ error }, i) => {
      sizes.push(Math.abs(error));
      step = Math.max(step, Math.abs(error - (errors[i - 1]?.error ?? error)));
    });
    astray += alone + otherBeat;
    uncertainties.push(uncertainty);
    bounds.push(bound);
  }
  const uncertainty = quantile(uncertainties, 0.5);
  const bound = quantile(bounds, 0.5);
  return {
    name,
    clicks: sizes.length,
    p50: quantile(sizes, 0.5),
    p95: quantile(sizes, 0.95),
    worst: quantile(sizes, 1),
    step,
    uncertainty,
    bound,
    astray,
    words: timeInWords({
      keptHere: false,
      synced: true,
      accuracy: { uncertainty: fromMillis(uncertainty), bound: fromMillis(bound) },
    }),
  };
}

function phaseTable(rows: readonly Row[]): string {
  const cells = new Table({
    head: ['network', 'clicks', 'p50', 'p95', 'worst', 'step', 'says ±', 'at most ±', 'astray'],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    const { name, clicks, p50, p95, worst, step, uncertainty, bound, astray } = row;
    cells.push([
      name,
      clicks,
      ...[p50, p95, worst, step, uncertainty].map((value) => value.toFixed(2)),
      bound.toFixed(0),
      astray,
    ]);
  }
  return cells.toString();
}

function legend(rows: readonly Row[]): string {
  return [
    'Milliseconds between the clicks of two boxes, from the moment they have joined; crystals 100 ppm apart. Step: the largest',
    'change from one click to the next. Says and at most: what the second box’s status says of itself at the end. Astray:',
    'clicks without a partner within 200 ms, or at another place of the bar. In words, where the ways are 40 and 120 ms:',
    `"${rows.find(({ name }) => name.startsWith('40 ms'))?.words ?? ''}"`,
    `${seeds} seeds.`,
  ].join('\n');
}

function clockOutTable(rows: readonly ClockOutFigures[]): string {
  const cells = new Table({
    head: ['MIDI clock out at 120', 'load', 'clocks', 'p50', 'p99', 'worst'],
    style: { head: [], border: [], compact: true },
  });
  for (const { priority, load, clocks, p50, p99, worst } of rows) {
    const figures = [p50, p99, worst].map((value) => value.toFixed(3));
    cells.push([`priority ${priority}`, `${load} threads`, clocks, ...figures]);
  }
  return `${cells.toString()}\nError of the intervals between clocks by real time, in milliseconds.`;
}
