/**
 * What a device that follows a MIDI clock makes of it, and how even that clock is.
 *
 * Takes  timed messages: those that were meant, and those that it got.
 * Gives  figures in milliseconds, and counts of clocks.
 */
import type { TimedMessage } from './midi-clock-simulation.ts';

/** A clock as a device counts it: its place in the song. */
interface Placed {
  readonly position: number;
  readonly at: number;
}

export interface ClockFigures {
  /** Error of the intervals between clocks: deviation, 99th percentile of its size, largest. */
  readonly deviation: number;
  readonly p99: number;
  readonly worst: number;
  /** Got less meant, clock by clock of the song: median, and deviation around it. */
  readonly offset: number;
  readonly wander: number;
  /** Clocks of the song that never came, and that came without being meant. */
  readonly lost: number;
  readonly extra: number;
  /** Shortest and longest interval between clocks. */
  readonly shortest: number;
  readonly longest: number;
}

/** Counts as MIDI 1.0 says: Start to the beginning, song positions only while stopped. */
export function place(messages: readonly TimedMessage[]): readonly Placed[] {
  const placed: Placed[] = [];
  let running = false;
  let next = 0;
  for (const { message, at } of messages) {
    if (message.kind === 'start') next = 0;
    if (message.kind === 'start' || message.kind === 'continue') running = true;
    if (message.kind === 'stop') running = false;
    if (message.kind === 'songPosition' && !running) next = message.beats * 6;
    if (message.kind === 'timingClock' && running) placed.push({ position: next++, at });
  }
  return placed;
}

/** So many clocks from its place is another one's place. */
const PAST_STOP = 10;

/** From `after` microseconds after the first meant clock on. */
export function measureClock(
  meant: readonly TimedMessage[],
  got: readonly TimedMessage[],
  period: number,
  after: number = 0,
): ClockFigures {
  const from = (meant[0]?.at ?? 0) + after;
  const times = got
    .filter(({ message }) => message.kind === 'timingClock')
    .map(({ at }) => at)
    .filter((at) => at >= from);
  const intervals = times.slice(1).map((at, i) => at - (times[i] ?? at));
  const errors = intervals.map((interval) => interval - period);
  const sizes = errors.map(Math.abs).sort((a, b) => a - b);
  const wanted = new Map(place(meant).map(({ position, at }) => [position, at]));
  const seen = new Set<number>();
  const offsets: number[] = [];
  let extra = 0;
  for (const { position, at } of place(got)) {
    const meantAt = wanted.get(position);
    if (meantAt === undefined || seen.has(position)) extra++;
    else if (meantAt >= from) offsets.push(at - meantAt);
    seen.add(position);
  }
  offsets.sort((a, b) => a - b);
  // A clock past a late Stop has the place of the first one after Continue.
  const usual = at(offsets, 0.5);
  const placed = offsets.filter((offset) => Math.abs(offset - usual) < PAST_STOP * period);
  extra += offsets.length - placed.length;
  const sorted = intervals.toSorted((a, b) => a - b);
  return {
    deviation: deviation(errors) / 1_000,
    p99: at(sizes, 0.99) / 1_000,
    worst: at(sizes, 1) / 1_000,
    offset: usual / 1_000,
    wander: deviation(placed) / 1_000,
    lost: wanted.size - [...wanted.keys()].filter((position) => seen.has(position)).length,
    extra,
    shortest: at(sorted, 0) / 1_000,
    longest: at(sorted, 1) / 1_000,
  };
}

function deviation(values: readonly number[]): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

function at(sorted: readonly number[], q: number): number {
  return sorted[Math.floor(q * (sorted.length - 1))] ?? 0;
}
