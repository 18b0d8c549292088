/**
 * Finds text anywhere on a display, light on dark or dark on light: by the pixels, whatever the screen's layout.
 */
import { FrameBuffer, isLit } from '../../runtime/panel/frame-buffer.ts';
import { DISPLAY_HEIGHT, DISPLAY_WIDTH, type Frame } from '../../runtime/ports/display.ts';

interface Word {
  readonly width: number;
  readonly height: number;
  readonly lit: (x: number, y: number) => boolean;
}

export function showsText(frame: Frame, text: string): boolean {
  const word = drawWord(text);
  for (let y = 0; y + word.height <= DISPLAY_HEIGHT; y++) {
    for (let x = 0; x + word.width <= DISPLAY_WIDTH; x++) {
      if (stands(frame, word, x, y, true) || stands(frame, word, x, y, false)) return true;
    }
  }
  return false;
}

/** The text in the panel's body font, cut to what is lit. */
function drawWord(text: string): Word {
  const canvas = new FrameBuffer();
  canvas.text(text, 0, 0);
  const columns: number[] = [];
  const rows: number[] = [];
  for (let y = 0; y < DISPLAY_HEIGHT; y++) {
    for (let x = 0; x < DISPLAY_WIDTH; x++) {
      if (!isLit(canvas.frame, x, y)) continue;
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
    lit: (x, y) => isLit(canvas.frame, left + x, top + y),
  };
}

function stands(frame: Frame, word: Word, left: number, top: number, light: boolean): boolean {
  for (let y = 0; y < word.height; y++) {
    for (let x = 0; x < word.width; x++) {
      if ((isLit(frame, left + x, top + y) === word.lit(x, y)) !== light) return false;
    }
  }
  return true;
}
