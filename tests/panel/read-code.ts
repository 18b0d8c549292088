/** Reads the six digits that a host shows, as somebody at the other end of the room would. */
import { BODY } from '../../runtime/panel/font.ts';
import { isLit } from '../../runtime/panel/frame-buffer.ts';
import { DISPLAY_HEIGHT, DISPLAY_WIDTH, type Frame } from '../../runtime/ports/display.ts';

/** How much larger they are than text. */
const SCALE = 3;
const ROWS = BODY.baseline - BODY.capTop;

/** Undefined: there are no six such digits in one row. */
export function readCode(frame: Frame): string | undefined {
  for (let y = 0; y + ROWS * SCALE <= DISPLAY_HEIGHT; y++) {
    let code = '';
    for (let x = 0; x < DISPLAY_WIDTH; ) {
      const digit = [...'0123456789'].find((one) => stands(frame, one, x, y));
      code += digit ?? '';
      x += digit === undefined ? 1 : BODY.glyph(digit).width * SCALE;
    }
    if (code.length === 6) return code;
  }
  return undefined;
}

function stands(frame: Frame, digit: string, left: number, top: number): boolean {
  const glyph = BODY.glyph(digit);
  // With the columns beside it: a 1 is no part of another digit.
  for (let y = 0; y < ROWS * SCALE; y++) {
    const bits = glyph.rows[BODY.capTop + Math.floor(y / SCALE)] ?? 0;
    for (let x = -1; x <= glyph.width * SCALE; x++) {
      const column = left + x;
      const inside = column >= 0 && column < DISPLAY_WIDTH;
      const ink = ((bits >> Math.floor(x / SCALE)) & 1) === 1 && x >= 0;
      if ((inside && isLit(frame, column, top + y)) !== ink) return false;
    }
  }
  return true;
}
