import { describe, expect, test } from 'vitest';
import type { Led, Leds } from '../../runtime/ports/leds.ts';

export interface LedsRig extends AsyncDisposable {
  readonly leds: Leds;
  /** How bright it is, 0 to 1; a LED that is only on or off gives 0 or 1. */
  light(led: Led): Promise<number>;
}

export function ledsContract(name: string, openRig: () => Promise<LedsRig>): void {
  describe(`${name} keeps the Leds contract`, () => {
    test('each LED is set by itself', async () => {
      await using rig = await openRig();
      rig.leds.set('link', 1);
      expect([await rig.light('link'), await rig.light('activity')]).toEqual([1, 0]);
      rig.leds.set('activity', 1);
      rig.leds.set('link', 0);
      expect([await rig.light('link'), await rig.light('activity')]).toEqual([0, 1]);
    });

    test('levels outside of 0 to 1 are clamped', async () => {
      await using rig = await openRig();
      rig.leds.set('link', 12);
      expect(await rig.light('link')).toBe(1);
      rig.leds.set('link', -3);
      expect(await rig.light('link')).toBe(0);
    });

    test('disposing twice is harmless', async () => {
      await using rig = await openRig();
      await rig.leds[Symbol.asyncDispose]();
      await rig.leds[Symbol.asyncDispose]();
    });
  });
}
