/**
 * Draws the piano roll of one box on a canvas.
 *
 * Kinds differ by shape: *played* is an outline at the time of performance, *arrived* a small triangle when its packet
 * came, *heard* a bar in the shape of what became of it, with a dotted line back to when it was performed. Ahead of the
 * present lies what is *expected*, as strong as it is likely. Colour tells the fate or the player, as is wished.
 */
import type { SimExpectedNote } from '../../app/prediction-protocol.ts';
import type { SimSession } from '../../app/protocol.ts';
import { isBlack, keyName } from '../keys/keyboard-layout.ts';
import { EXPECTED_COLOUR, FATES, type NoteShape } from '../prediction/fates.ts';
import { paintBar, paintMark } from './note-shapes.ts';
import {
  beatLines,
  DRUM_ROWS,
  drumRow,
  type KeyRange,
  PERCUSSION,
  type RollWindow,
  xAt,
} from './roll-layout.ts';
import type { Span } from './roll-spans.ts';

export interface RollPicture {
  readonly context: CanvasRenderingContext2D;
  readonly width: number;
  readonly height: number;
  readonly window: RollWindow;
  readonly range: KeyRange;
  readonly drums: boolean;
  readonly session: SimSession | null;
  /** Notes tell by their colour what became of them; else whose they are. */
  readonly byFate: boolean;
  readonly colourOf: (participant: string) => string;
}

const GROUND = '#100f0d';
const BLACK_ROW = '#0b0a09';
const LINE = '#26231e';
const BAR_LINE = '#403a30';
const NOW = '#f5ead2';
const INK = '#8d877a';
const PLAYED = '#9d968a';
const DRUM_ROW = 13;
const DRUM_HIT = 9;
const FONT = '10px ui-sans-serif, system-ui, sans-serif';

export function paintGround(picture: RollPicture): void {
  const { context, width, height, range, drums, session } = picture;
  const { melodic, row } = measure(picture);
  context.fillStyle = GROUND;
  context.fillRect(0, 0, width, height);
  context.font = FONT;
  context.textBaseline = 'middle';
  for (let key = range.low; key <= range.high; key++) {
    const top = melodic - (key - range.low + 1) * row;
    if (isBlack(key)) {
      context.fillStyle = BLACK_ROW;
      context.fillRect(0, top, width, row);
    }
    if (key % 12 !== 0) continue;
    context.fillStyle = LINE;
    context.fillRect(0, Math.round(top + row) - 1, width, 1);
  }
  if (drums) {
    for (const i of DRUM_ROWS.keys()) {
      const top = height - (i + 1) * DRUM_ROW;
      context.fillStyle = i % 2 === 0 ? '#15130f' : BLACK_ROW;
      context.fillRect(0, top, width, DRUM_ROW);
    }
    context.fillStyle = BAR_LINE;
    context.fillRect(0, melodic, width, 1);
  }
  if (session) paintBeats(picture, session);
}

/** Names of keys and drums, over what lies there. */
export function paintLabels(picture: RollPicture): void {
  const { height, range, drums } = picture;
  const { melodic, row } = measure(picture);
  for (let key = range.low; key <= range.high; key++) {
    if (key % 12 !== 0) continue;
    const middle = melodic - (key - range.low + 0.5) * row;
    paintLabel(picture, keyName(key), Math.min(melodic - 6, middle));
  }
  if (!drums) return;
  for (const [i, name] of DRUM_ROWS.entries()) {
    paintLabel(picture, name, height - (i + 0.5) * DRUM_ROW);
  }
}

function paintLabel({ context }: RollPicture, text: string, y: number): void {
  context.fillStyle = 'rgb(16 15 13 / 78%)';
  context.fillRect(0, y - 6, context.measureText(text).width + 9, 12);
  context.fillStyle = INK;
  context.fillText(text, 5, y);
}

function paintBeats({ context, window, width, height }: RollPicture, session: SimSession): void {
  for (const { time, bar } of beatLines(window, session)) {
    context.fillStyle = bar ? BAR_LINE : LINE;
    context.fillRect(Math.round(xAt(window, time, width)), 0, 1, height);
  }
}

export function paintSpans(picture: RollPicture, spans: readonly Span[], kind: Span['kind']): void {
  const { window } = picture;
  for (const span of spans) {
    if (span.kind !== kind || span.start > window.to) continue;
    if ((span.end ?? window.now) < window.from) continue;
    if (span.channel === PERCUSSION) paintHit(picture, span);
    else paintNote(picture, span);
  }
}

export function paintNow({ context, window, width, height }: RollPicture): void {
  const x = Math.round(xAt(window, window.now, width));
  context.fillStyle = 'rgb(245 234 210 / 12%)';
  context.fillRect(x - 3, 0, 7, height);
  context.fillStyle = NOW;
  context.fillRect(x, 0, 1, height);
}

function measure({ height, drums, range }: RollPicture): { melodic: number; row: number } {
  const melodic = drums ? height - DRUM_ROWS.length * DRUM_ROW - 1 : height;
  return { melodic, row: melodic / (range.high - range.low + 1) };
}

function paintNote(picture: RollPicture, span: Span): void {
  const { context, window, width, range } = picture;
  const { melodic, row } = measure(picture);
  const top = melodic - (span.key - range.low + 1) * row;
  const left = xAt(window, span.start, width);
  const right = Math.max(left + 3, xAt(window, span.end ?? window.now, width));
  const shape = takeColour(picture, span);
  context.lineWidth = 1;
  switch (span.kind) {
    case 'played':
      context.globalAlpha = 0.85;
      context.strokeRect(left + 0.5, top + 0.5, right - left - 1, Math.max(2, row - 1));
      break;
    case 'arrived':
      triangle(context, left, top + row / 2, Math.min(5, Math.max(3, row / 2)));
      break;
    case 'heard': {
      const middle = top + row / 2;
      delayLine(picture, span, left, middle);
      const height = Math.max(2, row - (row > 7 ? 4 : 2));
      context.globalAlpha = 0.5 + 0.5 * (span.velocity / 127);
      paintBar(context, shape, { left, right, middle, height });
      break;
    }
  }
  context.globalAlpha = 1;
}

/** Sets the colours for a note, and says its shape. */
function takeColour({ context, byFate, colourOf }: RollPicture, span: Span): NoteShape {
  const look = span.fate ? FATES[span.fate] : undefined;
  const plain = span.kind === 'heard' ? undefined : PLAYED;
  const colour = byFate ? (look?.colour ?? plain) : undefined;
  context.strokeStyle = colour ?? colourOf(span.participant);
  context.fillStyle = context.strokeStyle;
  return look?.shape ?? 'bar';
}

/** What may come, from the present on. */
export function paintExpected(
  picture: RollPicture,
  participant: string,
  notes: Iterable<SimExpectedNote>,
): void {
  const { context, window, width, height, range, byFate } = picture;
  const { melodic, row } = measure(picture);
  context.fillStyle = byFate ? EXPECTED_COLOUR : picture.colourOf(participant);
  for (const { channel, key, at, length, likely } of notes) {
    if (at < window.now || at > window.to) continue;
    const x = xAt(window, at, width);
    context.globalAlpha = 0.06 + 0.6 * likely * likely;
    if (channel === PERCUSSION) {
      const y = height - (drumRow(key) + 0.5) * DRUM_ROW;
      paintMark(context, 'pill', x, y, DRUM_HIT / 2 - 1);
    } else if (key >= range.low && key <= range.high) {
      const middle = melodic - (key - range.low + 0.5) * row;
      const right = xAt(window, Math.min(window.to, at + Math.max(60, length)), width);
      const tall = Math.max(2, row - (row > 7 ? 4 : 2));
      paintBar(context, 'bar', { left: x, right, middle, height: tall });
    }
  }
  context.globalAlpha = 1;
}

function paintHit(picture: RollPicture, span: Span): void {
  const { context, window, width, height } = picture;
  const x = xAt(window, span.start, width);
  const y = height - (drumRow(span.key) + 0.5) * DRUM_ROW;
  const half = (DRUM_HIT / 2) * (0.6 + 0.4 * (span.velocity / 127));
  const shape = takeColour(picture, span);
  context.lineWidth = 1;
  switch (span.kind) {
    case 'played':
      context.strokeRect(x - half + 0.5, y - half + 0.5, 2 * half - 1, 2 * half - 1);
      break;
    case 'arrived':
      triangle(context, x, y, 4);
      break;
    case 'heard':
      delayLine(picture, span, x, y);
      paintMark(context, shape, x, y, half - 1);
      break;
  }
}

function delayLine(
  { context, window, width }: RollPicture,
  span: Span,
  x: number,
  y: number,
): void {
  if (span.performedAt === undefined) return;
  const from = xAt(window, span.performedAt, width);
  if (x - from < 2) return;
  context.globalAlpha = 0.7;
  context.setLineDash([2, 2]);
  context.beginPath();
  context.moveTo(from, y);
  context.lineTo(x, y);
  context.stroke();
  context.setLineDash([]);
  context.globalAlpha = 1;
}

function triangle(context: CanvasRenderingContext2D, x: number, y: number, size: number): void {
  context.globalAlpha = 0.9;
  context.beginPath();
  context.moveTo(x, y);
  context.lineTo(x - size, y - size);
  context.lineTo(x + size, y - size);
  context.closePath();
  context.fill();
  context.globalAlpha = 1;
}
