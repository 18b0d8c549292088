import { expect, test } from 'vitest';
import type { Instant } from '../../core/time.ts';
import { RateLimit } from './rate-limit.ts';

const SECOND = 1_000_000;

/** Octets a second that get through of packets of this size, tried every millisecond for a minute. */
function through(limit: RateLimit, octets: number): number {
  let passed = 0;
  for (let ms = 0; ms < 60_000; ms++) {
    if (limit.allows(octets, (ms * 1_000) as Instant)) passed += octets;
  }
  return passed / 60;
}

test('a limit is kept to, whatever the size of packets; a packet larger than what a second allows gets through, too', () => {
  for (const octets of [20, 100, 1_400]) {
    const limit = new RateLimit();
    limit.set(64_000);
    expect(through(limit, octets)).toBeGreaterThan(7_900);
    expect(through(limit, octets)).toBeLessThan(8_300);
  }
  const least = new RateLimit();
  least.set(1);
  expect(through(least, 1_400)).toBeGreaterThan(980);
  expect(through(least, 1_400)).toBeLessThan(1_100);
});

test('0 lifts a limit', () => {
  const limit = new RateLimit();
  limit.set(8_000);
  expect(through(limit, 100)).toBeLessThan(1_100);
  limit.set(0);
  expect(through(limit, 100)).toBe(100_000);
  expect(limit.readyAt(5 as Instant)).toBe(5);
});

test('a copy leaves half of what is saved up to packets that matter more', () => {
  const limit = new RateLimit();
  limit.set(80_000);
  let copies = 0;
  while (limit.allowsExtra(100, SECOND as Instant)) copies++;
  let packets = 0;
  while (limit.allows(100, SECOND as Instant)) packets++;
  expect([copies, packets]).toEqual([13, 12]);
  expect(limit.readyAt(SECOND as Instant)).toBeGreaterThan(SECOND);
});
