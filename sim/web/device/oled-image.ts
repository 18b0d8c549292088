/**
 * The OLED's pixels as RGBA, so that they look like lit dots.
 *
 * Takes  a frame in the SSD1306's page layout (runtime/ports/display.ts), a brightness and a scale in device pixels.
 * Gives  RGBA octets of 128 x scale by 64 x scale. From a scale of 3 on, the dots have a dim gap to the right and below.
 */
export const OLED_WIDTH = 128;
export const OLED_HEIGHT = 64;
export const OLED_FRAME_BYTES = 1_024;

/** Dark glass, a dot that is off, and one that is on at full brightness. */
const GLASS = [4, 9, 14] as const;
const LIT = [200, 232, 255] as const;
/** A dim display can still be read: the least share of light of a dot that is on. */
const LEAST_LIGHT = 0.22;
/** Light that spills into the gap beside a dot. */
const SPILL = 0.55;

function isLit(frame: Uint8Array, x: number, y: number): boolean {
  return ((frame[(y >> 3) * OLED_WIDTH + x] ?? 0) & (1 << (y & 7))) !== 0;
}

const pack = (colour: readonly [number, number, number]): number =>
  // Little-endian RGBA, as every browser that runs this stores it.
  ((255 << 24) | (colour[2] << 16) | (colour[1] << 8) | colour[0]) >>> 0;

function litColour(brightness: number, share: number): readonly [number, number, number] {
  const light = share * (LEAST_LIGHT + (1 - LEAST_LIGHT) * Math.min(1, brightness));
  const mix = (i: 0 | 1 | 2): number => Math.round(GLASS[i] + (LIT[i] - GLASS[i]) * light);
  return [mix(0), mix(1), mix(2)];
}

/** `pixels` is RGBA as 32-bit words, (128 x scale) x (64 x scale) of them. */
export function paintFrame(
  frame: Uint8Array,
  brightness: number,
  scale: number,
  pixels: Uint32Array,
): void {
  const on = pack(litColour(brightness, 1));
  const beside = pack(litColour(brightness, SPILL));
  const off = pack(GLASS);
  const dot = scale >= 3 ? scale - 1 : scale;
  const stride = OLED_WIDTH * scale;
  pixels.fill(off);
  if (brightness <= 0) return;
  for (let y = 0; y < OLED_HEIGHT; y++) {
    for (let x = 0; x < OLED_WIDTH; x++) {
      if (!isLit(frame, x, y)) continue;
      const corner = y * scale * stride + x * scale;
      for (let row = 0; row < scale; row++) {
        const start = corner + row * stride;
        if (dot < scale) pixels.fill(beside, start, start + scale);
        if (row < dot) pixels.fill(on, start, start + dot);
      }
    }
  }
}
