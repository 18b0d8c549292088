import { describe, expect, test } from 'vitest';
import type { Instant } from '../../runtime/core/time.ts';
import type { AudioInput } from '../../runtime/ports/audio-input.ts';
import type { Clock } from '../../runtime/ports/clock.ts';

export interface AudioInputRig extends AsyncDisposable {
  readonly clock: Clock;
  readonly input: AudioInput;
  until(reached: () => boolean): Promise<void>;
  /** Lets time pass for a few blocks. */
  quiet(): Promise<void>;
  /** Makes the device lose so many samples; undefined where that can't be made to happen. */
  readonly overrun: ((samples: number) => void) | undefined;
  readonly lose: (() => void) | undefined;
}

export function audioInputContract(name: string, openRig: () => Promise<AudioInputRig>): void {
  describe(`${name} keeps the AudioInput contract`, () => {
    test('blocks have the promised size and values in -1 to 1', async () => {
      await using rig = await openRig();
      let blocks = 0;
      let bad = 0;
      rig.input.onBlock((samples) => {
        blocks++;
        if (samples.length !== rig.input.blockSize) bad++;
        for (const sample of samples) if (!(sample >= -1 && sample <= 1)) bad++;
      });
      await rig.until(() => blocks >= 20);
      expect(bad).toBe(0);
    });

    test('the instants are those of the last sample: a block apart, never ahead of the clock', async () => {
      await using rig = await openRig();
      const instants: Instant[] = [];
      let ahead = 0;
      rig.input.onBlock((_samples, at) => {
        instants.push(at);
        if (at > rig.clock.now()) ahead++;
      });
      await rig.until(() => instants.length >= 101);
      expect(ahead).toBe(0);
      const block = (rig.input.blockSize * 1_000_000) / rig.input.sampleRate;
      const whole = (instants[100] ?? 0) - (instants[0] ?? 0);
      expect(whole / 100 / block).toBeCloseTo(1, 2);
    });

    test('an overrun is told with the number of samples lost', async (context) => {
      await using rig = await openRig();
      if (!rig.overrun) return context.skip('this device cannot be made to overrun');
      const lost: number[] = [];
      rig.input.onOverrun((samples) => void lost.push(samples));
      rig.overrun(300);
      await rig.until(() => lost.length > 0);
      expect(lost).toEqual([300]);
    });

    test('a device that goes away is told once, and no block comes after it', async (context) => {
      await using rig = await openRig();
      if (!rig.lose) return context.skip('this device cannot be made to go away');
      let told = 0;
      let after = 0;
      rig.input.onLost(() => told++);
      rig.lose();
      rig.lose();
      rig.input.onBlock(() => after++);
      await rig.quiet();
      expect({ told, after }).toEqual({ told: 1, after: 0 });
    });

    test('no block comes after dispose, which does not count as a loss and may be repeated', async () => {
      await using rig = await openRig();
      let heard = 0;
      rig.input.onBlock(() => heard++);
      rig.input.onLost(() => heard++);
      await rig.input[Symbol.asyncDispose]();
      await rig.input[Symbol.asyncDispose]();
      await rig.quiet();
      expect(heard).toBe(0);
    });

    test('a disposed listener hears nothing more', async () => {
      await using rig = await openRig();
      let blocks = 0;
      let more = 0;
      rig.input.onBlock(() => more++)[Symbol.dispose]();
      rig.input.onBlock(() => blocks++);
      await rig.until(() => blocks > 3);
      expect(more).toBe(0);
    });
  });
}
