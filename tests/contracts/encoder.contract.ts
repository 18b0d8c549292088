import { describe, expect, test } from 'vitest';
import type { Instant } from '../../runtime/core/time.ts';
import type { Encoder, EncoderEvent } from '../../runtime/ports/encoder.ts';

export interface EncoderRig extends AsyncDisposable {
  readonly encoder: Encoder;
  now(): Instant;
  /** What a hand, a motor or a script does to the knob; resolves when the encoder has had time to tell. */
  turn(detents: number): Promise<void>;
  press(): Promise<void>;
  release(): Promise<void>;
}

export function encoderContract(name: string, openRig: () => Promise<EncoderRig>): void {
  describe(`${name} keeps the Encoder contract`, () => {
    test('clockwise detents are positive, and none is lost', async () => {
      await using rig = await openRig();
      let position = 0;
      rig.encoder.onEvent((event) => {
        if (event.kind === 'turn') position += event.detents;
      });
      await rig.turn(5);
      expect(position).toBe(5);
      await rig.turn(-8);
      expect(position).toBe(-3);
    });

    test('press and release alternate, beginning with press', async () => {
      await using rig = await openRig();
      const kinds: EncoderEvent['kind'][] = [];
      rig.encoder.onEvent((event) => kinds.push(event.kind));
      await rig.release();
      await rig.press();
      await rig.press();
      await rig.release();
      await rig.release();
      await rig.press();
      await rig.release();
      expect(kinds).toEqual(['press', 'release', 'press', 'release']);
    });

    test('instants are of this clock and never go back', async () => {
      await using rig = await openRig();
      const instants: Instant[] = [];
      rig.encoder.onEvent((_, at) => instants.push(at));
      const began = rig.now();
      await rig.turn(1);
      await rig.press();
      await rig.release();
      expect(instants).toHaveLength(3);
      expect([began, ...instants, rig.now()]).toEqual(
        [began, ...instants, rig.now()].toSorted((a, b) => a - b),
      );
    });

    test('a listener that was disposed is told nothing more', async () => {
      await using rig = await openRig();
      let told = 0;
      const listening = rig.encoder.onEvent(() => told++);
      await rig.turn(1);
      listening[Symbol.dispose]();
      await rig.turn(1);
      expect(told).toBe(1);
    });

    test('nothing is told after dispose, and disposing twice is harmless', async () => {
      await using rig = await openRig();
      let told = 0;
      rig.encoder.onEvent(() => told++);
      await rig.encoder[Symbol.asyncDispose]();
      await rig.encoder[Symbol.asyncDispose]();
      await rig.turn(1);
      expect(told).toBe(0);
    });
  });
}
