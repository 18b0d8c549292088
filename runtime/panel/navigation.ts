/**
 * Moving among entries that come and go, and staying on screens that still make sense. Pure.
 */
import type { BoxId } from '../core/ensemble.ts';
import { dropEdit, editedField } from './editing.ts';
import type { Entry } from './menu-entry.ts';
import { entriesOf } from './menus.ts';
import type { PanelEffect, PanelModel } from './panel-model.ts';
import {
  FIRST,
  type ListScreen,
  type PanelState,
  rootScreen,
  type Screen,
  topScreen,
} from './panel-state.ts';
import { hosts } from './people-entries.ts';
import { readingLines } from './reading.ts';

/** Place of the chosen entry; -1 when nothing is chosen. */
export function chosenIndex(screen: ListScreen, entries: readonly Entry[]): number {
  if (screen.selected === FIRST) return entries.length > 0 ? 0 : -1;
  return entries.findIndex((entry) => entry.key === screen.selected);
}

export function chosenEntry(screen: ListScreen, model: PanelModel): Entry | undefined {
  const entries = entriesOf(screen, model);
  return entries[chosenIndex(screen, entries)];
}

/** No wrapping round: the ends can be felt. With nothing chosen, any turn chooses what took the lost one's place. */
export function moveSelection(screen: ListScreen, detents: number, model: PanelModel): ListScreen {
  const entries = entriesOf(screen, model);
  const from = chosenIndex(screen, entries);
  const wanted = from < 0 ? screen.index : from + detents;
  const index = Math.max(0, Math.min(entries.length - 1, wanted));
  const selected = entries[index]?.key;
  return { ...screen, selected, index };
}

/** After anything: the root fits the model, screens about what is gone are left, choices are up to date. */
export function settle(state: PanelState, model: PanelModel, effects: PanelEffect[]): PanelState {
  const root = rootScreen(model);
  const rootStays = state.stack[0].kind === root.kind;
  const rest = state.stack.slice(1);
  const lost = rest.findIndex((screen) => !fits(screen, model, rootStays));
  const kept = lost < 0 ? rest : rest.slice(0, lost);
  const stack: PanelState['stack'] = [rootStays ? state.stack[0] : root, ...kept];
  const screens = stack.map((screen) => refreshed(screen, model));
  const unchanged = screens.every((screen, index) => screen === state.stack[index]);
  const same = unchanged && screens.length === state.stack.length;
  const [first = root, ...others] = screens;
  const next: PanelState = same ? state : { ...state, stack: [first, ...others] };
  const left = topScreen(next).kind !== topScreen(state).kind;
  if (next.edit !== undefined && (left || editedField(next, model) === undefined)) {
    return left ? { ...next, edit: undefined } : dropEdit(next, model, effects);
  }
  return left && next.clicked !== undefined && !same ? { ...next, clicked: undefined } : next;
}

function fits(screen: Screen, model: PanelModel, rootStays: boolean): boolean {
  switch (screen.kind) {
    case 'list':
      return listFits(screen, model, rootStays);
    case 'participant':
    case 'heard':
      return isHere(screen.id, model);
    case 'confirm':
      if (screen.inSession && model.session === undefined) return false;
      return screen.about === undefined || isKnownHere(screen.about, model);
    case 'invite':
    case 'tap':
      return model.session !== undefined;
    case 'naming':
      return model.settings.some((one) => one.kind === 'text' && one.key === screen.key);
    case 'live':
    case 'devices':
    case 'network':
    case 'about':
      return true;
  }
}

function listFits(screen: ListScreen, model: PanelModel, rootStays: boolean): boolean {
  switch (screen.list) {
    case 'sessions':
      return rootStays;
    case 'session':
    case 'participants':
      return model.session !== undefined;
    case 'person':
      return screen.about !== undefined && isHere(screen.about, model);
    case 'removed':
      return hosts(model) && (model.session?.removed.length ?? 0) > 0;
    case 'home':
    case 'settings':
    case 'known':
    case 'power':
      return true;
  }
}

function isHere(box: BoxId, model: PanelModel): boolean {
  return model.session?.participants.some((one) => one.id === box) ?? false;
}

function isKnownHere(box: BoxId, model: PanelModel): boolean {
  const put = model.session?.removed.some((one) => one.id === box) ?? false;
  return put || isHere(box, model) || model.known.some((one) => one.box === box);
}

function refreshed(screen: Screen, model: PanelModel): Screen {
  if (screen.kind === 'list') return refreshedList(screen, model);
  if (!('top' in screen)) return screen;
  const most = Math.max(0, readingLines(screen, model).length - readingRows(screen));
  return screen.top > most ? { ...screen, top: most } : screen;
}

const readingRows = (screen: Screen): number => (screen.kind === 'live' ? 3 : 4);

function refreshedList(screen: ListScreen, model: PanelModel): ListScreen {
  const entries = entriesOf(screen, model);
  if (screen.selected === FIRST) {
    // Home waits for the hand: "Rejoin" may be known a moment after power-on.
    const selected = screen.list === 'home' ? FIRST : (entries[0]?.key ?? FIRST);
    return selected === FIRST ? screen : { ...screen, selected, index: 0 };
  }
  const index = chosenIndex(screen, entries);
  if (index >= 0) return index === screen.index ? screen : { ...screen, index };
  return screen.selected === undefined ? screen : { ...screen, selected: undefined };
}
