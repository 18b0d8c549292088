import { expect, test } from 'vitest';
import { instant } from './time.ts';
import { TokenBucket } from './token-bucket.ts';

test('a bucket gives its burst at once, then its rate, and saves no more than the burst', () => {
  const bucket = new TokenBucket(10, 3);
  const takes = (at: number, tokens = 1): boolean => bucket.take(tokens, instant(at));
  expect([takes(0), takes(0), takes(0), takes(0)]).toEqual([true, true, true, false]);
  expect([takes(99_000), takes(100_000), takes(150_000)]).toEqual([false, true, false]);
  expect([takes(90_000_000, 4), takes(90_000_000, 3), takes(90_000_000)]).toEqual([
    false,
    true,
    false,
  ]);
});

test('what is refused costs nothing, and a clock that stands still gives nothing', () => {
  const bucket = new TokenBucket(1, 2);
  expect(bucket.take(3, instant(5))).toBe(false);
  expect(bucket.take(2, instant(5))).toBe(true);
  expect(bucket.take(1, instant(5))).toBe(false);
});
