/** Chapters W, T and A, octet by octet beside figures A.5.1, A.8.1 and A.9.1 of RFC 6295, and their repair. */
import { describe, expect, test } from 'vitest';
import {
  journalOf,
  ONE_CHANNEL,
  oneChannel,
  played,
  repaired,
  written,
} from '../../../../../tests/channel-journal/by-hand.ts';

const EMPTY = '801234';

describe('written', () => {
  test.each([
    ['W: the newest, its low seven bits first (item 23)', 'e07f7f e00150', '800510' + '8150'],
    ['T: the newest (item 23)', 'd011 d050', '800402' + 'd0'],
    [
      'A: the newest of each key, oldest first (items 15c, 27)',
      'a03c10 a03d20 a03c50',
      '800801' + '81' + 'bd20' + 'bc50',
    ],
    [
      'A: X, if All Notes Off came after it (item 27)',
      'a03c50 b07b00',
      '800941' + '80fbc1' + '80' + 'bcd0',
    ],
    [
      'A: no X for one that came after All Notes Off (item 27)',
      'b07800 a03c50',
      '800941' + '80f8c1' + '80' + 'bc50',
    ],
    ['W stays after All Notes Off (items 15b, 23)', 'e00150 b07b00', '800850' + '80fbc1' + '8150'],
    ['T does not (items 15b, 23)', 'd050 b07b00', '800640' + '80fbc1'],
    [
      'nor does any of them after CC 121 (items 15b, 23, 27)',
      'e00150 d050 a03c50 b07900',
      '800640' + '80f9c1',
    ],
  ])('%s', (_what, source, journal) => {
    expect(written(played(source))).toBe(ONE_CHANNEL + journal);
  });

  test('each says by S whether it was in the packet before (items 15a, 23, 27)', () => {
    expect(written(played('e00150 d050 a03c10 a03d20'), { previous: 3 })).toBe(
      '201234' + '000b13' + '8150' + 'd0' + '01' + 'bc10' + '3d20',
    );
  });

  test('what is confirmed is not coded (item 15)', () => {
    expect(written(played('e00150 d050 a03c10'), { confirmed: 3, anchor: 3 })).toBe(EMPTY);
  });
});

describe('repaired', () => {
  test.each([
    ['a wheel (item 23)', 'e00150', 'e00150 e00040', 'e00040'],
    ['no wheel that is where it was (item 23)', 'e00150', 'e00150 e00040 e00150', ''],
    [
      'a wheel that CC 121 has put to rest (item 23)',
      'e00150',
      'e00150 b07900 e00150',
      'b07900 e00150',
    ],
    ['channel pressure (item 23)', 'd011', 'd011 d012', 'd012'],
    [
      'channel pressure that came again after All Notes Off (item 23)',
      'd011 b07b00',
      'd011 b07b00 d011',
      'd011',
    ],
    ['pressure of a key (item 27)', '903c64', '903c64 a03c20', 'a03c20'],
    ['no pressure that a key has (item 27)', 'a03c20', 'a03c20 a03c10 a03c20', ''],
    [
      'pressure that came again after All Notes Off (item 27)',
      'a03c20 b07b00',
      'a03c20 b07b00 a03c20',
      'a03c20',
    ],
  ])('%s', (_what, heard, source, messages) => {
    expect(repaired(played(heard), journalOf(source)).join(' ')).toBe(messages);
  });

  test('a stale pressure (X) reaches no silent key, but one that was struck since (item 27)', () => {
    expect(repaired(played(''), journalOf('a03c20 b07b00'))).toEqual(['b07b00']);
    expect(repaired(played(''), journalOf('a03c20 b07b00 903c64'))).toEqual([
      'b07b00',
      '903c64',
      'a03c20',
    ]);
  });

  test('reserved bits mean nothing (items 14a, 23)', () => {
    expect(repaired(played(''), oneChannel('10', '01d0'))).toEqual(['e00150']);
  });

  test('after one missing packet, what says S = 1 is passed over (items 15a, 23, 27)', () => {
    const journal = written(played('e00150 d050 a03c10 a03d20'), { previous: 3 });
    expect(repaired(played(''), journal, { single: true })).toEqual(['a03d20']);
    expect(repaired(played(''), journal)).toEqual(['e00150', 'd050', 'a03c10', 'a03d20']);
  });
});
