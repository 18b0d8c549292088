/** Guards what the bench shows; the figures themselves are in its table. */
import { expect, test } from 'vitest';
import { measureRepairs } from './repair-simulation.ts';

const rows = await measureRepairs(4_000);
const row = (loss: number, delayMillis: number, redundancy: number) => {
  const found = rows.find(
    (one) => one.loss === loss && one.delayMillis === delayMillis && one.redundancy === redundancy,
  );
  if (!found) throw new Error(`no row for ${loss} ${delayMillis} ${redundancy}`);
  return found.figures;
};
const LOSSES = [0.01, 0.05, 0.2];

test('every lost command is made up for, and nothing is played that was over', () => {
  for (const { figures } of rows) expect(figures).toMatchObject({ never: 0, ghosts: 0 });
});

test('half of the lost commands are back within a guard interval and the reorder wait, 99 of 100 within 110 ms (item 36)', () => {
  for (const loss of LOSSES) {
    for (const delay of [0, 20]) {
      expect(row(loss, delay, 0).p50).toBeLessThanOrEqual(33);
      expect(row(loss, delay, 0).p99).toBeLessThanOrEqual(110);
    }
  }
});

test('each copy makes it sooner, leaves fewer notes unheard, and costs one packet', () => {
  for (const delay of [0, 20]) {
    for (const loss of [0.05, 0.2]) {
      const [none, one, two] = [0, 1, 2].map((copies) => row(loss, delay, copies));
      if (!none || !one || !two) continue;
      expect(one.p50).toBeLessThan(none.p50 * 0.75);
      expect(two.p90).toBeLessThan(one.p90);
      expect(one.unheard).toBeLessThanOrEqual(none.unheard);
      expect(two.unheard).toBeLessThanOrEqual(one.unheard);
      expect(one.packets - none.packets).toBeLessThan(1.05);
      expect(two.packets - none.packets).toBeLessThan(2.05);
    }
  }
});
