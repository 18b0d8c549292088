import { expect, test } from 'vitest';
import { BINS, TimingBins } from './timing-bins.ts';

/** Logits of a bell around a time, in microseconds from the expected one. */
function bell(around: number, sd: number): Float32Array {
  return Float32Array.from({ length: BINS }, (_, bin) => {
    const distance = (bin + 0.5 - BINS / 2) * 4_000 - around;
    return (-distance * distance) / (2 * sd * sd);
  });
}

test('the time is where most of the bell lies within 20 ms', () => {
  const timing = new TimingBins();
  for (const around of [-31_000, -7_300, 0, 1_900, 24_500]) {
    timing.read(bell(around, 9_000), 0);
    expect(Math.abs(timing.offset - around)).toBeLessThan(2_000);
  }
});

test('the probability of 20 ms is that of the bell; all of it when it is narrow, a third when nothing is known', () => {
  const timing = new TimingBins();
  timing.read(bell(0, 10_000), 0);
  expect(timing.within).toBeCloseTo(0.954, 1);
  timing.read(bell(8_000, 2_000), 0);
  expect(timing.within).toBeCloseTo(1, 3);
  timing.read(new Float32Array(BINS), 0);
  expect(timing.within).toBeCloseTo(1 / 3, 5);
});

test('a time beyond the bins is as near to it as they reach', () => {
  const timing = new TimingBins();
  timing.read(bell(90_000, 6_000), 0);
  expect(timing.offset).toBeGreaterThan(40_000);
  expect(timing.offset).toBeLessThanOrEqual(60_000);
});
