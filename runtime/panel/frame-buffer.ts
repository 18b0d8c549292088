/**
 * A picture of 128 by 64 pixels to draw into.
 *
 * Takes  shapes, text and pictures, in pixels from the top left of the canvas.
 * Gives  a Frame in the display's page layout. What falls outside is cut off.
 * Keeps  one array, drawn again for each frame.
 */
import { DISPLAY_HEIGHT, DISPLAY_WIDTH, FRAME_BYTES, type Frame } from '../ports/display.ts';
import { BODY, type Font, type Glyph, letters } from './font.ts';

/** One pixel is kept free on the right and below, so that the whole picture can be shifted against burn-in. */
export const CANVAS_WIDTH: number = DISPLAY_WIDTH - 1;
export const CANVAS_HEIGHT: number = DISPLAY_HEIGHT - 1;

export type Ink = 'set' | 'clear' | 'invert';

export interface Area {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export class FrameBuffer {
  readonly frame: Frame = new Uint8Array(FRAME_BYTES);
  #left = 0;
  #top = 0;
  #clip: Area = { x: 0, y: 0, width: CANVAS_WIDTH, height: CANVAS_HEIGHT };

  /** Empties the picture, and puts the canvas's top left at (`left`, `top`), each 0 or 1. */
  clear(left: number = 0, top: number = 0): void {
    this.frame.fill(0);
    this.#left = left;
    this.#top = top;
  }

  pixel(x: number, y: number, ink: Ink = 'set'): void {
    const { x: left, y: top, width, height } = this.#clip;
    if (x < left || y < top || x >= left + width || y >= top + height) return;
    const column = x + this.#left;
    const row = y + this.#top;
    const at = (row >> 3) * DISPLAY_WIDTH + column;
    const bit = 1 << (row & 7);
    const octet = this.frame[at] ?? 0;
    this.frame[at] = ink === 'set' ? octet | bit : ink === 'clear' ? octet & ~bit : octet ^ bit;
  }

  horizontal(x: number, y: number, width: number, ink: Ink = 'set'): void {
    for (let i = 0; i < width; i++) this.pixel(x + i, y, ink);
  }

  vertical(x: number, y: number, height: number, ink: Ink = 'set'): void {
    for (let i = 0; i < height; i++) this.pixel(x, y + i, ink);
  }

  fill(area: Area, ink: Ink = 'set'): void {
    for (let i = 0; i < area.height; i++) this.horizontal(area.x, area.y + i, area.width, ink);
  }

  outline({ x, y, width, height }: Area, ink: Ink = 'set'): void {
    this.horizontal(x, y, width, ink);
    this.horizontal(x, y + height - 1, width, ink);
    this.vertical(x, y + 1, height - 2, ink);
    this.vertical(x + width - 1, y + 1, height - 2, ink);
  }

  picture(glyph: Glyph, x: number, y: number, ink: Ink = 'set'): void {
    for (let row = 0; row < glyph.rows.length; row++) {
      const bits = glyph.rows[row] ?? 0;
      for (let column = 0; column < glyph.width; column++) {
        if ((bits >> column) & 1) this.pixel(x + column, y + row, ink);
      }
    }
  }

  /** Draws text with the top of its cell at `y`; returns the column after it. */
  text(text: string, x: number, y: number, font: Font = BODY, ink: Ink = 'set'): number {
    let at = x;
    for (const character of letters(text)) {
      const glyph = font.glyph(character);
      this.picture(glyph, at, y, ink);
      at += glyph.width + font.spacing;
    }
    return at - font.spacing;
  }

  /** A bar that is `part` (0 to 1) full. */
  progress({ x, y, width, height }: Area, part: number): void {
    this.outline({ x, y, width, height });
    const full = Math.round(Math.min(1, Math.max(0, part)) * (width - 4));
    this.fill({ x: x + 2, y: y + 2, width: full, height: height - 4 });
  }

  /** Draws inside an area only. */
  clipped(area: Area, draw: () => void): void {
    const outer = this.#clip;
    const x = Math.max(outer.x, area.x);
    const y = Math.max(outer.y, area.y);
    this.#clip = {
      x,
      y,
      width: Math.max(0, Math.min(outer.x + outer.width, area.x + area.width) - x),
      height: Math.max(0, Math.min(outer.y + outer.height, area.y + area.height) - y),
    };
    try {
      draw();
    } finally {
      this.#clip = outer;
    }
  }
}

/** Whether a frame's pixel is lit; for those who look at frames. */
export function isLit(frame: Frame, x: number, y: number): boolean {
  return (((frame[(y >> 3) * DISPLAY_WIDTH + x] ?? 0) >> (y & 7)) & 1) === 1;
}
