import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DelayWindow } from './delay-window.ts';

/** What the window should know: the last `capacity` values, less what was forgotten. */
function exact(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const low = sorted[Math.floor(at)] ?? 0;
  const high = sorted[Math.ceil(at)] ?? low;
  return low + (high - low) * (at - Math.floor(at));
}

test('quantiles are those of the last values, also after forgetting', () => {
  const step = fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: -500, max: 500 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 20 }).map((kept) => ({ kept })) },
  );
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 200 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.integer({ min: 1, max: 40 }),
      (steps, q, among) => {
        const window = new DelayWindow(32);
        let values: number[] = [];
        for (const one of steps) {
          if (typeof one === 'number') {
            window.add(one);
            values = [...values, one].slice(-32);
          } else {
            window.keepRecent(one.kept);
            values = one.kept === 0 ? [] : values.slice(-one.kept);
          }
          expect(window.count).toBe(values.length);
          expect(window.quantile(q)).toBeCloseTo(exact(values, q), 6);
          expect(window.recentQuantile(q, among)).toBeCloseTo(exact(values.slice(-among), q), 6);
        }
      },
    ),
  );
});
