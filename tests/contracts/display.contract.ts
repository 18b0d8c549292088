import { describe, expect, test } from 'vitest';
import { type Display, FRAME_BYTES, type Frame } from '../../runtime/ports/display.ts';

export interface DisplayRig extends AsyncDisposable {
  readonly display: Display;
  /** What the glass shows once it has come to rest. */
  glass(): Promise<Frame>;
  /** 0 to 1, as the glass has it. */
  brightness(): Promise<number>;
}

const filled = (octet: number): Frame => new Uint8Array(FRAME_BYTES).fill(octet);

export function displayContract(name: string, openRig: () => Promise<DisplayRig>): void {
  describe(`${name} keeps the Display contract`, () => {
    test('the last of many frames is shown', async () => {
      await using rig = await openRig();
      for (let octet = 0; octet < 100; octet++) rig.display.show(filled(octet));
      expect(await rig.glass()).toEqual(filled(99));
    });

    test('a frame is copied before the call returns', async () => {
      await using rig = await openRig();
      const frame = filled(0x55);
      rig.display.show(frame);
      frame.fill(0xaa);
      expect(await rig.glass()).toEqual(filled(0x55));
    });

    test('every pixel keeps its place in the page layout', async () => {
      await using rig = await openRig();
      const frame = new Uint8Array(FRAME_BYTES).map((_, at) => (at * 31 + (at >> 7)) & 0xff);
      rig.display.show(frame);
      expect(await rig.glass()).toEqual(frame);
    });

    test('a frame of another length is refused', async () => {
      await using rig = await openRig();
      expect(() => rig.display.show(new Uint8Array(FRAME_BYTES - 1))).toThrow(RangeError);
      expect(() => rig.display.show(new Uint8Array(FRAME_BYTES + 1))).toThrow(RangeError);
    });

    test('brightness is taken from 0 to 1, and clamped outside', async () => {
      await using rig = await openRig();
      rig.display.setBrightness(-1);
      expect(await rig.brightness()).toBe(0);
      rig.display.setBrightness(7);
      expect(await rig.brightness()).toBe(1);
      rig.display.setBrightness(0.5);
      expect(await rig.brightness()).toBeCloseTo(0.5, 1);
    });

    test('disposing twice is harmless', async () => {
      await using rig = await openRig();
      await rig.display[Symbol.asyncDispose]();
      await rig.display[Symbol.asyncDispose]();
    });
  });
}
