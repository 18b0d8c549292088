import { expect, test } from 'vitest';
import { JamLedger } from './jam-ledger.ts';
import type { SimNote } from './protocol.ts';

const note = (kind: SimNote['kind'], participant: string, on: boolean, at: number): SimNote => ({
  kind,
  participant,
  on,
  channel: 0,
  key: 60,
  velocity: on ? 100 : 0,
  at,
  cause: 'received',
});
const together = (): boolean => true;

test('a note counts as heard at the delay from its key to the other wire', () => {
  const ledger = new JamLedger(['a', 'b', 'c'], together);
  ledger.note('a', note('played', 'a', true, 100));
  ledger.note('b', note('heard', 'a', true, 130));
  expect(ledger.listening('b')).toMatchObject({ expected: 1, heard: 1, ghosts: 0, delayP50: 30 });
  expect(ledger.listening('c')).toMatchObject({ expected: 1, heard: 0 });
  expect(ledger.listening('a')).toMatchObject({ expected: 0, heard: 0 });
});

test('nobody expects notes of a box that is in no session with them', () => {
  const ledger = new JamLedger(['a', 'b'], () => false);
  ledger.note('a', note('played', 'a', true, 100));
  expect(ledger.listening('b').expected).toBe(0);
});

test('a note that nobody played is a ghost, and so is one that sounds twice', () => {
  const ledger = new JamLedger(['a', 'b'], together);
  ledger.note('a', note('played', 'a', true, 100));
  for (const at of [120, 125]) ledger.note('b', note('heard', 'a', true, at));
  expect(ledger.listening('b')).toMatchObject({ heard: 1, ghosts: 1 });
});

test('of two strokes of one key, the performed time tells which was lost', () => {
  const ledger = new JamLedger(['a', 'b'], together);
  for (const at of [100, 1_100]) ledger.note('a', note('played', 'a', true, at));
  ledger.note('b', { ...note('heard', 'a', true, 1_130), performedAt: 1_101 });
  expect(ledger.listening('b')).toMatchObject({ expected: 2, heard: 1, delayP50: 30 });
});

test('a predicted note is heard when it is played soon after it sounds, and a ghost when it is not', () => {
  const ledger = new JamLedger(['a', 'b'], together);
  const predicted = { ...note('heard', 'a', true, 90), cause: 'predicted' };
  ledger.note('b', predicted);
  expect(ledger.listening('b')).toMatchObject({ expected: 0, heard: 0, ghosts: 1 });
  ledger.note('a', note('played', 'a', true, 100));
  expect(ledger.listening('b')).toMatchObject({ expected: 1, heard: 1, ghosts: 0, delayP50: -10 });
  ledger.note('b', { ...predicted, at: 2_000 });
  ledger.note('a', note('played', 'a', true, 2_400));
  expect(ledger.listening('b')).toMatchObject({ expected: 2, heard: 1, ghosts: 1 });
  ledger.note('b', note('heard', 'a', true, 2_460));
  expect(ledger.listening('b')).toMatchObject({ expected: 2, heard: 2, ghosts: 1 });
});

test('a predicted note is not taken for one that was played long before', () => {
  const ledger = new JamLedger(['a', 'b'], together);
  ledger.note('a', note('played', 'a', true, 100));
  ledger.note('b', { ...note('heard', 'a', true, 600), cause: 'predicted' });
  expect(ledger.listening('b')).toMatchObject({ heard: 0, ghosts: 1 });
});

test('a note is stuck once its player let go of it long ago, and only then', () => {
  const ledger = new JamLedger(['a', 'b'], together);
  ledger.note('a', note('played', 'a', true, 0));
  ledger.note('b', note('heard', 'a', true, 20));
  expect(ledger.stuck('b', 60_000), 'still held').toBe(0);
  ledger.note('a', note('played', 'a', false, 60_000));
  expect(ledger.stuck('b', 60_500), 'its end is on the way').toBe(0);
  expect(ledger.stuck('b', 62_000)).toBe(1);
  ledger.note('b', note('heard', 'a', false, 62_001));
  expect(ledger.stuck('b', 62_002)).toBe(0);
});

test('own notes at the own output, thru, are nobody’s business', () => {
  const ledger = new JamLedger(['a', 'b'], together);
  ledger.note('a', note('heard', 'a', true, 10));
  expect(ledger.listening('a')).toMatchObject({ heard: 0, ghosts: 0 });
});
