/**
 * What a pointer on the knob means: turning it, or pressing it.
 *
 * Takes  pointer positions in pixels and the end of a short wait (`settle`).
 * Gives  detents to turn, and press and release. A pointer that stays is a finger that presses, from SETTLE_MS on (so that
 *        a hold is felt as a hold); one that moves first turns, right or up being clockwise, and never presses.
 */
export type KnobAction =
  | { readonly kind: 'turn'; readonly detents: number }
  | { readonly kind: 'press' }
  | { readonly kind: 'release' };

export interface KnobGesture {
  down(x: number, y: number): readonly KnobAction[];
  move(x: number, y: number): readonly KnobAction[];
  /** The pointer has rested for SETTLE_MS since it went down. */
  settle(): readonly KnobAction[];
  up(): readonly KnobAction[];
  /** A wheel's delta in pixels, downwards positive. */
  wheel(delta: number): readonly KnobAction[];
}

export const SETTLE_MS = 110;
const PIXELS_PER_DETENT = 12;
/** Movement that makes it a turn. */
const SLACK = 6;
/** A mouse wheel's notch is 100 or 120 pixels; a touchpad's stroke is many small ones. */
const WHEEL_PER_DETENT = 50;

const NOTHING: readonly KnobAction[] = [];

export function openKnobGesture(): KnobGesture {
  let state: 'idle' | 'waiting' | 'pressing' | 'turning' = 'idle';
  let from = 0;
  let turned = 0;
  let rolled = 0;

  const along = (x: number, y: number): number => x - y;

  const turn = (detents: number): readonly KnobAction[] =>
    detents === 0 ? NOTHING : [{ kind: 'turn', detents }];

  return {
    down(x, y) {
      if (state !== 'idle') return NOTHING;
      state = 'waiting';
      from = along(x, y);
      turned = 0;
      return NOTHING;
    },
    move(x, y) {
      const travelled = along(x, y) - from;
      if (state === 'waiting' && Math.abs(travelled) > SLACK) state = 'turning';
      if (state !== 'turning') return NOTHING;
      const detents = Math.trunc(travelled / PIXELS_PER_DETENT);
      const step = detents - turned;
      turned = detents;
      return turn(step);
    },
    settle() {
      if (state !== 'waiting') return NOTHING;
      state = 'pressing';
      return [{ kind: 'press' }];
    },
    up() {
      const was = state;
      state = 'idle';
      switch (was) {
        case 'waiting':
          return [{ kind: 'press' }, { kind: 'release' }];
        case 'pressing':
          return [{ kind: 'release' }];
        case 'idle':
        case 'turning':
          return NOTHING;
      }
    },
    wheel(delta) {
      if (Math.sign(delta) !== Math.sign(rolled)) rolled = 0;
      // One notch of a wheel is one detent, however many pixels the system makes of it.
      if (Math.abs(delta) >= WHEEL_PER_DETENT) {
        rolled = 0;
        return turn(Math.sign(delta));
      }
      rolled += delta;
      if (Math.abs(rolled) < WHEEL_PER_DETENT) return NOTHING;
      const detents = Math.sign(rolled);
      rolled = 0;
      return turn(detents);
    },
  };
}
