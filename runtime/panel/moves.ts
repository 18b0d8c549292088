/**
 * What the moves of the knob do on each screen. Pure.
 *
 * A click that changes something outside of the panel only marks its entry: commitClick does it.
 */
import { applyEdit, beginEdit, dropEdit, turnEdit } from './editing.ts';
import type { Gesture } from './gestures.ts';
import type { Entry } from './menu-entry.ts';
import { clickName, turnName } from './naming.ts';
import { chosenEntry, moveSelection } from './navigation.ts';
import type { PanelEffect, PanelModel } from './panel-model.ts';
import { openList, type PanelState, type Screen, topScreen } from './panel-state.ts';

export type Move = Extract<Gesture, { readonly kind: 'turn' | 'click' | 'double' | 'hold' }>;

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
      return topScreen(state).kind === 'naming'
        ? click(state, model, effects)
        : { ...applyEdit(state, model, effects), stack: [state.stack[0]] };
    case 'hold':
      return back(state, model, effects);
  }
}

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
    case 'live':
    case 'devices':
    case 'about':
    case 'participant':
      return withTop(state, { ...screen, top: Math.max(0, screen.top + detents) });
  }
}

function click(state: PanelState, model: PanelModel, effects: PanelEffect[]): PanelState {
  const screen = topScreen(state);
  switch (screen.kind) {
    case 'list': {
      if (state.edit !== undefined) return applyEdit(state, model, effects);
      const entry = chosenEntry(screen, model);
      return entry === undefined ? state : clickEntry(state, entry);
    }
    case 'live':
      return push(state, openList('session'));
    case 'confirm':
      return screen.yes ? { ...state, clicked: 'yes' } : back(state, model, effects);
    case 'naming':
      return clickName(state, screen, effects);
    case 'devices':
    case 'about':
    case 'participant':
      return state;
  }
}

function push(state: PanelState, screen: Screen): PanelState {
  return { ...state, stack: [...state.stack, screen] };
}

function clickEntry(state: PanelState, entry: Entry): PanelState {
  switch (entry.action.kind) {
    case 'open':
      return push(state, entry.action.screen);
    case 'edit':
      return beginEdit(state, entry.action.field);
    case 'do':
    case 'sleep':
      return { ...state, clicked: entry.key };
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
    return { state: home };
  }
  if (screen.kind !== 'list') return { state: calm };
  const entry = chosenEntry(screen, model);
  if (entry === undefined || entry.key !== clicked) {
    return { state: calm, notice: 'It is no longer there.' };
  }
  if (entry.action.kind === 'sleep') {
    return { state: { ...home, idle: { ...home.idle, sleeping: true } } };
  }
  if (entry.action.kind !== 'do') return { state: calm };
  const { effect, closes } = entry.action;
  effects.push(effect);
  const done = closes ? home : calm;
  return effect.kind === 'panic' ? { state: done, notice: SILENCED } : { state: done };
}
