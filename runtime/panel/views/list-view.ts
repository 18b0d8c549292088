/**
 * A list to choose from. The chosen entry is a full bar with a pointer; a value that is being turned is cut out of the
 * bar between two arrows; an entry that was clicked and waits for a second click loses its bar to a frame.
 */
import { fieldText } from '../fields.ts';
import { elide, textWidth } from '../font.ts';
import { CHOSEN, HOST, LESS, MORE, MUTED, TICK } from '../icons.ts';
import type { Entry } from '../menu-entry.ts';
import { entriesOf, listTitle } from '../menus.ts';
import { chosenIndex } from '../navigation.ts';
import type { ListScreen } from '../panel-state.ts';
import {
  drawName,
  drawScrollBar,
  drawTitle,
  firstShown,
  ROW,
  ROWS_SHOWN,
  ROWS_TOP,
} from './page.ts';
import type { Scene } from './scene.ts';

const LABEL_LEFT = 8;
const MARKS = { host: HOST, muted: MUTED } as const;

export function drawList(scene: Scene, screen: ListScreen): void {
  const entries = entriesOf(screen, scene.model);
  const chosen = chosenIndex(screen, entries);
  const at = chosen < 0 ? screen.index : chosen;
  const first = firstShown(at, entries.length);
  const aside = entries.length > ROWS_SHOWN ? `${at + 1}/${entries.length}` : '';
  drawTitle(scene, listTitle(screen, scene.model), aside);
  const width = drawScrollBar(scene, first, ROWS_SHOWN, entries.length);
  entries.slice(first, first + ROWS_SHOWN).forEach((entry, row) => {
    drawEntry(scene, entry, ROWS_TOP + row * ROW, width, first + row === chosen);
  });
}

function drawEntry(scene: Scene, entry: Entry, y: number, width: number, chosen: boolean): void {
  const { canvas, state } = scene;
  const clicked = chosen && state.clicked === entry.key;
  const ink = chosen && !clicked ? 'clear' : 'set';
  if (clicked) canvas.outline({ x: 0, y, width, height: ROW });
  else if (chosen) canvas.fill({ x: 0, y, width, height: ROW });
  if (chosen) canvas.picture(CHOSEN, 2, y + 2, ink);
  if (entry.ticked === true) canvas.picture(TICK, width - TICK.width - 2, y + 3, ink);
  const edited = chosen && state.edit !== undefined && entry.action.kind === 'edit';
  const valueWidth = edited
    ? drawEdited(scene, entry, y, width)
    : drawValue(scene, entry, y, width, ink);
  let left = LABEL_LEFT;
  for (const mark of entry.marks ?? []) {
    const sign = MARKS[mark];
    canvas.picture(sign, left, y + 9 - sign.rows.length, ink);
    left += sign.width + 3;
  }
  const place = { x: left, y, width: width - left - valueWidth - 2 };
  drawName(scene, entry.label, place, ink, chosen);
}

function valueText(entry: Entry): string {
  const { action, value } = entry;
  if (value !== undefined || action.kind !== 'edit') return value ?? '';
  return fieldText(action.field, action.field.value);
}

function drawValue(
  { canvas }: Scene,
  entry: Entry,
  y: number,
  width: number,
  ink: 'set' | 'clear',
): number {
  const value = valueText(entry);
  if (value === '') return 0;
  const beside = width - LABEL_LEFT - textWidth(entry.label) - 7;
  const text = elide(value, Math.max(width / 2, beside));
  const taken = textWidth(text) + 2;
  canvas.text(text, width - taken, y, undefined, ink);
  return taken + 3;
}

function drawEdited({ canvas, state }: Scene, entry: Entry, y: number, width: number): number {
  const { action } = entry;
  if (action.kind !== 'edit' || state.edit === undefined) return 0;
  const text = elide(fieldText(action.field, state.edit.value), width / 2);
  const inner = textWidth(text);
  const taken = inner + 16;
  const left = width - taken;
  canvas.fill({ x: left, y: y + 1, width: taken - 1, height: ROW - 2 }, 'clear');
  canvas.picture(LESS, left + 2, y + 3);
  canvas.text(text, left + 8, y);
  canvas.picture(MORE, left + inner + 11, y + 3);
  return taken + 1;
}
