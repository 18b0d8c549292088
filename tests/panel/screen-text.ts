/**
 * Reads a frame as a person would: title, rows, and which row is chosen. For tests that turn the knob by what the
 * display shows, wherever the frame came from. Reads lists and pages of lines, not the large figures.
 */
import { BODY, type Glyph } from '../../runtime/panel/font.ts';
import { isLit } from '../../runtime/panel/frame-buffer.ts';
import { ROW, ROWS_SHOWN, ROWS_TOP } from '../../runtime/panel/views/page.ts';
import { DISPLAY_WIDTH, type Frame } from '../../runtime/ports/display.ts';

export interface ScreenText {
  readonly title: string;
  /** Label and value with spaces between; empty rows are empty. */
  readonly rows: readonly string[];
  /** Place among `rows` of the one with the bar. */
  readonly chosen: number | undefined;
}

const TITLE_TOP = ROWS_TOP - ROW - 1;
const SHIFTS = [
  [0, 0],
  [1, 0],
  [1, 1],
  [0, 1],
] as const;

/** A letter as its columns; bit y is the pixel of row y. */
interface Shape {
  readonly character: string;
  readonly columns: readonly number[];
}

/** What may be read, by first column; widest first: a quotation mark is not two apostrophes. */
const SHAPES = new Map<number, Shape[]>();
for (const character of [
  ...Array.from({ length: 0x180 - 0x21 }, (_, at) => String.fromCodePoint(at + 0x21)),
  ...'…–“”♪',
]) {
  const glyph = BODY.glyph(character);
  if (glyph === BODY.glyph('\ufffd')) continue;
  const columns = columnsOf(glyph);
  const alike = SHAPES.get(columns[0] ?? 0) ?? [];
  alike.push({ character, columns });
  alike.sort((a, b) => b.columns.length - a.columns.length);
  SHAPES.set(columns[0] ?? 0, alike);
}

function columnsOf({ width, rows }: Glyph): number[] {
  return Array.from({ length: width }, (_, x) =>
    rows.reduce((bits, row, y) => bits | (((row >> x) & 1) << y), 0),
  );
}

export function screenText(frame: Frame): ScreenText {
  const readings = SHIFTS.map(([left, top]) => readShifted(frame, left, top));
  return readings.reduce((best, other) => (size(other) > size(best) ? other : best));
}

const size = ({ title, rows }: ScreenText): number =>
  [title, ...rows].join('').replaceAll(' ', '').length;

function readShifted(frame: Frame, left: number, top: number): ScreenText {
  const rows: string[] = [];
  let chosen: number | undefined;
  for (let row = 0; row < ROWS_SHOWN; row++) {
    const y = top + ROWS_TOP + row * ROW;
    const bar = isLit(frame, left, y) && isLit(frame, left, y + ROW - 1);
    if (bar) chosen = row;
    rows.push(readLine(frame, left, y, bar));
  }
  return { title: readLine(frame, left, top + TITLE_TOP, false), rows, chosen };
}

function readLine(frame: Frame, left: number, top: number, inverse: boolean): string {
  const column = (x: number): number => {
    let bits = 0;
    for (let y = 0; y < ROW; y++) {
      const ink = x < DISPLAY_WIDTH && isLit(frame, x, top + y) !== inverse;
      if (ink) bits |= 1 << y;
    }
    return bits;
  };
  const columns = Array.from({ length: DISPLAY_WIDTH + 8 }, (_, x) => column(x));
  let text = '';
  let blank = 0;
  for (let x = left; x < DISPLAY_WIDTH; ) {
    const alike = SHAPES.get(columns[x] ?? 0);
    const found = alike?.find((shape) => matches(columns, x, shape.columns));
    if (found !== undefined) {
      text += (blank > 3 && text !== '' ? ' ' : '') + found.character;
      x += found.columns.length;
      blank = 0;
    } else {
      blank++;
      x++;
    }
  }
  return text;
}

function matches(columns: readonly number[], x: number, wanted: readonly number[]): boolean {
  if (columns[x + wanted.length] !== 0 || (x > 0 && columns[x - 1] !== 0)) return false;
  return wanted.every((bits, at) => columns[x + at] === bits);
}
