import { beforeEach, expect, test } from 'vitest';
import { fromMillis, type Instant } from '../../core/time.ts';
import { PacketCopies, type Redundancy } from './packet-copies.ts';

let now: number;
let sent: string[];
const bytes = Uint8Array.from({ length: 100 }, (_, i) => i);

beforeEach(() => {
  now = 1_000_000;
  sent = [];
});

function open(redundancy: Redundancy): {
  keep: (peer: string, length: number) => void;
  run: (ms: number) => void;
  copies: PacketCopies<string>;
} {
  const copies = new PacketCopies<string>(redundancy, 100);
  return {
    copies,
    keep: (peer, length) => copies.keep(peer, bytes, length, now as Instant),
    run(ms) {
      const end = now + fromMillis(ms);
      while (copies.due <= end) {
        now = copies.due;
        copies.tick(now as Instant, (peer, octets, length) => {
          expect(octets.subarray(0, length)).toEqual(bytes.subarray(0, length));
          sent.push(`${peer} ${length} at ${(now - 1_000_000) / 1_000}`);
        });
      }
      now = end;
    },
  };
}

test('a packet is sent again after 2 ms, and where two copies are wanted after 6 ms', () => {
  const one = open(1);
  one.keep('a', 20);
  one.run(1);
  one.keep('b', 30);
  one.run(20);
  expect(sent).toEqual(['a 20 at 2', 'b 30 at 3']);
  expect(one.copies.due).toBe(Number.POSITIVE_INFINITY);
});

test('copies of several packets go out in the order of time', () => {
  const two = open(2);
  two.keep('a', 20);
  two.run(3);
  two.keep('b', 30);
  two.run(20);
  expect(sent).toEqual(['a 20 at 2', 'b 30 at 5', 'a 20 at 6', 'b 30 at 9']);
});

test('without redundancy nothing is kept, and nothing is due', () => {
  const none = open(0);
  none.keep('a', 20);
  expect(none.copies.due).toBe(Number.POSITIVE_INFINITY);
  none.run(20);
  expect(sent).toEqual([]);
});

test('a flood pushes out the oldest packets, and those copies are counted as dropped', () => {
  const two = open(2);
  for (let i = 0; i < 1_000; i++) two.keep('a', 1 + (i % 100));
  two.run(20);
  expect(sent.length + two.copies.dropped).toBe(2_000);
  expect(sent).toHaveLength(256);
  expect(sent[0]).toBe('a 73 at 2');
});
