import fc from 'fast-check';
import { expect, test } from 'vitest';
import { OLED_FRAME_BYTES, OLED_HEIGHT, OLED_WIDTH, paintFrame } from './oled-image.ts';

const painted = (frame: Uint8Array, brightness: number, scale: number): Uint32Array => {
  const pixels = new Uint32Array(128 * 64 * scale * scale);
  paintFrame(frame, brightness, scale, pixels);
  return pixels;
};

test('a pixel lies where the page layout says: bit 3 of octet 128 + 5 is column 5, row 11', () => {
  const frame = new Uint8Array(OLED_FRAME_BYTES);
  frame[128 + 5] = 1 << 3;
  const pixels = painted(frame, 1, 1);
  const lit = [...pixels.keys()].filter((at) => pixels[at] !== pixels[0]);
  expect(lit).toEqual([11 * 128 + 5]);
});

test('what is painted can be read back at every scale and brightness above 0', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: OLED_FRAME_BYTES, maxLength: OLED_FRAME_BYTES }),
      fc.integer({ min: 1, max: 5 }),
      fc.double({ min: 0.01, max: 1, noNaN: true }),
      (frame, scale, brightness) => {
        const pixels = painted(frame, brightness, scale);
        expect(readFrame(new Uint8Array(pixels.buffer), scale)).toEqual(frame);
      },
    ),
    { numRuns: 20 },
  );
});

test('brightness 0 is dark, and a dimmer display is dimmer', () => {
  const frame = new Uint8Array(OLED_FRAME_BYTES).fill(0xff);
  const green = (brightness: number): number =>
    new Uint8Array(painted(frame, brightness, 1).buffer)[1] ?? 0;
  expect(
    readFrame(new Uint8Array(painted(frame, 0, 2).buffer), 2).every((octet) => octet === 0),
  ).toBe(true);
  expect(green(0.1)).toBeLessThan(green(0.5));
  expect(green(0.5)).toBeLessThan(green(1));
});

/** The frame that an eye sees: a dot is lit when its middle is brighter than the glass. */
function readFrame(rgba: Uint8Array, scale: number): Uint8Array {
  const frame = new Uint8Array(OLED_FRAME_BYTES);
  const middle = Math.floor(scale / 2);
  for (let y = 0; y < OLED_HEIGHT; y++) {
    for (let x = 0; x < OLED_WIDTH; x++) {
      const at = (y * scale + middle) * OLED_WIDTH * scale + x * scale + middle;
      if ((rgba[4 * at + 1] ?? 0) < 30) continue;
      const octet = (y >> 3) * OLED_WIDTH + x;
      frame[octet] = (frame[octet] ?? 0) | (1 << (y & 7));
    }
  }
  return frame;
}
