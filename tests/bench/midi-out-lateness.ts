/**
 * How late MIDI leaves, and what it costs the main thread.
 *
 *   npx tsx tests/bench/midi-out-lateness.ts [--seconds 20] [--rate 500] [--load 2] [--json]
 *
 * Lateness: the same instants, two to thirty milliseconds ahead, are kept by the output worker, through the output
 * manager, by an alarm of the real clock and by setTimeout, all at once, so that they share whatever else the machine
 * does; once with real-time priority and once without. `--load N` adds N threads that do nothing but compute and allocate.
 * Allocation: bytes in -> MIDI manager -> output manager -> output, on the main thread, after warm-up.
 */
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { Worker } from 'node:worker_threads';
import Table from 'cli-table3';
import { after, fromMillis, type Instant, micros } from '../../runtime/core/time.ts';
import { openMidiManager } from '../../runtime/midi-manager/midi-manager.ts';
import { openOutputManager } from '../../runtime/output/output-manager.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openOutputScheduler } from '../../runtime/platform/output-scheduler.ts';
import { openSimMidiInput } from '../../sim/midi-wire.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    rate: { type: 'string', default: '500' },
    load: { type: 'string', default: '0' },
    json: { type: 'boolean', default: false },
    allocation: { type: 'boolean', default: false },
  },
});

interface Lateness {
  readonly name: string;
  readonly count: number;
  /** Milliseconds. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly worst: number;
  readonly early: number;
}

interface Keeper {
  readonly name: string;
  readonly lateness: number[];
  keep(due: Instant): void;
}

const clock = openMonotonicClock();
const TICK = Uint8Array.of(0xf8);

if (values.allocation) process.stdout.write(JSON.stringify(await measureAllocation()));
else await main();

async function main(): Promise<void> {
  const lateness = await measureLateness(Number(values.seconds), Number(values.rate));
  const allocation = allocationInOwnProcess();
  const report = {
    node: process.version,
    load: Number(values.load),
    rate: Number(values.rate),
    lateness,
    allocation,
  };
  if (values.json) process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`);
  else print(report);
}

function print(report: {
  readonly node: string;
  readonly load: number;
  readonly lateness: readonly Lateness[];
  readonly allocation: Allocation;
}): void {
  const table = new Table({
    head: ['lateness, ms', 'events', 'p50', 'p99', 'p99.9', 'worst', 'early'],
    style: { head: [], border: [] },
  });
  const ms = (value: number): string => value.toFixed(3);
  for (const { name, count, p50, p99, p999, worst, early } of report.lateness) {
    table.push([name, count, ms(p50), ms(p99), ms(p999), ms(worst), early]);
  }
  const { bytesPerEvent, nanosecondsPerEvent, events } = report.allocation;
  process.stdout.write(
    `${table.toString()}\nNode ${report.node}, ${report.load} threads of load.\n` +
      `Main thread, bytes in to output: ${bytesPerEvent.toFixed(1)} bytes allocated and ` +
      `${nanosecondsPerEvent.toFixed(0)} ns an event (${events} events).\n`,
  );
}

/** Two rounds, for two workers in one process would wait for each other's locks, as they never do in a box. */
async function measureLateness(seconds: number, rate: number): Promise<Lateness[]> {
  const rows: Lateness[] = [];
  for (const priority of ['realtime', 'normal'] as const) {
    const scheduler = await openOutputScheduler({ priority });
    const label = `priority ${scheduler.priority}`;
    const keepers: Keeper[] = [
      await scheduled(`output worker, ${label}`, scheduler),
      await throughManager(`output manager and worker, ${label}`, scheduler),
      byAlarm('alarm of the real clock'),
      byTimeout('setTimeout'),
    ];
    const load = Array.from({ length: Number(values.load) }, startLoad);
    if (load.length > 0) await sleep(300);
    await keep(keepers, seconds / 2, rate);
    await Promise.all(load.map((worker) => worker.terminate()));
    await scheduler[Symbol.asyncDispose]();
    rows.push(...keepers.map(summary));
  }
  return rows;
}

async function keep(keepers: readonly Keeper[], seconds: number, rate: number): Promise<void> {
  const end = after(clock.now(), micros(seconds * 1e6));
  const period = 4;
  let owed = 0;
  while (clock.now() < end) {
    for (owed += (rate * period) / 1_000; owed >= 1; owed--) {
      const due = after(clock.now(), fromMillis(2 + Math.random() * 28));
      for (const keeper of keepers) keeper.keep(due);
    }
    await sleep(period);
  }
  await sleep(200);
}

async function scheduled(
  name: string,
  scheduler: Awaited<ReturnType<typeof openOutputScheduler>>,
): Promise<Keeper> {
  const output = await scheduler.open({ kind: 'loop', onMessage() {} });
  const lateness: number[] = [];
  const dues: number[] = [];
  output.onSent((tag, leftAt) => lateness.push((leftAt ?? Number.NaN) - (dues[tag] ?? 0)));
  return {
    name,
    lateness,
    keep: (due) => {
      if (output.send(TICK, due, dues.length)) dues.push(due);
    },
  };
}

async function throughManager(
  name: string,
  scheduler: Awaited<ReturnType<typeof openOutputScheduler>>,
): Promise<Keeper> {
  const manager = openOutputManager({ clock });
  manager.addOutput(await scheduler.open({ kind: 'loop', onMessage() {} }));
  const lateness: number[] = [];
  manager.onSent(({ due, leftAt }) => lateness.push((leftAt ?? Number.NaN) - due));
  return {
    name,
    lateness,
    keep: (due) => manager.schedule({ kind: 'timingClock' }, due, 'bench', 'received'),
  };
}

function byAlarm(name: string): Keeper {
  const lateness: number[] = [];
  return {
    name,
    lateness,
    keep: (due) => clock.alarm(() => lateness.push(clock.now() - due)).set(due),
  };
}

function byTimeout(name: string): Keeper {
  const lateness: number[] = [];
  return {
    name,
    lateness,
    keep: (due) => {
      setTimeout(() => lateness.push(clock.now() - due), (due - clock.now()) / 1_000);
    },
  };
}

function summary({ name, lateness }: Keeper): Lateness {
  const sorted = lateness.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  const at = (quantile: number): number =>
    (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * quantile))] ?? 0) / 1_000;
  return {
    name,
    count: sorted.length,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    worst: at(1),
    early: sorted.filter((value) => value < 0).length,
  };
}

function startLoad(): Worker {
  const work =
    'for (let kept = [];;) { kept.push(new Array(100).fill(Math.random())); if (kept.length > 1e4) kept = []; }';
  return new Worker(work, { eval: true });
}

interface Allocation {
  readonly events: number;
  readonly bytesPerEvent: number;
  readonly nanosecondsPerEvent: number;
}

/** In a process of its own, whose young generation is so large that nothing is collected while it is measured. */
function allocationInOwnProcess(): Allocation {
  const flags = ['--expose-gc', '--min-semi-space-size=128', '--max-semi-space-size=128'];
  const script = process.argv[1] ?? '';
  const child = spawnSync(
    process.execPath,
    [...process.execArgv, ...flags, script, '--allocation'],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] },
  );
  return JSON.parse(child.stdout) as Allocation;
}

async function measureAllocation(): Promise<Allocation> {
  const midi = openMidiManager({ clock }, { routes: { session: [], thru: 'all' } });
  const output = openOutputManager({ clock });
  midi.onThru((message, at) => output.schedule(message, at, 'self', 'thru'));
  const input = openSimMidiInput({ clock });
  midi.addInput(input);
  midi.setFilters({ block: [], perSecond: {}, sysExBytesPerSecond: 0 });
  let told: (tag: number, leftAt: Instant | undefined) => void = () => {};
  let sent = 0;
  output.addOutput({
    name: 'nowhere',
    send(_bytes, due, tag) {
      told(tag, due);
      return true;
    },
    flush() {},
    onSent(listener) {
      told = listener;
      return { [Symbol.dispose]() {} };
    },
    onLost: () => ({ [Symbol.dispose]() {} }),
    async [Symbol.asyncDispose]() {},
  });
  output.onSent(() => sent++);
  const on = Uint8Array.of(0x90, 60, 100);
  const bend = Uint8Array.of(0xe0, 1, 64);
  const off = Uint8Array.of(0x80, 60, 64);
  const play = (times: number): void => {
    for (let count = 0; count < times; count++) {
      on[1] = 36 + (count % 48);
      off[1] = 36 + (count % 48);
      input.feed(on);
      input.feed(bend);
      input.feed(off);
    }
  };
  play(100_000);
  await sleep(50);
  const times = 50_000;
  const events = times * 3;
  globalThis.gc?.();
  const before = process.memoryUsage().heapUsed;
  const start = performance.now();
  play(times);
  const took = performance.now() - start;
  const bytes = process.memoryUsage().heapUsed - before;
  if (sent === 0) throw new Error('nothing came through');
  return { events, bytesPerEvent: bytes / events, nanosecondsPerEvent: (took * 1e6) / events };
}
