/** Frames as text and as PNG pictures, for goldens and for eyes. */
import { PNG } from 'pngjs';
import { isLit } from '../../runtime/panel/frame-buffer.ts';
import { DISPLAY_HEIGHT, DISPLAY_WIDTH, type Frame } from '../../runtime/ports/display.ts';

/** 64 lines of 128 characters. */
export function frameText(frame: Frame): string {
  let text = '';
  for (let y = 0; y < DISPLAY_HEIGHT; y++) {
    for (let x = 0; x < DISPLAY_WIDTH; x++) text += isLit(frame, x, y) ? '#' : '.';
    text += '\n';
  }
  return text;
}

/** Frames in rows of `columns`, each pixel `scale` wide, as an OLED would look. */
export function framesPng(frames: readonly Frame[], columns: number, scale: number): Buffer {
  const gap = 4 * scale;
  const cellWidth = DISPLAY_WIDTH * scale + gap;
  const cellHeight = DISPLAY_HEIGHT * scale + gap;
  const rows = Math.ceil(frames.length / columns);
  const png = new PNG({
    width: Math.min(columns, frames.length) * cellWidth + gap,
    height: rows * cellHeight + gap,
    colorType: 2,
  });
  png.data.fill(0x60);
  frames.forEach((frame, index) => {
    const left = gap + (index % columns) * cellWidth;
    const top = gap + Math.floor(index / columns) * cellHeight;
    for (let y = 0; y < DISPLAY_HEIGHT * scale; y++) {
      for (let x = 0; x < DISPLAY_WIDTH * scale; x++) {
        const lit = isLit(frame, Math.floor(x / scale), Math.floor(y / scale));
        const at = ((top + y) * png.width + left + x) * 4;
        png.data.set(lit ? [0xd8, 0xf0, 0xff, 0xff] : [0x06, 0x08, 0x0c, 0xff], at);
      }
    }
  });
  return PNG.sync.write(png, { colorType: 2 });
}
