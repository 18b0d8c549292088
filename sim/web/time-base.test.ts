import { expect, test } from 'vitest';
import { openTimeBase } from './time-base.ts';

test('the quickest message tells the offset', () => {
  const base = openTimeBase();
  base.hear(1_000, 51_009);
  base.hear(1_020, 51_021);
  base.hear(1_040, 51_080);
  expect(base.toPage(2_000)).toBe(52_001);
  expect(base.toSim(52_001)).toBe(2_000);
});

test('a clock that drifts is followed after two windows', () => {
  const base = openTimeBase();
  for (let page = 0; page < 100_000; page += 100) base.hear(page * 0.999, page + 5);
  const error = base.toPage(100_000 * 0.999) - 100_005;
  expect(Math.abs(error)).toBeLessThan(50);
});

test('a simulator that began again is believed at once', () => {
  const base = openTimeBase();
  base.hear(500_000, 10_000);
  base.reset();
  base.hear(100, 10_500);
  expect(base.toPage(100)).toBe(10_500);
});

test('after a long silence only what is new counts', () => {
  const base = openTimeBase();
  base.hear(500_000, 10_000);
  base.hear(549_000, 60_000);
  expect(base.toPage(549_000)).toBe(60_000);
});
