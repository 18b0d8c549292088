import type { Instant, WallTime } from '../core/time.ts';

/**
 * Monotonic time and waking up at a time. Contract: tests/contracts/clock.contract.ts.
 */
export interface Clock {
  /** Never goes backwards. */
  now(): Instant;
  /** An alarm that calls `wake` once for each time it is set. It is not set yet. */
  alarm(wake: () => void): Alarm;
}

/** One deadline at a time. Setting it again allocates nothing and replaces the earlier deadline. */
export interface Alarm extends Disposable {
  /** `wake` is called once at or after `due`, never inside this call, even when `due` has passed. */
  set(due: Instant): void;
  /** Forgets the deadline. */
  clear(): void;
}

/** Wall time: for people and files, never for the event path. May jump either way. */
export interface WallClock {
  wallNow(): WallTime;
}
