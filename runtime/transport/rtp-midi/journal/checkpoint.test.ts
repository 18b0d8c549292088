import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromMillis, fromSeconds, type Instant } from '../../../core/time.ts';
import type { JournalView } from './chapter.ts';
import { Checkpoint } from './checkpoint.ts';
import { CHECKPOINT_RULES, type JournalPolicy } from './journal-policy.ts';

const NEVER_SOUNDS = (): number => Number.POSITIVE_INFINITY;

/** A stream of packets with one command each, ten milliseconds apart. */
function open(policy: JournalPolicy, first = 100, before = 0) {
  let now = 1_000_000;
  let stamp = before;
  const checkpoint = new Checkpoint(first, before, now as Instant, CHECKPOINT_RULES[policy]);
  return {
    checkpoint,
    send(packets: number, oldestSounding = NEVER_SOUNDS): void {
      for (let i = 0; i < packets; i++) {
        checkpoint.age(now as Instant, oldestSounding);
        checkpoint.sent(++stamp, now as Instant, false);
        now += fromMillis(10);
      }
    },
    sendEmpty(packets: number): void {
      for (let i = 0; i < packets; i++) {
        checkpoint.age(now as Instant, NEVER_SOUNDS);
        checkpoint.sent(stamp, now as Instant, false);
        now += fromMillis(10);
      }
    },
    report: (packet: number): boolean => checkpoint.report(packet & 0xffff, now as Instant),
    wait(seconds: number): void {
      now += fromSeconds(seconds);
    },
    get view() {
      const view = { confirmed: -1, anchor: -1, previous: -1 } as JournalView;
      checkpoint.view(view);
      return view;
    },
  };
}

test('reports from the checkpoint less one to the last packet are believed, whatever the number wraps to, and no others (item 32)', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 65_000, max: 66_000 }),
      fc.integer({ min: 1, max: 900 }),
      fc.array(fc.tuple(fc.nat(0xffff), fc.nat(50)), { maxLength: 20 }),
      (first, packets, reports) => {
        const { checkpoint, send, report } = open('closed-loop', first);
        send(packets);
        for (const [number, more] of reports) {
          const last = checkpoint.next - 1;
          const from = Math.max(first, checkpoint.packet - 1);
          let meant = -1;
          for (let packet = from; packet <= last; packet++) {
            if ((packet & 0xffff) === number) meant = packet;
          }
          const before = checkpoint.packet;
          expect(report(number)).toBe(meant >= 0);
          expect(checkpoint.packet).toBe(meant >= 0 ? Math.max(before, meant + 1) : before);
          send(more);
        }
      },
    ),
  );
});

test('the checkpoint is the first packet until a report, then the one after it, and never goes back (item 32)', () => {
  const { checkpoint, send, report } = open('closed-loop', 65_530);
  send(10);
  expect(checkpoint.packet).toBe(65_530);
  expect(report(65_535)).toBe(true);
  expect(checkpoint.packet).toBe(65_536);
  send(5);
  // One that overtook another: the older one is true, and says nothing new.
  expect(report(65_538)).toBe(true);
  expect(report(65_535)).toBe(false);
  expect(report(65_538)).toBe(true);
  expect(checkpoint.packet).toBe(65_539);
});

test('closed-loop: what a report confirms is due no longer, for lasting state too (items 32, 33)', () => {
  const stream = open('closed-loop', 100, 40);
  stream.send(10);
  // One who joined after 40 commands is told their lasting state and what sounds, but of no notes that are over.
  expect(stream.view).toMatchObject({ confirmed: 40, anchor: 0, sounding: 0 });
  stream.report(104);
  expect(stream.view).toMatchObject({ confirmed: 45, anchor: 45, sounding: 45, previous: 49 });
});

test('closed-loop falls to open-loop ten seconds after the last report, and a report brings it back (items 33, 35, 35a)', () => {
  const stream = open('closed-loop');
  stream.send(100);
  stream.report(199);
  stream.send(900);
  expect(stream.checkpoint.packet).toBe(200);
  stream.send(300);
  // 500 packets are five seconds.
  expect(stream.checkpoint.next - stream.checkpoint.packet).toBeLessThanOrEqual(502);
  expect(stream.view.anchor).toBe(100);
  expect(stream.report(stream.checkpoint.next - 1)).toBe(true);
  expect(stream.view).toMatchObject({ confirmed: 1_300, anchor: 1_300 });
  stream.send(900);
  expect(stream.checkpoint.packet).toBe(1_400);
});

test('open-loop: age moves the checkpoint to what follows a command, not past empty packets, which may be missing (item 35a)', () => {
  const { checkpoint, send, sendEmpty, wait } = open('open-loop');
  send(3);
  sendEmpty(20);
  wait(10);
  send(2);
  expect(checkpoint.packet).toBe(103);
  wait(10);
  send(1);
  expect(checkpoint.packet).toBe(125);
});

test('open-loop: age alone moves the checkpoint, not past a note that sounds, and lasting state stays (item 35a)', () => {
  const stream = open('open-loop');
  stream.send(1_000);
  expect(stream.checkpoint.next - stream.checkpoint.packet).toBeLessThanOrEqual(502);
  stream.report(stream.checkpoint.next - 1);
  stream.send(1);
  expect(stream.checkpoint.next - stream.checkpoint.packet).toBeGreaterThan(495);
  expect(stream.view.anchor).toBe(0);
  const stamp = stream.view.confirmed + 3;
  stream.send(2_000, () => stamp);
  expect(stream.view.confirmed).toBe(stamp - 1);
  expect(stream.checkpoint.forced).toBe(0);
});

test('anchor: the checkpoint is the first packet, whatever is reported and however long it takes (item 35a)', () => {
  const stream = open('anchor', 500, 7);
  for (let i = 0; i < 20; i++) {
    stream.send(1_000);
    stream.report(stream.checkpoint.next - 1);
    stream.wait(10);
  }
  expect(stream.checkpoint.packet).toBe(500);
  expect(stream.view).toMatchObject({ confirmed: 7, anchor: 0 });
  expect(stream.checkpoint.forced).toBe(0);
});

test('a history of more packets than are remembered moves the checkpoint, which is counted; lasting state stays (item 35)', () => {
  const stream = open('closed-loop');
  stream.checkpoint.report(0, 0 as Instant);
  // A note sounds all the time.
  stream.send(10_000, () => 1);
  expect(stream.checkpoint.next - stream.checkpoint.packet).toBeLessThanOrEqual(4_096);
  expect(stream.checkpoint.forced).toBe(stream.checkpoint.packet - 100);
  expect(stream.view.anchor).toBe(0);
});
