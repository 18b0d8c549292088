/**
 * Sparing the display: dim after a minute, blank after five, and never the same pixels for long. Pure.
 */
import {
  after,
  elapsed,
  fromMillis,
  fromSeconds,
  type Instant,
  type Micros,
} from '../core/time.ts';

export type Wakefulness = 'bright' | 'dim' | 'blank';

export interface IdleState {
  /** Last touch, note or message. */
  readonly activeAt: Instant;
  /** Blanked by the player: only a touch ends it. */
  readonly sleeping: boolean;
}

const DIM_AFTER: Micros = fromSeconds(60);
const BLANK_AFTER: Micros = fromSeconds(300);
/** A spin that wakes the display goes on doing nothing until it pauses this long. */
export const WAKING_SPIN: Micros = fromMillis(300);
const SHIFT_EVERY: Micros = fromSeconds(60);
const SHIFTS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
] as const;

export function wakefulness(idle: IdleState, now: Instant): Wakefulness {
  if (idle.sleeping) return 'blank';
  const still = elapsed(idle.activeAt, now);
  if (still >= BLANK_AFTER) return 'blank';
  return still >= DIM_AFTER ? 'dim' : 'bright';
}

/** When wakefulness changes by itself. */
export function idleDue(idle: IdleState, now: Instant): Instant | undefined {
  const stage = wakefulness(idle, now);
  if (stage === 'blank') return undefined;
  return after(idle.activeAt, stage === 'bright' ? DIM_AFTER : BLANK_AFTER);
}

/** Where the picture's top left is: one pixel further each minute, around a square. */
export function pixelShift(now: Instant): readonly [left: 0 | 1, top: 0 | 1] {
  return SHIFTS[Math.floor(now / SHIFT_EVERY) % SHIFTS.length] ?? SHIFTS[0];
}

export function shiftDue(now: Instant): Instant {
  return (Math.floor(now / SHIFT_EVERY + 1) * SHIFT_EVERY) as Instant;
}
