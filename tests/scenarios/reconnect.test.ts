/** A link that is cut, a box that is killed: how soon notes are heard again, and that none hangs. */
import { expect, test } from 'vitest';
import { millis, openBand, seconds } from './band.ts';

const SEEDS = [1, 2, 3, 4, 5];

/** Seconds from now until something that is played on box 1 is heard on box 2. */
async function untilHeard(band: Awaited<ReturnType<typeof openBand>>): Promise<number> {
  const [one, two] = [band.box(1), band.box(2)];
  const begun = band.clock.now();
  const heard = (): boolean => two.sounding.some(([, key]) => key >= 60);
  // A musician who is not heard plays on: another key each time.
  for (let key = 60; !heard() && key < 127; key++) {
    one.press(key);
    for (let turn = 0; turn < 10 && !heard(); turn++) await band.run(millis(20));
    one.lift(key);
  }
  const took = (band.clock.now() - begun) / 1e6;
  await band.run(seconds(2));
  expect(two.sounding, `nothing hangs (seed ${band.seed})`).toEqual([]);
  return took;
}

test.each([1, 5, 60])(
  'after a cut of %i s notes are heard within two seconds, and what sounded has ended',
  async (cut) => {
    const took: number[] = [];
    for (const seed of SEEDS) {
      await using band = await openBand({ boxes: 2, network: 'wifi', seed, step: millis(5) });
      await band.gather();
      band.box(1).press(40);
      await band.run(seconds(1));
      band.network.partition(['10.0.0.1'], ['10.0.0.2']);
      await band.run(seconds(cut / 2));
      band.box(1).lift(40);
      await band.run(seconds(cut / 2));
      band.network.heal();
      took.push(await untilHeard(band));
      const counts = band.members.map(({ box }) => box.session.context?.participants.length);
      expect(counts, `seed ${seed}`).toEqual([2, 2]);
    }
    expect(Math.max(...took), took.join(', ')).toBeLessThan(2);
  },
  120_000,
);
