/**
 * Draws this bar and the next of one player: what was expected, with what came of it on top, and what is expected next.
 */
import type { SimBars, SimExpectedNote } from '../../app/prediction-protocol.ts';
import { isBlack } from '../keys/keyboard-layout.ts';
import { paintBar, paintMark } from '../roll/note-shapes.ts';
import type { Span } from '../roll/roll-spans.ts';
import { type BarRows, placeOf, rowCount, rowOf } from './bars-layout.ts';
import { EXPECTED_COLOUR, FATES } from './fates.ts';

export interface BarsPicture {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly bars: SimBars | null;
  readonly rows: BarRows;
  readonly now: number;
}

const GROUND = '#100f0d';
const NEXT_GROUND = '#151d22';
const DARK_ROW = 'rgb(0 0 0 / 22%)';
const LINE = '#2b2822';
const BAR_LINE = '#5a5240';
const NOW = '#f5ead2';
const INK = '#8d877a';
const CAPTION = 13;

export function paintBars(
  picture: BarsPicture,
  expected: readonly SimExpectedNote[],
  heard: readonly Span[],
): void {
  const { context, width, height, bars } = picture;
  context.globalAlpha = 1;
  context.fillStyle = GROUND;
  context.fillRect(0, 0, width, height);
  context.font = '10px ui-sans-serif, system-ui, sans-serif';
  context.textBaseline = 'top';
  if (!bars) {
    context.fillStyle = INK;
    context.fillText('No beat is known yet: nothing is expected.', 8, height / 2 - 6);
    return;
  }
  paintGround(picture, bars);
  for (const note of expected) paintExpected(picture, bars, note);
  for (const span of heard) paintHeard(picture, bars, span);
  const now = Math.round(Math.max(0, placeOf(bars, picture.now)) * width);
  context.globalAlpha = 1;
  context.fillStyle = NOW;
  context.fillRect(now, 0, 1, height);
}

function paintGround({ context, width, height, rows }: BarsPicture, bars: SimBars): void {
  const middle = Math.round(placeOf(bars, bars.lines[1]) * width);
  context.fillStyle = NEXT_GROUND;
  context.fillRect(middle, 0, width - middle, height);
  const tall = (height - CAPTION) / rowCount(rows);
  context.fillStyle = DARK_ROW;
  for (let row = 0; row < rowCount(rows); row++) {
    const dark = rows.kind === 'drums' ? row % 2 === 1 : isBlack(rows.low + row);
    if (dark) context.fillRect(0, height - (row + 1) * tall, width, tall);
  }
  const beat = (bars.lines[1] - bars.lines[0]) / bars.beats;
  context.fillStyle = LINE;
  for (let i = 1; i < 2 * bars.beats; i++) {
    const x = Math.round(placeOf(bars, bars.lines[0] + i * beat) * width);
    context.fillRect(x, CAPTION, 1, height - CAPTION);
  }
  context.fillStyle = BAR_LINE;
  context.fillRect(middle, 0, 1, height);
  context.fillStyle = INK;
  context.fillText('this bar', 6, 2);
  context.fillText('next bar', middle + 6, 2);
}

/** Where a row's middle is, and how tall a note in it. */
function place(
  { height, rows }: BarsPicture,
  channel: number,
  key: number,
): { readonly middle: number; readonly tall: number } | undefined {
  const row = rowOf(rows, channel, key);
  if (row === undefined) return undefined;
  const tall = (height - CAPTION) / rowCount(rows);
  return { middle: height - (row + 0.5) * tall, tall: Math.max(2.5, Math.min(9, tall - 1)) };
}

function paintExpected(picture: BarsPicture, bars: SimBars, note: SimExpectedNote): void {
  const { context, width, now } = picture;
  const at = place(picture, note.channel, note.key);
  if (!at) return;
  const x = placeOf(bars, note.at) * width;
  // What the present has passed was told of by what came.
  const passed = note.at < now ? 0.35 : 1;
  context.globalAlpha = passed * (0.08 + 0.82 * note.likely * note.likely);
  context.fillStyle = EXPECTED_COLOUR;
  if (picture.rows.kind === 'drums') paintMark(context, 'pill', x, at.middle, at.tall / 2);
  else {
    const right = placeOf(bars, note.at + Math.max(60, note.length)) * width;
    paintBar(context, 'bar', { left: x, right, middle: at.middle, height: at.tall });
  }
}

function paintHeard(picture: BarsPicture, bars: SimBars, span: Span): void {
  const { context, width, now } = picture;
  const at = place(picture, span.channel, span.key);
  if (!at || !span.fate) return;
  const { colour, shape } = FATES[span.fate];
  const x = placeOf(bars, span.start) * width;
  context.globalAlpha = 1;
  context.fillStyle = colour;
  context.strokeStyle = colour;
  if (picture.rows.kind === 'drums') paintMark(context, shape, x, at.middle, at.tall / 2);
  else {
    const right = placeOf(bars, span.end ?? now) * width;
    paintBar(context, shape, { left: x, right, middle: at.middle, height: at.tall });
  }
}
