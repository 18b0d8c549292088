/**
 * MIDI clock at a real output: how even the session's clock leaves, by real time.
 *
 * Takes  a priority for the output thread, seconds, and how many threads compute and allocate beside it.
 * Gives  the error of the intervals between timing clocks at 120 quarter notes a minute, in milliseconds.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { EnsembleContext } from '../../runtime/core/ensemble.ts';
import type { EnsembleTime } from '../../runtime/core/time.ts';
import { openMidiSync } from '../../runtime/midi-sync/midi-sync.ts';
import { openOutputManager } from '../../runtime/output/output-manager.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openOutputScheduler } from '../../runtime/platform/output-scheduler.ts';
import { openEnsembleClock } from '../../runtime/transport/clock-sync/ensemble-clock.ts';

export interface ClockOutFigures {
  /** What the system granted. */
  readonly priority: 'realtime' | 'normal';
  readonly load: number;
  readonly clocks: number;
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

const BPM = 120;
const PERIOD = 60e6 / (BPM * 24);

export async function measureClockOut(
  wanted: 'realtime' | 'normal',
  seconds: number,
  load: number,
): Promise<ClockOutFigures> {
  const clock = openMonotonicClock();
  const ensembleClock = openEnsembleClock({ clock });
  const scheduler = await openOutputScheduler({ priority: wanted });
  const output = openOutputManager({ clock });
  output.addOutput(await scheduler.open({ kind: 'loop', onMessage() {} }));
  const left: number[] = [];
  output.onSent(({ message, leftAt }) => {
    if (message.kind === 'timingClock' && leftAt !== undefined) left.push(leftAt);
  });
  const sync = openMidiSync(
    {
      clock,
      ensembleClock,
      play: (message, due) => output.schedule(message, due, 'clock', 'received'),
      delayOf: () => undefined,
    },
    { clockOut: 'session', timeCodeOut: 'off' },
  );
  const origin = ensembleClock.toEnsemble(clock.now()) as EnsembleTime;
  sync.setContext({ timeline: { origin, bpm: BPM, beatsPerBar: 4 } } as EnsembleContext);
  const workers = Array.from({ length: load }, startLoad);
  await sleep(500);
  left.length = 0;
  await sleep(seconds * 1_000);
  await Promise.all(workers.map((worker) => worker.terminate()));
  const { priority } = scheduler;
  await sync[Symbol.asyncDispose]();
  await output[Symbol.asyncDispose]();
  await scheduler[Symbol.asyncDispose]();
  const errors = left
    .slice(1)
    .map((at, i) => Math.abs(at - (left[i] ?? at) - PERIOD) / 1_000)
    .sort((a, b) => a - b);
  const at = (q: number): number => errors[Math.floor(q * (errors.length - 1))] ?? Number.NaN;
  return { priority, load, clocks: left.length, p50: at(0.5), p99: at(0.99), worst: at(1) };
}

function startLoad(): Worker {
  const work =
    'for (let kept = [];;) { kept.push(new Array(100).fill(Math.random())); if (kept.length > 1e4) kept = []; }';
  return new Worker(work, { eval: true });
}
