import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Histogram } from './histogram.ts';

test('quantiles of any values are within 4 % of the exact ones', () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 2_000_000_000 }), { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (values, q) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const sorted = values.toSorted((a, b) => a - b);
        const exact = sorted[Math.max(0, Math.ceil(q * values.length) - 1)] ?? 0;
        expect(Math.abs(histogram.quantile(q) - exact)).toBeLessThanOrEqual(exact * 0.04);
        expect(histogram.count).toBe(values.length);
        expect(histogram.sum).toBe(values.reduce((sum, value) => sum + value, 0));
        expect(histogram.max).toBe(sorted.at(-1));
      },
    ),
  );
});

test('values outside the range count at its ends', () => {
  const histogram = new Histogram();
  histogram.record(-5);
  histogram.record(Number.NaN);
  histogram.record(1e15);
  expect(histogram.countAtMost(0)).toBe(2);
  expect(histogram.quantile(1)).toBe(0x7fff_ffff);
});

test('counts at a bound rise with it, and clearing forgets everything', () => {
  const histogram = new Histogram();
  for (let value = 0; value < 10_000; value += 10) histogram.record(value);
  expect(histogram.countAtMost(-1)).toBe(0);
  expect(histogram.countAtMost(20)).toBe(3);
  expect(histogram.countAtMost(5_000)).toBeGreaterThanOrEqual(495);
  expect(histogram.countAtMost(5_000)).toBeLessThanOrEqual(520);
  expect(histogram.countAtMost(1e9)).toBe(1_000);
  histogram.clear();
  expect([histogram.count, histogram.sum, histogram.quantile(0.5)]).toEqual([0, 0, 0]);
});
