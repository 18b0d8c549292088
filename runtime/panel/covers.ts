/**
 * What covers the screen beneath it, by itself: the code for a guest, the code to enter, a failure, a wait. Pure.
 *
 * A code for a guest never takes a gesture that has begun: it waits until the hand rests. A click puts it aside (the
 * session menu brings it back), a hold refuses the guest.
 */
import { after, elapsed, fromMillis, type Instant, type Micros, micros } from '../core/time.ts';
import { beginEntry, type CodeEntry, moveEntry } from './code-entry.ts';
import { failureWords } from './failures.ts';
import type { GestureState, Move } from './gestures.ts';
import type { Sparing } from './idle.ts';
import type { PanelCodeShown, PanelFailure } from './joining-model.ts';
import type { PanelEffect, PanelModel } from './panel-model.ts';
import { type FailureCover, type GuestCover, type PanelState, topScreen } from './panel-state.ts';

export type Cover =
  | { readonly kind: 'guest'; readonly shown: PanelCodeShown }
  | { readonly kind: 'entry'; readonly entry: CodeEntry }
  | { readonly kind: 'failure'; readonly cover: FailureCover }
  | { readonly kind: 'waiting'; readonly doing: string; readonly name: string };

/** Key of the click that waits to be sure that it was one. */
const RETRY = 'retry';
/** A knob that was not turned for so long is not being turned. */
const REST: Micros = fromMillis(700);

/** What covers the screen. The power menu is never covered, nor a question that was asked before a wait began. */
export function coverOf(state: PanelState, model: PanelModel): Cover | undefined {
  if (state.stack.some((screen) => screen.kind === 'list' && screen.list === 'power')) {
    return undefined;
  }
  if (model.codeShown !== undefined && state.guest?.stage === 'shown') {
    return { kind: 'guest', shown: model.codeShown };
  }
  const { entry } = state;
  if (entry !== undefined && entry.stage !== 'left') {
    if (entry.stage !== 'sent') return { kind: 'entry', entry };
    return { kind: 'waiting', doing: 'Checking the code', name: entry.asked.host };
  }
  if (state.failure !== undefined) return { kind: 'failure', cover: state.failure };
  const { waiting } = model;
  if (waiting === undefined || topScreen(state).kind === 'confirm') return undefined;
  if (state.ignoredWaiting === waitingKey(waiting)) return undefined;
  return { kind: 'waiting', ...waiting };
}

/** Digits that two people compare stay bright for as long as they count. */
export function sparingNow(state: PanelState, model: PanelModel): Sparing {
  const kind = coverOf(state, model)?.kind;
  return kind === 'guest' || kind === 'entry' ? NEVER_SPARED : model.sparing;
}
const NEVER_SPARED: Sparing = { dimAfter: micros(0), blankAfter: micros(0) };

/** After a new model: new codes and failures come up, old ones go. `true`: something came that should be seen. */
export function noticeCovers(
  state: PanelState,
  model: PanelModel,
): { readonly state: PanelState; readonly wakes: boolean } {
  const guest = noticeGuest(state.guest, model.codeShown);
  const entry = noticeEntry(state.entry, model);
  const failure = noticeFailure(state, model.failure);
  const wakes =
    (guest !== state.guest && guest !== undefined) ||
    (entry !== state.entry && entry !== undefined) ||
    (failure !== state.failure && failure !== undefined);
  const ignoredWaiting = model.waiting === undefined ? undefined : state.ignoredWaiting;
  return {
    state: { ...state, guest, entry, failure, seenFailure: model.failure, ignoredWaiting },
    wakes,
  };
}

function noticeGuest(
  guest: GuestCover | undefined,
  shown: PanelCodeShown | undefined,
): GuestCover | undefined {
  if (shown === undefined) return undefined;
  const key = `${shown.code} ${shown.guest}`;
  return guest?.key === key ? guest : { key, stage: 'due' };
}

function noticeEntry(entry: CodeEntry | undefined, model: PanelModel): CodeEntry | undefined {
  const { codeAsked } = model;
  if (codeAsked === undefined) return undefined;
  return entry?.asked === codeAsked ? entry : beginEntry(codeAsked, entry);
}

function noticeFailure(
  state: PanelState,
  failure: PanelFailure | undefined,
): FailureCover | undefined {
  if (failure === undefined) return undefined;
  if (failure === state.seenFailure) return state.failure;
  return { failure, retry: !failureWords(failure).loud };
}

/** Shows a guest's code once the hand is still. */
export function uncoverAtRest(state: PanelState, at: Instant): PanelState {
  const { guest } = state;
  if (guest?.stage !== 'due' || at < restsAt(state.gestures, at)) return state;
  return { ...state, guest: { ...guest, stage: 'shown' } };
}

/** When a code that waits for the hand may be shown, if the hand does nothing more. */
export function coverDue(state: PanelState, at: Instant): Instant | undefined {
  return state.guest?.stage === 'due' ? restsAt(state.gestures, at) : undefined;
}

function restsAt({ press, clickedAt, turnedAt }: GestureState, at: Instant): Instant {
  // The gesture's own end will be told, and asks again.
  if (press !== undefined || clickedAt !== undefined) return Number.POSITIVE_INFINITY as Instant;
  return turnedAt === undefined || elapsed(turnedAt, at) >= REST ? at : after(turnedAt, REST);
}

/** The knob, while something covers the screen. */
export function moveCover(
  state: PanelState,
  cover: Cover,
  move: Move,
  at: Instant,
  effects: PanelEffect[],
): PanelState {
  switch (cover.kind) {
    case 'guest':
      return moveGuest(state, move, effects);
    case 'entry':
      return { ...state, entry: moveEntry(cover.entry, move, effects) };
    case 'failure':
      return moveFailure(state, cover.cover, move, at);
    case 'waiting':
      return moveWaiting(state, cover, move, effects);
  }
}

function moveGuest(state: PanelState, move: Move, effects: PanelEffect[]): PanelState {
  if (state.guest === undefined || move.kind === 'turn') return state;
  const aside: PanelState = { ...state, guest: { ...state.guest, stage: 'aside' } };
  if (move.kind === 'hold') effects.push({ kind: 'refuseGuest' });
  return move.kind === 'double' ? { ...aside, stack: [state.stack[0]] } : aside;
}

function moveFailure(state: PanelState, cover: FailureCover, move: Move, at: Instant): PanelState {
  switch (move.kind) {
    case 'turn':
      return { ...state, failure: { ...cover, retry: move.detents < 0 } };
    case 'click':
      if (!cover.retry) return { ...state, failure: undefined };
      return mayRetry(cover.failure, at) ? { ...state, clicked: RETRY } : state;
    case 'hold':
      return { ...state, failure: undefined };
    case 'double':
      return { ...state, failure: undefined, stack: [state.stack[0]] };
  }
}

export function mayRetry({ retryAt }: PanelFailure, at: Instant): boolean {
  return retryAt === undefined || at >= retryAt;
}

/** The click on "Try again" was all there was. Undefined: it was no such click. */
export function commitRetry(state: PanelState, effects: PanelEffect[]): PanelState | undefined {
  if (state.clicked !== RETRY) return undefined;
  const calm = { ...state, clicked: undefined };
  if (state.failure === undefined) return calm;
  effects.push({ kind: 'retry' });
  return { ...calm, failure: undefined };
}

function moveWaiting(
  state: PanelState,
  { doing, name }: { readonly doing: string; readonly name: string },
  move: Move,
  effects: PanelEffect[],
): PanelState {
  if (move.kind === 'turn' || move.kind === 'click') return state;
  if (move.kind === 'hold') effects.push({ kind: 'cancel' });
  const { entry } = state;
  return {
    ...state,
    ignoredWaiting: waitingKey({ doing, name }),
    entry: entry === undefined ? undefined : { ...entry, stage: 'left' },
  };
}

function waitingKey(waiting: { readonly doing: string; readonly name: string }): string {
  return `${waiting.doing} ${waiting.name}`;
}
