/**
 * Time, by brand. One monotonic clock drives the event path; every other time line has a brand of
 * its own and one named conversion. Wall-clock time never enters the event path.
 */

/** Monotonic microseconds of this box since an origin of its own. May carry a fraction. */
export type Instant = number & { readonly __unit: 'us-monotonic' };

/** Difference between two Instants (or two EnsembleTimes), in microseconds. */
export type Micros = number & { readonly __unit: 'us' };

/** Microseconds on the session's reference clock (DESIGN section 4): the same for every box. */
export type EnsembleTime = number & { readonly __unit: 'us-ensemble' };

/** Milliseconds since 1970-01-01 UTC. For people and files; read through the WallClock port. */
export type WallTime = number & { readonly __unit: 'ms-wall' };

export const micros = (value: number): Micros => value as Micros;
export const fromMillis = (value: number): Micros => (value * 1_000) as Micros;
export const fromSeconds = (value: number): Micros => (value * 1_000_000) as Micros;
export const toMillis = (value: Micros): number => value / 1_000;
export const toSeconds = (value: Micros): number => value / 1_000_000;

export const instant = (value: number): Instant => value as Instant;
export const after = (at: Instant, by: Micros): Instant => (at + by) as Instant;
export const before = (at: Instant, by: Micros): Instant => (at - by) as Instant;
/** From `earlier` to `later`; negative when they are the other way round. */
export const elapsed = (earlier: Instant, later: Instant): Micros => (later - earlier) as Micros;
