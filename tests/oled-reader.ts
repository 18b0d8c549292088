/**
 * Reads text off a display, as an eye does: by the pixels. Knows the panel's font and nothing of its state.
 */
import { BODY } from '../runtime/panel/font.ts';
import { FrameBuffer } from '../runtime/panel/frame-buffer.ts';
import { DISPLAY_HEIGHT, DISPLAY_WIDTH, type Frame } from '../runtime/ports/display.ts';

type Pixels = (x: number, y: number) => boolean;

interface Picture {
  readonly width: number;
  readonly height: number;
  readonly lit: Pixels;
}

/** Whether the text stands anywhere, light on dark or dark on light. */
export function shows(frame: Frame, text: string): boolean {
  const glass = pixelsOf(frame);
  const word = pictureOf(text);
  return find(glass, word, false) || find(glass, word, true);
}

/** Whether the text stands on a lit bar: it is the one that is chosen. */
export function isChosen(frame: Frame, text: string): boolean {
  return find(pixelsOf(frame), pictureOf(text), true);
}

function pixelsOf(frame: Frame): Pixels {
  return (x, y) => (((frame[(y >> 3) * DISPLAY_WIDTH + x] ?? 0) >> (y & 7)) & 1) === 1;
}

/** The text in the body font, cut to what is lit. */
function pictureOf(text: string): Picture {
  const canvas = new FrameBuffer();
  canvas.text(text, 0, 0, BODY);
  const lit = pixelsOf(canvas.frame);
  const columns: number[] = [];
  const rows: number[] = [];
  for (let y = 0; y < DISPLAY_HEIGHT; y++) {
    for (let x = 0; x < DISPLAY_WIDTH; x++) {
      if (!lit(x, y)) continue;
      columns.push(x);
      rows.push(y);
    }
  }
  if (columns.length === 0) throw new Error(`"${text}" leaves no mark on a display`);
  const left = Math.min(...columns);
  const top = Math.min(...rows);
  return {
    width: Math.max(...columns) - left + 1,
    height: Math.max(...rows) - top + 1,
    lit: (x, y) => lit(left + x, top + y),
  };
}

function find(glass: Pixels, word: Picture, inverse: boolean): boolean {
  for (let y = 0; y + word.height <= DISPLAY_HEIGHT; y++) {
    for (let x = 0; x + word.width <= DISPLAY_WIDTH; x++) {
      if (matches(glass, word, x, y, inverse)) return true;
    }
  }
  return false;
}

function matches(
  glass: Pixels,
  word: Picture,
  left: number,
  top: number,
  inverse: boolean,
): boolean {
  for (let y = 0; y < word.height; y++) {
    for (let x = 0; x < word.width; x++) {
      if (glass(left + x, top + y) !== (word.lit(x, y) !== inverse)) return false;
    }
  }
  return true;
}
