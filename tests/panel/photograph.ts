import { isLit } from '../../runtime/panel/frame-buffer.ts';
import { DISPLAY_HEIGHT, DISPLAY_WIDTH, type Frame } from '../../runtime/ports/display.ts';

/** Of the dark box around the glass, in pixels of the display. */
const AROUND = 8;
const DARK = 25;

/**
 * As a camera sees the glass in its dark frame: lit pixels with dark lines between them, unlit ones not quite black, each dot
 * of the picture spread over its neighbours by the lens. RGBA.
 */
export function photograph(
  frame: Frame,
  scale: number,
): [pixels: Uint8ClampedArray, width: number, height: number] {
  const width = (DISPLAY_WIDTH + 2 * AROUND) * scale;
  const height = (DISPLAY_HEIGHT + 2 * AROUND) * scale;
  const levelAt = (x: number, y: number): number => {
    const [column, row] = [Math.floor(x / scale) - AROUND, Math.floor(y / scale) - AROUND];
    const onGlass = column >= 0 && column < DISPLAY_WIDTH && row >= 0 && row < DISPLAY_HEIGHT;
    if (!onGlass) return DARK;
    if (!isLit(frame, column, row)) return 18;
    return x % scale === 0 || y % scale === 0 ? 190 : 240;
  };
  const sharp = Float32Array.from({ length: width * height }, (_, at) =>
    levelAt(at % width, Math.floor(at / width)),
  );
  const blurred = spread(spread(sharp, 1), width);
  const pixels = new Uint8ClampedArray(width * height * 4);
  for (const [at, level] of blurred.entries()) pixels.set([level, level, level, 255], at * 4);
  return [pixels, width, height];
}

/** Each dot becomes the mean of itself and of those `step` before and after it. */
const spread = (levels: Float32Array, step: number): Float32Array =>
  levels.map(
    (level, at) => (level + (levels[at - step] ?? level) + (levels[at + step] ?? level)) / 3,
  );
