import { expect, test } from 'vitest';
import { fromSeconds, type Instant } from '../../../core/time.ts';
import { type Invitee, Invitees } from './invitees.ts';

const HOST = '10.0.0.1';
const invitee = (ssrc: number, port: number, seconds: number): Invitee => ({
  ssrc,
  token: ssrc,
  name: 'peer',
  control: { host: HOST, port },
  ownSsrc: 1,
  since: fromSeconds(seconds) as number as Instant,
});
const NOW = fromSeconds(3) as number as Instant;

test('the second half of an invitation belongs to the first, once', () => {
  const invitees = new Invitees();
  invitees.add(invitee(7, 5_004, 1));
  expect(invitees.take(8, 8, HOST, NOW)).toBeUndefined();
  expect(invitees.take(7, 7, HOST, NOW)?.ssrc).toBe(7);
  expect(invitees.take(7, 7, HOST, NOW)).toBeUndefined();
});

test('who began anew at an address is not replaced when the rest of the former invitation comes late (item 45)', () => {
  const invitees = new Invitees();
  invitees.add(invitee(7, 5_004, 1));
  invitees.add(invitee(9, 5_006, 1));
  invitees.add(invitee(8, 5_004, 2));
  expect(invitees.take(8, 8, HOST, NOW)?.ssrc).toBe(8);
  expect(invitees.take(7, 7, HOST, NOW)).toBeUndefined();
  expect(invitees.take(9, 9, HOST, NOW)?.ssrc).toBe(9);
});

test('one that comes too late belongs to none', () => {
  const invitees = new Invitees();
  invitees.add(invitee(7, 5_004, 1));
  expect(invitees.take(7, 7, HOST, fromSeconds(17) as number as Instant)).toBeUndefined();
});
