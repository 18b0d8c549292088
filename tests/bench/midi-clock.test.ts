/** Guards what the bench shows; the figures themselves are in its table. */
import { describe, expect, test } from 'vitest';
import {
  CLOCK_PROFILES,
  compareClocks,
  STRAYS,
  stepResponse,
  timeToLock,
} from './midi-clock-comparison.ts';

const SEED = 3;

describe.each(CLOCK_PROFILES.map((profile) => [profile] as const))('on %s', (profile) => {
  test.each(STRAYS)(
    'MIDI clock from a source that strays by %s ms is regenerated at least ten times as even as it arrives, and at its place',
    async (stray) => {
      const { regenerated, forwarded, misplaced, relocations } = await compareClocks(
        profile,
        stray,
        SEED,
      );
      expect(regenerated.deviation).toBeLessThan(Math.max(0.1, forwarded.deviation / 10));
      expect(regenerated.p99).toBeLessThan(0.5);
      expect([regenerated.lost, misplaced, relocations]).toEqual([0, 0, 0]);
      // Past a Stop that came late.
      expect(regenerated.extra).toBeLessThan(4);
    },
  );

  test('a new tempo is followed within a beat', async () => {
    const beats: number[] = [];
    for (const seed of [1, 2, 3]) {
      beats.push((await stepResponse(profile, 1, 120, 126, seed)).settledBeats);
    }
    expect(beats.sort((a, b) => a - b)[1]).toBeLessThan(1);
  });

  test('a source that begins is followed evenly within a quarter of a second', async () => {
    expect(await timeToLock(profile, 1, SEED)).toBeLessThan(250);
  });
});
