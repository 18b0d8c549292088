/**
 * How much jitter is left in what is heard, for the adaptive buffer and for what it is compared with.
 *
 * Takes  runs of dejitter-simulation.ts.
 * Gives  figures in milliseconds.
 *
 * Jitter is what is quick, wander what is slow (as in ITU-T G.810): a note's delay less the median delay of the notes
 * within 2.5 s of it, and the spread of that median. The first ten seconds are left out for everyone: the constants that
 * ours is compared with are chosen knowing the whole run.
 */
import { DejitterBuffer } from '../../runtime/prediction/live/dejitter-buffer.ts';
import type { ArrivedEvent } from './dejitter-simulation.ts';

export interface Figures {
  /** Median of heard less performed. */
  readonly median: number;
  /** Deviation of the quick part, and its 95th less its 5th percentile. */
  readonly jitter: number;
  readonly spread: number;
  /** Root mean square of the error of intervals between successive notes. */
  readonly interval: number;
  readonly wander: number;
}

/** When each event is heard, beside the run's events. */
export type Heard = Float64Array;

const SETTLING = 10e6;
const NEAR = 2.5e6;

export function hearAdaptive(run: readonly ArrivedEvent[]): Heard {
  const buffer = new DejitterBuffer();
  return Float64Array.from(run, ({ mapped, arrived }) =>
    Math.max(arrived, mapped + buffer.admit(mapped, arrived)),
  );
}

export function hearOnArrival(run: readonly ArrivedEvent[]): Heard {
  return Float64Array.from(run, ({ arrived }) => arrived);
}

export function hearFixed(run: readonly ArrivedEvent[], delay: number): Heard {
  return Float64Array.from(run, ({ mapped, arrived }) => Math.max(arrived, mapped + delay));
}

/** The 99th percentile of all delays of the run. */
export function p99Delay(run: readonly ArrivedEvent[]): number {
  return quantile(Float64Array.from(run, ({ mapped, arrived }) => arrived - mapped).sort(), 0.99);
}

/** The constant whose median delay over all runs is `median` (microseconds). */
export function equalMedianDelay(
  runs: readonly (readonly ArrivedEvent[])[],
  median: number,
): number {
  const notes = runs.flat().filter(counts);
  const heardBy = (delay: number): number => {
    let count = 0;
    for (const { performed, mapped, arrived } of notes) {
      if (Math.max(arrived, mapped + delay) - performed <= median) count++;
    }
    return count;
  };
  let low = -1e6;
  let high = 2e6;
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if (heardBy(middle) > notes.length / 2) low = middle;
    else high = middle;
  }
  return low;
}

/** Microseconds, over all runs together. */
export function medianDelay(
  runs: readonly (readonly ArrivedEvent[])[],
  hear: (run: readonly ArrivedEvent[]) => Heard,
): number {
  const delays = runs.flatMap((run) => {
    const heard = hear(run);
    return run.flatMap((event, i) => (counts(event) ? [(heard[i] ?? 0) - event.performed] : []));
  });
  return quantile(Float64Array.from(delays).sort(), 0.5);
}

export function measure(run: readonly ArrivedEvent[], heard: Heard): Figures {
  const notes = run
    .map((event, i) => ({ event, at: event.performed, delay: (heard[i] ?? 0) - event.performed }))
    .filter(({ event }) => counts(event))
    .sort((a, b) => a.at - b.at);
  const delays = Float64Array.from(notes, ({ delay }) => delay);
  const medians = new Float64Array(notes.length);
  let from = 0;
  let to = 0;
  for (const [i, { at }] of notes.entries()) {
    while ((notes[from]?.at ?? at) < at - NEAR) from++;
    while (to < notes.length && (notes[to]?.at ?? at) < at + NEAR) to++;
    medians[i] = quantile(delays.slice(from, to).sort(), 0.5);
  }
  const quick = delays.map((delay, i) => delay - (medians[i] ?? 0));
  let errors = 0;
  for (let i = 1; i < delays.length; i++) {
    errors += ((delays[i] ?? 0) - (delays[i - 1] ?? 0)) ** 2;
  }
  const sorted = quick.toSorted();
  return {
    median: quantile(delays.toSorted(), 0.5) / 1_000,
    jitter: deviation(quick) / 1_000,
    spread: (quantile(sorted, 0.95) - quantile(sorted, 0.05)) / 1_000,
    interval: Math.sqrt(errors / (delays.length - 1)) / 1_000,
    wander: deviation(medians) / 1_000,
  };
}

/** Of several runs: the mean, of deviations the root mean square. */
export function together(figures: readonly Figures[]): Figures {
  const mean = (of: (one: Figures) => number): number =>
    figures.reduce((sum, one) => sum + of(one), 0) / figures.length;
  return {
    median: mean(({ median }) => median),
    jitter: Math.sqrt(mean(({ jitter }) => jitter ** 2)),
    spread: mean(({ spread }) => spread),
    interval: Math.sqrt(mean(({ interval }) => interval ** 2)),
    wander: Math.sqrt(mean(({ wander }) => wander ** 2)),
  };
}

function counts(event: ArrivedEvent): boolean {
  return event.on && event.performed > SETTLING;
}

function deviation(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function quantile(sorted: Float64Array, q: number): number {
  return sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
}
