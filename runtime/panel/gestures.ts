/**
 * From what the hand does to what it means. Pure.
 *
 * Takes  encoder events and the time.
 * Gives  gestures:
 *          turn     the knob was turned while released; `steps` runs ahead of `detents` when it is spun fast
 *          click    released before 400 ms; told at once
 *          single   no second click followed within 250 ms (or the knob was turned): the click was all there is
 *          double   a second click, begun within 250 ms of the first one's end; no second `click` is told
 *          hold     still down after 400 ms
 *          power    still down after 2 s
 *          panic    pushed and turned three detents to one side
 * Keeps  nothing but its state. One detent of turn during a click is the finger's, not the player's; two and the
 *        click is off; three are a panic, once for each press.
 */
import { after, elapsed, fromMillis, type Instant, type Micros } from '../core/time.ts';
import type { EncoderEvent } from '../ports/encoder.ts';

export type Gesture =
  | { readonly kind: 'turn'; readonly detents: number; readonly steps: number }
  | { readonly kind: 'click' }
  | { readonly kind: 'single' }
  | { readonly kind: 'double' }
  | { readonly kind: 'hold' }
  | { readonly kind: 'power' }
  | { readonly kind: 'panic' };

/** What moves about; the rest is for the whole panel. */
export type Move = Extract<Gesture, { readonly kind: 'turn' | 'click' | 'double' | 'hold' }>;

const DOUBLE_CLICK: Micros = fromMillis(250);
const HOLD: Micros = fromMillis(400);
const POWER_HOLD: Micros = fromMillis(2_000);
const PANIC_DETENTS = 3;

interface Press {
  readonly at: Instant;
  /** It began within DOUBLE_CLICK of a click. */
  readonly second: boolean;
  /** Detents turned while down, to one side. */
  readonly turned: number;
  /** What it has been told as. */
  readonly told: 'nothing' | 'hold' | 'power' | 'panic';
}

export interface GestureState {
  readonly press: Press | undefined;
  /** End of a click that has not become `single` or `double` yet. */
  readonly clickedAt: Instant | undefined;
  readonly turnedAt: Instant | undefined;
  readonly direction: number;
  /** When the last press began, which may be over. */
  readonly pressedAt: Instant | undefined;
}

export const RESTING: GestureState = {
  press: undefined,
  clickedAt: undefined,
  turnedAt: undefined,
  direction: 0,
  pressedAt: undefined,
};

export interface GestureStep {
  readonly state: GestureState;
  readonly gestures: readonly Gesture[];
}

/** `undefined` for `event`: time has passed. */
export function stepGestures(
  state: GestureState,
  event: EncoderEvent | undefined,
  at: Instant,
): GestureStep {
  const gestures: Gesture[] = [];
  const waited = passTime(state, at, gestures);
  const next = event === undefined ? waited : take(waited, event, at, gestures);
  return { state: next, gestures };
}

/** When to call again with no event. */
export function gestureDue(state: GestureState): Instant | undefined {
  const { press, clickedAt } = state;
  if (clickedAt !== undefined) return after(clickedAt, DOUBLE_CLICK);
  if (press === undefined || Math.abs(press.turned) > 1) return undefined;
  if (press.told === 'nothing') return after(press.at, HOLD);
  if (press.told === 'hold') return after(press.at, POWER_HOLD);
  return undefined;
}

function passTime(state: GestureState, at: Instant, gestures: Gesture[]): GestureState {
  let next = state;
  for (;;) {
    const due = gestureDue(next);
    if (due === undefined || at < due) return next;
    if (next.clickedAt !== undefined) {
      gestures.push({ kind: 'single' });
      next = { ...next, clickedAt: undefined };
    } else if (next.press !== undefined) {
      const told = next.press.told === 'nothing' ? 'hold' : 'power';
      gestures.push({ kind: told });
      next = { ...next, press: { ...next.press, told } };
    }
  }
}

function take(
  state: GestureState,
  event: EncoderEvent,
  at: Instant,
  gestures: Gesture[],
): GestureState {
  switch (event.kind) {
    case 'press': {
      const second = state.clickedAt !== undefined;
      return {
        ...state,
        clickedAt: undefined,
        pressedAt: at,
        press: { at, second, turned: 0, told: 'nothing' },
      };
    }
    case 'release': {
      const { press } = state;
      if (press === undefined) return state;
      const released = { ...state, press: undefined };
      if (press.told !== 'nothing' || Math.abs(press.turned) > 1) return released;
      if (press.second) {
        gestures.push({ kind: 'double' });
        return released;
      }
      gestures.push({ kind: 'click' });
      return { ...released, clickedAt: at };
    }
    case 'turn':
      return state.press === undefined
        ? turn(state, event.detents, at, gestures)
        : pushTurn(state, state.press, event.detents, gestures);
  }
}

function pushTurn(
  state: GestureState,
  press: Press,
  detents: number,
  gestures: Gesture[],
): GestureState {
  const turned = press.turned + detents;
  const panics = press.told !== 'panic' && Math.abs(turned) >= PANIC_DETENTS;
  if (panics) gestures.push({ kind: 'panic' });
  return { ...state, press: { ...press, turned, told: panics ? 'panic' : press.told } };
}

function turn(
  state: GestureState,
  detents: number,
  at: Instant,
  gestures: Gesture[],
): GestureState {
  if (detents === 0) return state;
  // Whoever turns does not click twice.
  if (state.clickedAt !== undefined) gestures.push({ kind: 'single' });
  const direction = Math.sign(detents);
  const sameWay = state.turnedAt !== undefined && direction === state.direction;
  const each =
    sameWay && state.turnedAt !== undefined
      ? elapsed(state.turnedAt, at) / Math.abs(detents)
      : Number.POSITIVE_INFINITY;
  gestures.push({ kind: 'turn', detents, steps: detents * speedFactor(each) });
  return { ...state, clickedAt: undefined, turnedAt: at, direction };
}

/** A hand that looks turns a detent in 60 ms or more. */
function speedFactor(microsPerDetent: number): number {
  if (microsPerDetent < 12_000) return 8;
  if (microsPerDetent < 25_000) return 4;
  if (microsPerDetent < 45_000) return 2;
  return 1;
}
