/**
 * The pieces that pages are made of: title, rows, scroll bar, names too long for their place.
 * Unit: pixels. The status row takes the first 8, a title the next 11, four rows of 11 the rest.
 */
import { elapsed, fromSeconds, type Micros } from '../../core/time.ts';
import { BODY, elide, textWidth } from '../font.ts';
import { CANVAS_WIDTH, type Ink } from '../frame-buffer.ts';
import type { Scene } from './scene.ts';

export const ROW = 11;
export const PAGE_TOP = 8;
export const ROWS_TOP: number = PAGE_TOP + ROW;
export const ROWS_SHOWN = 4;
const SCROLL_BAR = 3;

const REST: Micros = fromSeconds(1.2);
const PIXELS_A_SECOND = 24;

export function drawTitle({ canvas }: Scene, title: string, aside: string): void {
  const asideWidth = aside === '' ? 0 : textWidth(aside) + 4;
  canvas.text(elide(title, CANVAS_WIDTH - asideWidth), 0, PAGE_TOP - 1);
  if (aside !== '') canvas.text(aside, CANVAS_WIDTH - asideWidth + 4, PAGE_TOP - 1);
  for (let x = 0; x < CANVAS_WIDTH; x += 2) canvas.pixel(x, ROWS_TOP - 1);
}

/** First row to show, so that the chosen one has company on both sides. */
export function firstShown(chosen: number, count: number): number {
  return Math.max(0, Math.min(chosen - 1, count - ROWS_SHOWN));
}

/** Drawn only when there is more than fits; returns the width left for rows. */
export function drawScrollBar(
  { canvas }: Scene,
  first: number,
  shown: number,
  count: number,
): number {
  if (count <= shown) return CANVAS_WIDTH;
  const x = CANVAS_WIDTH - 1;
  const height = ROWS_SHOWN * ROW;
  for (let y = 0; y < height; y += 3) canvas.pixel(x, ROWS_TOP + y);
  const length = Math.max(6, Math.round((height * shown) / count));
  const top = ROWS_TOP + Math.round(((height - length) * first) / (count - shown));
  canvas.fill({ x: x - 1, y: top, width: 2, height: length });
  return CANVAS_WIDTH - SCROLL_BAR;
}

/** A name in a place that may be too small for it: shortened, or passing by when `passing`. */
export function drawName(
  scene: Scene,
  name: string,
  place: { readonly x: number; readonly y: number; readonly width: number },
  ink: Ink,
  passing: boolean,
): void {
  const { canvas, now, state } = scene;
  const { x, y, width } = place;
  const over = textWidth(name) - width;
  if (over <= 0 || !passing) {
    canvas.text(elide(name, width), x, y, BODY, ink);
    return;
  }
  const travel = (over / PIXELS_A_SECOND) * 1_000_000;
  const round = REST + travel + REST;
  const since = Math.max(0, elapsed(state.movedAt, now)) % round;
  const gone = Math.min(over, Math.max(0, ((since - REST) / 1_000_000) * PIXELS_A_SECOND));
  if (since < REST) {
    scene.again(now - since + REST);
    canvas.text(elide(name, width), x, y, BODY, ink);
    return;
  }
  if (gone < over) scene.moving();
  else scene.again(now - since + round);
  canvas.clipped({ x, y, width, height: ROW }, () => {
    canvas.text(name, x - Math.round(gone), y, BODY, ink);
  });
}
