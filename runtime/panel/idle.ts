/**
 * Sparing the display: dim, then dark when nothing happens, and never the same pixels for long. Pure.
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

/** How long nothing must happen before the display is spared; 0: for ever. */
export interface Sparing {
  readonly dimAfter: Micros;
  readonly blankAfter: Micros;
}

export const USUAL_SPARING: Sparing = {
  dimAfter: fromSeconds(60),
  blankAfter: fromSeconds(300),
};
/** A spin that wakes the display goes on doing nothing until it pauses this long. */
export const WAKING_SPIN: Micros = fromMillis(300);
const SHIFT_EVERY: Micros = fromSeconds(60);
const SHIFTS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
] as const;

export function wakefulness(idle: IdleState, sparing: Sparing, now: Instant): Wakefulness {
  if (idle.sleeping) return 'blank';
  const still = elapsed(idle.activeAt, now);
  if (reached(still, sparing.blankAfter)) return 'blank';
  return reached(still, sparing.dimAfter) ? 'dim' : 'bright';
}

function reached(still: Micros, limit: Micros): boolean {
  return limit > 0 && still >= limit;
}

/** When wakefulness changes by itself. */
export function idleDue(idle: IdleState, sparing: Sparing, now: Instant): Instant | undefined {
  const { dimAfter, blankAfter } = sparing;
  const dues = [dimAfter, blankAfter]
    .filter((limit) => limit > 0)
    .map((limit) => after(idle.activeAt, limit))
    .filter((due) => due > now);
  if (wakefulness(idle, sparing, now) === 'blank' || dues.length === 0) return undefined;
  return Math.min(...dues) as Instant;
}

/** Where the picture's top left is: one pixel further each minute, around a square. */
export function pixelShift(now: Instant): readonly [left: 0 | 1, top: 0 | 1] {
  return SHIFTS[Math.floor(now / SHIFT_EVERY) % SHIFTS.length] ?? SHIFTS[0];
}

export function shiftDue(now: Instant): Instant {
  return (Math.floor(now / SHIFT_EVERY + 1) * SHIFT_EVERY) as Instant;
}
