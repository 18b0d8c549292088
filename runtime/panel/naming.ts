/**
 * Writing a name with one knob: turn to a letter, click to add it; the first places are "done" and "delete". Pure.
 * A double click is two letters here; a hold leaves without saving.
 */
import { letters } from './font.ts';
import type { PanelEffect } from './panel-model.ts';
import type { NamingScreen, PanelState } from './panel-state.ts';

const DONE = '✓';
const DELETE = '←';
export const NAMING_KEYS: readonly string[] = [
  DONE,
  DELETE,
  ..."abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-'.&éèäöüßñçøåÉÄÖÜ",
];

/** The ring has no ends. */
export function turnName(screen: NamingScreen, detents: number): NamingScreen {
  const count = NAMING_KEYS.length;
  return { ...screen, at: (((screen.at + detents) % count) + count) % count };
}

export function clickName(
  state: PanelState,
  screen: NamingScreen,
  effects: PanelEffect[],
): PanelState {
  const key = NAMING_KEYS[screen.at] ?? DONE;
  const [root, ...rest] = state.stack;
  const under: PanelState['stack'] = [root, ...rest.slice(0, -1)];
  if (key === DONE) {
    const value = screen.draft.trim();
    // A box without a name can't be found by people: an empty draft changes nothing.
    if (value !== '') effects.push({ kind: 'setSetting', key: screen.key, value, settled: true });
    return { ...state, stack: under };
  }
  const written = letters(screen.draft);
  const full = written.length >= screen.maxLength;
  const draft =
    key === DELETE ? written.slice(0, -1).join('') : full ? screen.draft : screen.draft + key;
  return { ...state, stack: [...under, { ...screen, draft }] };
}
