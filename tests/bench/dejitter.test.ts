/** Guards what the bench shows; the figures themselves are in its table. */
import { describe, expect, test } from 'vitest';
import { BENCH_PROFILES, compare } from './dejitter-comparison.ts';

describe.each(BENCH_PROFILES.map((profile) => [profile] as const))('on %s', (profile) => {
  const rows = compare(profile, 6);
  const row = (change: string) => {
    const found = rows.find((one) => one.change === change);
    if (!found) throw new Error(`no row for ${change}`);
    return found;
  };

  test('the adaptive buffer has less jitter than playing on arrival, whatever changes', () => {
    for (const { adaptive, arrival } of rows) {
      expect(adaptive.jitter).toBeLessThan(arrival.jitter);
      expect(adaptive.spread).toBeLessThan(arrival.spread);
      expect(adaptive.interval).toBeLessThan(arrival.interval);
    }
  });

  test('it has less jitter than one constant of the same median delay over changing conditions', () => {
    const { adaptive, fixed } = row('all');
    expect(fixed.median).toBeCloseTo(adaptive.median, 1);
    expect(adaptive.jitter).toBeLessThan(fixed.jitter);
    expect(adaptive.spread).toBeLessThan(fixed.spread);
    expect(adaptive.interval).toBeLessThan(fixed.interval);
  });

  test('while nothing changes it is as good as the best constant, to 5 % or a tenth of a millisecond', () => {
    const { adaptive, fixed } = row('steady');
    expect(adaptive.jitter).toBeLessThan(fixed.jitter * 1.05 + 0.1);
    expect(adaptive.interval).toBeLessThan(fixed.interval * 1.05 + 0.1);
  });

  test('it is heard earlier than through a buffer of the 99th percentile', () => {
    for (const { adaptive, p99 } of rows) expect(adaptive.median).toBeLessThan(p99.median);
  });
});
