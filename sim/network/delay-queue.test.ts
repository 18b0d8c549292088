import fc from 'fast-check';
import { expect, test } from 'vitest';
import { after, type Instant, micros } from '../../runtime/core/time.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { DelayQueue } from './delay-queue.ts';

test('whatever is pushed comes out whole, in order of due, equal ones in order of pushing', () => {
  const packets = fc.array(
    fc.record({
      away: fc.integer({ min: 0, max: 50 }),
      length: fc.integer({ min: 0, max: 3_000 }),
    }),
    { maxLength: 100 },
  );
  fc.assert(
    fc.property(packets, (pushed) => {
      const clock = new VirtualClock();
      const start = clock.now();
      const delivered: { number: number; away: number; length: number; whole: boolean }[] = [];
      const queue = new DelayQueue<number>(clock, 1_000, (bytes, number) => {
        const whole = bytes.every((octet) => octet === number % 256);
        delivered.push({ number, away: clock.now() - start, length: bytes.length, whole });
      });
      pushed.forEach(({ away, length }, number) => {
        const bytes = new Uint8Array(length).fill(number);
        expect(queue.push(bytes, after(start, micros(away)), number)).toBe(true);
        bytes.fill(255);
      });
      expect(delivered).toEqual([]);
      clock.advance(micros(100));
      const expected = pushed
        .map(({ away, length }, number) => ({ number, away, length, whole: true }))
        .sort((a, b) => a.away - b.away || a.number - b.number);
      expect(delivered).toEqual(expected);
      expect(queue.size).toBe(0);
    }),
  );
});

test('when the queue is full the newest is dropped and counted, and there is room again later', () => {
  const clock = new VirtualClock();
  const delivered: string[] = [];
  const queue = new DelayQueue<string>(clock, 2, (_bytes, tag) => void delivered.push(tag));
  const due = after(clock.now(), micros(10));
  const pushed = ['a', 'b', 'c'].map((tag) => queue.push(new Uint8Array(1), due, tag));
  expect(pushed).toEqual([true, true, false]);
  expect(queue.dropped).toBe(1);
  clock.advance(micros(10));
  expect(queue.push(new Uint8Array(1), due, 'd')).toBe(true);
  clock.advance(micros(10));
  expect(delivered).toEqual(['a', 'b', 'd']);
});

test('delivering may push again, which is delivered in its turn', () => {
  const clock = new VirtualClock();
  let left = 5;
  const queue = new DelayQueue<undefined>(clock, 10, (bytes) => {
    if (--left > 0) queue.push(bytes, after(clock.now(), micros(1)), undefined);
  });
  queue.push(new Uint8Array(1), clock.now(), undefined);
  clock.advance(micros(10));
  expect(left).toBe(0);
});

test('a disposed queue delivers nothing', () => {
  const clock = new VirtualClock();
  let delivered = 0;
  const queue = new DelayQueue<undefined>(clock, 10, () => delivered++);
  queue.push(new Uint8Array(1), (clock.now() + 1) as Instant, undefined);
  queue[Symbol.dispose]();
  clock.advance(micros(10));
  expect(delivered).toBe(0);
});
