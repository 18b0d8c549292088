import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CANVAS_HEIGHT, CANVAS_WIDTH, FrameBuffer, isLit } from './frame-buffer.ts';

/** All lit pixels as "x,y". */
function lit({ frame }: FrameBuffer): string[] {
  const found: string[] = [];
  for (let y = 0; y < 64; y++)
    for (let x = 0; x < 128; x++) if (isLit(frame, x, y)) found.push(`${x},${y}`);
  return found;
}

describe('the frame buffer', () => {
  test('keeps pixels in the page layout of the SSD1306', () => {
    const canvas = new FrameBuffer();
    canvas.pixel(3, 0);
    canvas.pixel(3, 7);
    canvas.pixel(5, 18);
    expect(canvas.frame[3]).toBe(0x81);
    expect(canvas.frame[2 * 128 + 5]).toBe(0x04);
    expect(canvas.frame.reduce((sum, octet) => sum + octet, 0)).toBe(0x85);
  });

  test('sets, clears and inverts', () => {
    const canvas = new FrameBuffer();
    canvas.fill({ x: 1, y: 1, width: 3, height: 1 });
    canvas.pixel(1, 1, 'clear');
    canvas.horizontal(0, 1, 3, 'invert');
    expect(lit(canvas)).toEqual(['0,1', '1,1', '3,1']);
  });

  test('an outline is one pixel wide', () => {
    const canvas = new FrameBuffer();
    canvas.outline({ x: 2, y: 2, width: 3, height: 3 });
    expect(lit(canvas)).toEqual(['2,2', '3,2', '4,2', '2,3', '4,3', '2,4', '3,4', '4,4']);
  });

  test('a shifted picture is the same picture, one pixel on', () => {
    const canvas = new FrameBuffer();
    canvas.clear(1, 1);
    canvas.pixel(0, 0);
    canvas.pixel(CANVAS_WIDTH - 1, CANVAS_HEIGHT - 1);
    expect(lit(canvas)).toEqual(['1,1', '127,63']);
  });

  test('text begins where it is put and tells where it ends', () => {
    const canvas = new FrameBuffer();
    expect(canvas.text('il', 10, 0)).toBe(14);
    expect(lit(canvas)).toContain('10,2');
  });

  test('a progress bar is empty at nothing, full at one, and clamps', () => {
    const area = { x: 0, y: 0, width: 20, height: 5 };
    const inside = (part: number): number => {
      const canvas = new FrameBuffer();
      canvas.progress(area, part);
      return lit(canvas).filter((at) => at.endsWith(',2')).length - 2;
    };
    expect([inside(-1), inside(0), inside(0.5), inside(1), inside(7)]).toEqual([0, 0, 8, 16, 16]);
  });

  test('what is clipped stays inside, also when clips are nested', () => {
    const canvas = new FrameBuffer();
    canvas.clipped({ x: 4, y: 4, width: 4, height: 4 }, () => {
      canvas.clipped({ x: 0, y: 5, width: 6, height: 1 }, () => {
        canvas.fill({ x: 0, y: 0, width: 50, height: 50 });
      });
    });
    expect(lit(canvas)).toEqual(['4,5', '5,5']);
  });

  test('whatever is drawn wherever, nothing is written outside of the canvas', () => {
    const place = fc.integer({ min: -300, max: 300 });
    fc.assert(
      fc.property(fc.string(), place, place, place, place, (text, x, y, width, height) => {
        const canvas = new FrameBuffer();
        canvas.text(text, x, y);
        canvas.fill({ x, y, width, height }, 'invert');
        canvas.outline({ x, y, width, height });
        for (let row = 0; row < 64; row++) expect(isLit(canvas.frame, 127, row)).toBe(false);
        for (let column = 0; column < 128; column++) {
          expect(isLit(canvas.frame, column, 63)).toBe(false);
        }
      }),
      { numRuns: 50 },
    );
  });
});
