import { expect, test } from 'vitest';
import { fromMillis, type Instant } from '../../../core/time.ts';
import { Admission } from './admission.ts';
import { Invitees } from './invitees.ts';
import { Strangers } from './strangers.ts';

const at = (seconds: number): Instant => (seconds * 1e6) as Instant;

test('a host may knock sixty-four times, and then sixteen times a second (item 47)', () => {
  const admission = new Admission();
  const allowed = (count: number, now: Instant): number =>
    Array.from({ length: count }, () => admission.allows('a', now)).filter(Boolean).length;
  expect(allowed(100, at(0))).toBe(64);
  expect(allowed(100, at(2))).toBe(32);
  expect(admission.allows('b', at(2))).toBe(true);
});

test('whoever makes up hosts gets no more than all hosts together may knock (item 47)', () => {
  const admission = new Admission();
  const allowed = (from: number, now: Instant): number =>
    Array.from({ length: 5_000 }, (_, i) => admission.allows(`${from + i}`, now)).filter(Boolean)
      .length;
  expect(allowed(0, at(0))).toBe(512);
  expect(allowed(5_000, at(1))).toBe(128);
});

test('an invitation accepted by half waits fifteen seconds, and so do at most 64 of one host, 256 of all', () => {
  const invitees = new Invitees();
  const knock = (ssrc: number, since: Instant, host = 'h'): void =>
    invitees.add({ ssrc, token: 1, name: '', control: { host, port: ssrc }, ownSsrc: 9, since });
  knock(1, at(0));
  expect(invitees.take(1, 1, 'elsewhere', at(1))).toBeUndefined();
  expect(invitees.take(1, 2, 'h', at(1))).toBeUndefined();
  expect(invitees.take(1, 1, 'h', at(1))).toBeDefined();
  expect(invitees.take(1, 1, 'h', at(1))).toBeUndefined();
  knock(2, at(0));
  expect(invitees.take(2, 1, 'h', (at(15) + fromMillis(1)) as Instant)).toBeUndefined();
  knock(3, at(20), 'another');
  for (let ssrc = 100; ssrc < 300; ssrc++) knock(ssrc, at(20));
  const kept = Array.from({ length: 200 }, (_, i) => invitees.take(100 + i, 1, 'h', at(21)));
  expect(kept.filter(Boolean)).toHaveLength(64);
  expect(invitees.take(3, 1, 'another', at(21))).toBeDefined();
  for (let i = 0; i < 1_000; i++) knock(i, at(22), `${i}`);
  const all = Array.from({ length: 1_000 }, (_, i) => invitees.take(i, 1, `${i}`, at(23)));
  expect(all.filter(Boolean)).toHaveLength(256);
});

test('a stranger is told at most twice a second that there is no session, and never at greater length (item 47)', () => {
  const strangers = new Strangers();
  const from = { host: 'h', port: 5 };
  expect(strangers.answers(from, 15, at(0))).toBe(false);
  expect(strangers.answers(from, 16, at(0))).toBe(true);
  expect(strangers.answers(from, 36, at(0.4))).toBe(false);
  expect(strangers.answers({ host: 'h', port: 6 }, 36, at(0.4))).toBe(true);
  expect(strangers.answers(from, 36, at(0.6))).toBe(true);
  const answered = Array.from({ length: 5_000 }, (_, i) =>
    strangers.answers({ host: `${i}`, port: 1 }, 36, at(10)),
  );
  expect(answered.filter(Boolean)).toHaveLength(32);
});
