/**
 * The main thread's Instants, read in another thread of the same process.
 *
 * `performance.now()` counts from another origin in each thread. Both origins are placed on the system's monotonic clock,
 * which all threads share; `performance.timeOrigin` is of wall time and may be off by an adjustment of it.
 */
import type { Instant } from '../core/time.ts';

/** Where this thread's `performance.now()` is zero, in microseconds of the system's monotonic clock. */
export function monotonicOrigin(): number {
  let best = Number.POSITIVE_INFINITY;
  let origin = 0;
  for (let tries = 0; tries < 32; tries++) {
    const before = performance.now();
    const [seconds, nanoseconds] = process.hrtime();
    const after = performance.now();
    if (after - before >= best) continue;
    best = after - before;
    origin = seconds * 1e6 + nanoseconds / 1e3 - ((before + after) / 2) * 1e3;
  }
  return origin;
}

/** Reads the clock of the thread whose `monotonicOrigin` is given. */
export function clockOf(origin: number): () => Instant {
  const offset = monotonicOrigin() - origin;
  return () => (performance.now() * 1_000 + offset) as Instant;
}
