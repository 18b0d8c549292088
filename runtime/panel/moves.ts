/**
 * What the moves of the knob do on each screen. Pure.
 *
 * A click that changes something outside of the panel only marks its entry: commitClick does it.
 */
import { applyEdit, beginEdit, dropEdit, turnEdit } from './editing.ts';
import type { Move } from './gestures.ts';
import type { Entry } from './menu-entry.ts';
import { clickName, turnName } from './naming.ts';
import { chosenEntry, moveSelection } from './navigation.ts';
import type { PanelEffect, PanelModel } from './panel-model.ts';
import {
  openList,
  type PanelState,
  type Screen,
  type TapScreen,
  topScreen,
} from './panel-state.ts';
import { addTap, tempoOf } from './tap-tempo.ts';

export const SILENCED = 'All notes off';

export function move(
  state: PanelState,
  gesture: Move,
  model: PanelModel,
  effects: PanelEffect[],
): PanelState {
  switch (gesture.kind) {
    case 'turn':
      return turn(state, gesture.detents, gesture.steps, model, effects);
    case 'click':
      return click(state, model, effects);
    case 'double':
      return CLICKED_FAST.has(topScreen(state).kind)
        ? click(state, model, effects)
        : { ...applyEdit(state, model, effects), stack: [state.stack[0]] };
    case 'hold':
      return back(state, model, effects);
  }
}

/** Screens where a double click is two clicks. */
const CLICKED_FAST: ReadonlySet<Screen['kind']> = new Set<Screen['kind']>(['naming', 'tap']);

function withTop(state: PanelState, screen: Screen): PanelState {
  const [root, ...rest] = state.stack;
  const stack: PanelState['stack'] =
    rest.length === 0 ? [screen] : [root, ...rest.slice(0, -1), screen];
  return { ...state, stack };
}

function back(state: PanelState, model: PanelModel, effects: PanelEffect[]): PanelState {
  if (state.edit !== undefined) return dropEdit(state, model, effects);
  const [root, ...rest] = state.stack;
  return { ...state, stack: [root, ...rest.slice(0, -1)] };
}

function turn(
  state: PanelState,
  detents: number,
  steps: number,
  model: PanelModel,
  effects: PanelEffect[],
): PanelState {
  if (state.edit !== undefined) return turnEdit(state, detents, steps, model, effects);
  const screen = topScreen(state);
  switch (screen.kind) {
    case 'list':
      return withTop(state, moveSelection(screen, detents, model));
    case 'confirm':
      return withTop(state, { ...screen, yes: detents > 0 });
    case 'naming':
      return withTop(state, turnName(screen, detents));
    case 'invite':
      return withTop(state, { ...screen, page: detents > 0 ? 'text' : 'picture' });
    case 'tap':
      return state;
    case 'live':
    case 'devices':
    case 'network':
    case 'about':
    case 'participant':
    case 'heard':
      return withTop(state, { ...screen, top: Math.max(0, screen.top + detents) });
  }
}

function click(state: PanelState, model: PanelModel, effects: PanelEffect[]): PanelState {
  const screen = topScreen(state);
  switch (screen.kind) {
    case 'list': {
      if (state.edit !== undefined) return applyEdit(state, model, effects);
      const entry = chosenEntry(screen, model);
      return entry === undefined ? state : clickEntry(state, entry, effects);
    }
    case 'live':
      return push(state, openList('session'));
    case 'confirm':
      return screen.yes ? { ...state, clicked: 'yes' } : back(state, model, effects);
    case 'naming':
      return clickName(state, screen, effects);
    case 'invite':
      // The one way to ask again, when the server did not answer.
      if (model.invitation === undefined) effects.push({ kind: 'invite' });
      return state;
    case 'tap':
      return withTop(state, tapped(state, screen, effects));
    case 'devices':
    case 'network':
    case 'about':
    case 'participant':
    case 'heard':
      return state;
  }
}

function push(state: PanelState, screen: Screen): PanelState {
  return { ...state, stack: [...state.stack, screen] };
}

/** A tap is when the knob went down; it counts once the knob is up again, so that a hold is none. */
function tapped(state: PanelState, screen: TapScreen, effects: PanelEffect[]): TapScreen {
  const { pressedAt } = state.gestures;
  if (pressedAt === undefined) return screen;
  const taps = addTap(screen.taps, pressedAt);
  const bpm = tempoOf(taps);
  if (bpm !== undefined) effects.push({ kind: 'setTempo', bpm });
  return { ...screen, taps };
}

function clickEntry(state: PanelState, entry: Entry, effects: PanelEffect[]): PanelState {
  switch (entry.action.kind) {
    case 'open':
      if (entry.action.asks !== undefined) effects.push(entry.action.asks);
      return push(state, entry.action.screen);
    case 'edit':
      return beginEdit(state, entry.action.field);
    case 'do':
    case 'sleep':
    case 'tell':
      return { ...state, clicked: entry.key };
    case 'uncover':
      return state.guest === undefined
        ? state
        : { ...state, guest: { ...state.guest, stage: 'shown' } };
    case 'none':
      return state;
  }
}

/** The click was all there is: does what was clicked, if it is still there. */
export function commitClick(
  state: PanelState,
  model: PanelModel,
  effects: PanelEffect[],
): { readonly state: PanelState; readonly notice?: string } {
  const { clicked } = state;
  if (clicked === undefined) return { state };
  const calm = { ...state, clicked: undefined };
  const home: PanelState = { ...calm, stack: [calm.stack[0]] };
  const screen = topScreen(calm);
  if (screen.kind === 'confirm') {
    effects.push(...screen.effects);
    return { state: screen.stays === true ? back(calm, model, effects) : home };
  }
  if (screen.kind !== 'list') return { state: calm };
  const entry = chosenEntry(screen, model);
  if (entry === undefined || entry.key !== clicked) {
    return { state: calm, notice: 'It is no longer there.' };
  }
  if (entry.action.kind === 'sleep') {
    return { state: { ...home, idle: { ...home.idle, sleeping: true } } };
  }
  if (entry.action.kind === 'tell') return { state: calm, notice: entry.action.text };
  if (entry.action.kind !== 'do') return { state: calm };
  const { effect, closes } = entry.action;
  effects.push(effect);
  const done = closes ? home : calm;
  return effect.kind === 'panic' ? { state: done, notice: SILENCED } : { state: done };
}
