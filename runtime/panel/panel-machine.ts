/**
 * The panel's state machine. Pure.
 *
 * Takes  what happened (the knob, time, notes, a new model) and the model as it is now.
 * Gives  the next state, and effects for others to carry out.
 *
 * Three rules keep a player from what they did not mean:
 *  - A click that only moves about acts at once. A click that changes something outside of the panel is marked at once
 *    and acts when no second click followed, so that a double click never joins, leaves or switches anything.
 *  - Choices are kept by key. When the chosen entry goes away, nothing is chosen until the knob is turned.
 *  - What wakes a blank display does nothing else, except panic and the power menu.
 */
import { after, fromSeconds, type Instant, type Micros } from '../core/time.ts';
import type { EncoderEvent } from '../ports/encoder.ts';
import {
  commitRetry,
  coverDue,
  coverOf,
  moveCover,
  noticeCovers,
  sparingNow,
  uncoverAtRest,
} from './covers.ts';
import { dropEdit } from './editing.ts';
import { type Gesture, gestureDue, stepGestures } from './gestures.ts';
import { WAKING_SPIN, wakefulness } from './idle.ts';
import { commitClick, move, SILENCED } from './moves.ts';
import { settle } from './navigation.ts';
import type { PanelEffect, PanelModel } from './panel-model.ts';
import { openList, type PanelState, type Toast, topScreen } from './panel-state.ts';

export type PanelInput =
  | { readonly kind: 'encoder'; readonly event: EncoderEvent; readonly at: Instant }
  | { readonly kind: 'time'; readonly at: Instant }
  /** Notes are heard or played. */
  | { readonly kind: 'notes'; readonly at: Instant }
  /** The model is another one. */
  | { readonly kind: 'model'; readonly at: Instant };

export interface PanelStep {
  readonly state: PanelState;
  readonly effects: readonly PanelEffect[];
}

const TOAST: Readonly<Record<Toast['tone'], Micros>> = {
  info: fromSeconds(2),
  error: fromSeconds(6),
};

export function step(state: PanelState, input: PanelInput, model: PanelModel): PanelStep {
  const effects: PanelEffect[] = [];
  const next = settle(take(state, input, model, effects), model, effects);
  return { state: uncoverAtRest(next, input.at), effects };
}

/** When to step with the time, if nothing else happens. */
export function stepDue(state: PanelState, at: Instant): Instant | undefined {
  const dues = [gestureDue(state.gestures), state.toast?.until, coverDue(state, at)];
  const known = dues.filter((due) => due !== undefined && Number.isFinite(due)) as Instant[];
  return known.length === 0 ? undefined : (Math.min(...known) as Instant);
}

function take(
  state: PanelState,
  input: PanelInput,
  model: PanelModel,
  effects: PanelEffect[],
): PanelState {
  const { at } = input;
  switch (input.kind) {
    case 'encoder':
      return handle(state, input.event, at, model, effects);
    case 'time':
      return follow(state, undefined, at, model, effects);
    case 'notes':
      return { ...state, idle: { ...state.idle, activeAt: at } };
    case 'model':
      return notice(state, model, at);
  }
}

function notice(before: PanelState, model: PanelModel, at: Instant): PanelState {
  const covered = noticeCovers(before, model);
  const calm: PanelState = covered.wakes
    ? { ...covered.state, idle: { activeAt: at, sleeping: false } }
    : covered.state;
  const { message } = model;
  if (message === calm.shownMessage) return calm;
  const seen = { ...calm, shownMessage: message };
  if (message === undefined) return seen;
  return {
    ...withToast(seen, message.text, message.tone, at),
    idle: { activeAt: at, sleeping: false },
  };
}

function withToast(state: PanelState, text: string, tone: Toast['tone'], at: Instant): PanelState {
  return { ...state, toast: { text, tone, until: after(at, TOAST[tone]) } };
}

/** A touch: wakes, and is a gesture unless waking was all it was. */
function handle(
  state: PanelState,
  event: EncoderEvent,
  at: Instant,
  model: PanelModel,
  effects: PanelEffect[],
): PanelState {
  const wasBlank = wakefulness(state.idle, sparingNow(state, model), at) === 'blank';
  let awake: PanelState = { ...state, idle: { activeAt: at, sleeping: false } };
  if (event.kind === 'press') awake = { ...awake, wakingPress: wasBlank };
  const spin = event.kind === 'turn' && state.gestures.press === undefined;
  if (spin && (wasBlank || at < state.wakingSpinUntil)) {
    return { ...awake, wakingSpinUntil: after(at, WAKING_SPIN) };
  }
  return follow(awake, event, at, model, effects);
}

function follow(
  state: PanelState,
  event: EncoderEvent | undefined,
  at: Instant,
  model: PanelModel,
  effects: PanelEffect[],
): PanelState {
  const told = stepGestures(state.gestures, event, at);
  let next: PanelState = { ...state, gestures: told.state };
  if (next.toast !== undefined && at >= next.toast.until) next = { ...next, toast: undefined };
  for (const gesture of told.gestures) {
    const before = topScreen(next);
    next = settle(act(next, gesture, at, model, effects), model, effects);
    const moved = topScreen(next) !== before;
    if (moved) next = { ...next, movedAt: at };
  }
  return next;
}

function act(
  state: PanelState,
  gesture: Gesture,
  at: Instant,
  model: PanelModel,
  effects: PanelEffect[],
): PanelState {
  if (gesture.kind === 'panic') {
    effects.push({ kind: 'panic' });
    return withToast({ ...state, clicked: undefined }, SILENCED, 'info', at);
  }
  if (gesture.kind === 'power') {
    const still = dropEdit({ ...state, toast: undefined, clicked: undefined }, model, effects);
    return { ...still, stack: [still.stack[0], openList('power')] };
  }
  if (state.wakingPress && gesture.kind !== 'turn') return state;
  if (gesture.kind === 'single') {
    const retried = commitRetry(state, effects);
    if (retried !== undefined) return retried;
    const { state: done, notice } = commitClick(state, model, effects);
    return notice === undefined ? done : withToast(done, notice, 'info', at);
  }
  const calm = { ...state, clicked: undefined };
  if (state.toast !== undefined) {
    // It hides what a click would act on, so a click only puts it away.
    const uncovered = { ...calm, toast: undefined };
    if (gesture.kind !== 'turn') return uncovered;
    return act(uncovered, gesture, at, model, effects);
  }
  const cover = coverOf(calm, model);
  if (cover !== undefined) return moveCover(calm, cover, gesture, at, effects);
  return move(calm, gesture, model, effects);
}
