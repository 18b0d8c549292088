import { isLit } from '../../runtime/panel/frame-buffer.ts';
import { DISPLAY_HEIGHT, DISPLAY_WIDTH, type Frame } from '../../runtime/ports/display.ts';

/** As a camera sees the glass: lit pixels with dark lines between them, unlit ones not quite black. RGBA. */
export function photograph(
  frame: Frame,
  scale: number,
): [pixels: Uint8ClampedArray, width: number, height: number] {
  const width = DISPLAY_WIDTH * scale;
  const pixels = new Uint8ClampedArray(width * DISPLAY_HEIGHT * scale * 4);
  for (let y = 0; y < DISPLAY_HEIGHT * scale; y++) {
    for (let x = 0; x < width; x++) {
      const lit = isLit(frame, Math.floor(x / scale), Math.floor(y / scale));
      const grid = x % scale === 0 || y % scale === 0;
      const level = lit ? (grid ? 190 : 240) : 18;
      pixels.set([level, level, level, 255], (y * width + x) * 4);
    }
  }
  return [pixels, width, DISPLAY_HEIGHT * scale];
}
