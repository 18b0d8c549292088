/**
 * Entering the host's six digits with one knob: turn to a digit, click for the next, click once more to send. Pure.
 *
 * A double click is two clicks here, but never sends: the last click is one by itself. A hold takes a digit back, and
 * before the first one gives up. When the host calls itself like a box that is known under another key, that is asked
 * about first, and "No" is ready.
 */
import type { Move } from './gestures.ts';
import type { PanelCodeAsked } from './joining-model.ts';
import type { PanelEffect } from './panel-model.ts';

export const CODE_DIGITS = 6;

export interface CodeEntry {
  readonly asked: PanelCodeAsked;
  /** `sent`: the host looks at it. `left`: given up, though the box still waits for the far end. */
  readonly stage: 'warned' | 'digits' | 'sent' | 'left';
  /** Answer that is ready while `warned`. */
  readonly goOn: boolean;
  readonly digits: readonly number[];
  /** Place of the digit that is turned; CODE_DIGITS: all are there, and a click sends them. */
  readonly at: number;
}

/** A warning that was answered once is not given again for the next try. */
export function beginEntry(asked: PanelCodeAsked, before: CodeEntry | undefined): CodeEntry {
  const warned = asked.nameKnown && !(asked.wrong && before?.stage === 'sent');
  const digits = Array<number>(CODE_DIGITS).fill(0);
  return { asked, stage: warned ? 'warned' : 'digits', goOn: false, digits, at: 0 };
}

export function moveEntry(entry: CodeEntry, move: Move, effects: PanelEffect[]): CodeEntry {
  if (move.kind === 'hold' && (entry.stage !== 'digits' || entry.at === 0)) {
    effects.push({ kind: 'cancel' });
    return { ...entry, stage: 'left' };
  }
  switch (entry.stage) {
    case 'warned':
      return answerWarning(entry, move, effects);
    case 'digits':
      return moveDigits(entry, move, effects);
    case 'sent':
    case 'left':
      return entry;
  }
}

function answerWarning(entry: CodeEntry, move: Move, effects: PanelEffect[]): CodeEntry {
  if (move.kind === 'turn') return { ...entry, goOn: move.detents > 0 };
  if (move.kind !== 'click') return entry;
  if (entry.goOn) return { ...entry, stage: 'digits' };
  effects.push({ kind: 'cancel' });
  return { ...entry, stage: 'left' };
}

function moveDigits(entry: CodeEntry, move: Move, effects: PanelEffect[]): CodeEntry {
  const { at, digits } = entry;
  const complete = at === CODE_DIGITS;
  switch (move.kind) {
    case 'turn':
      return complete ? entry : { ...entry, digits: digits.with(at, turned(digits[at], move)) };
    case 'click':
      if (!complete) return { ...entry, at: at + 1 };
      effects.push({ kind: 'enterCode', code: digits.join('') });
      return { ...entry, stage: 'sent' };
    case 'double':
      return complete ? entry : { ...entry, at: at + 1 };
    case 'hold':
      return { ...entry, at: at - 1 };
  }
}

/** The ring has no ends: 9 is one detent from 0. */
function turned(digit: number | undefined, { detents }: { readonly detents: number }): number {
  return ((((digit ?? 0) + detents) % 10) + 10) % 10;
}
