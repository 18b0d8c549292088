/**
 * `npx tsx tests/bench/dejitter.ts [--json] [--seeds N]`: what is left of jitter, and at which delay.
 * Simulated time and seeded: the same figures on every machine.
 */
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { BENCH_PROFILES, type Comparison, compare } from './dejitter-comparison.ts';
import type { Figures } from './dejitter-measure.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, seeds: { type: 'string', default: '6' } },
});
const seeds = Math.max(1, Math.floor(Number(values.seeds)) || 1);
const rows = BENCH_PROFILES.flatMap((profile) => compare(profile, seeds));

if (values.json) {
  process.stdout.write(`${JSON.stringify({ seeds, unit: 'ms', rows }, null, 2)}\n`);
} else {
  process.stdout.write(`${table(rows)}\n\n${legend()}\n`);
}

function table(comparisons: readonly Comparison[]): string {
  const cells = new Table({
    head: ['profile', 'change', 'adaptive', 'fixed, same median', 'fixed p99', 'on arrival'],
    style: { head: [], border: [], compact: true },
  });
  for (const { profile, change, adaptive, fixed, p99, arrival } of comparisons) {
    cells.push([profile, change, show(adaptive), show(fixed), show(p99), show(arrival)]);
  }
  return cells.toString();
}

function show({ median, jitter, spread, interval }: Figures): string {
  return [median, jitter, spread, interval].map((value) => value.toFixed(1).padStart(6)).join('');
}

function legend(): string {
  return [
    'Milliseconds, four figures each: median delay (heard less performed); jitter (standard deviation around the median',
    'of the five seconds around); its 95th less its 5th percentile; root mean square error of intervals between notes.',
    `${seeds} seeds of three minutes each, without the first ten seconds. Peer clock 60 ppm fast, known from exchanges over`,
    'the same network. Changes: none; ten seconds of three times the jitter every half minute; a route 25 ms longer for a',
    'minute; a clock that drifts by 20 ms. "all": the four together, with one constant for the profile.',
    'Constants are chosen after the fact. While nothing changes, the best constant can only be equalled.',
  ].join('\n');
}
