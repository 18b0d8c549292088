/** Chapter P, octet by octet beside figure A.2.1 of RFC 6295, and its repair. */
import { describe, expect, test } from 'vitest';
import {
  journalOf,
  ONE_CHANNEL,
  oneChannel,
  played,
  repaired,
  written,
} from '../../../../../tests/channel-journal/by-hand.ts';

describe('written', () => {
  const P = `${ONE_CHANNEL}800680`;

  test.each([
    ['without a bank all of it is 0', 'c005', '850000'],
    ['a CC 32 alone is no bank', 'b02003 c005', '850000'],
    ['a bank, its MSB, and an LSB between MSB and program', 'b00002 b02003 c005', '858203'],
    ['an LSB before the MSB does not count', 'b02003 b00002 c005', '858200'],
    [
      'the newest MSB counts, without the LSB of an older one',
      'b00002 b02003 b00004 c005',
      '858400',
    ],
    [
      'X: a CC 121 between MSB and program, which leaves the bank alone',
      'b00002 b07900 c005',
      '858280',
    ],
    ['no X when CC 121 came before the MSB', 'b07900 b00002 c005', '858200'],
    ['the bank at the program, not a later one', 'b00002 b02003 c005 b00007 b02001', '858203'],
    ['the newest program', 'c004 b00002 c005', '858200'],
  ])('%s (item 20)', (_what, source, chapter) => {
    const journal = written(played(source));
    expect(Number.parseInt(journal.slice(10, 12), 16) & 0x80).toBe(0x80);
    expect(journal.slice(12, 18)).toBe(chapter);
  });

  test('after a Reset State command there is neither program nor bank (items 15b, 20)', () => {
    expect(Number.parseInt(written(played('b00002 c005 ff')).slice(0, 2), 16) & 0x20).toBe(0);
    expect(written(played('b00002 ff c005'), { anchor: 2, confirmed: 2 })).toBe(`${P}850000`);
  });
});

describe('repaired', () => {
  test.each([
    ['a program and its bank', '', 'b00002 b02003 c005', ['b00002', 'b02003', 'c005']],
    [
      'a program in the bank that is in force',
      'b00002 b02003 c004',
      'b00002 b02003 c004 c005',
      ['c005'],
    ],
    ['nothing, if only the same program came again', 'b00002 c005', 'b00002 c005 c005', []],
    ['a program in another bank', 'b00002 c005', 'b00002 c005 b00003 c005', ['b00003', 'c005']],
    ['an LSB of 0 before the program', '', 'b00002 b02000 c005', ['b00002', 'b02000', 'c005']],
    ['a bank chosen after the program', 'b00002 c005', 'b00002 c005 b00003', ['b00003']],
    [
      'the program before the bank chosen after it',
      '',
      'b00002 c005 b00003',
      ['b00002', 'c005', 'b00003'],
    ],
    [
      'an LSB of 0 instead of another one',
      'b00002 b02003 c005',
      'b00002 b02003 c005 b00002 b02000 c005',
      ['b00002', 'b02000', 'c005'],
    ],
  ])('%s (item 20)', (_what, heard, source, messages) => {
    expect(repaired(played(heard), journalOf(source))).toEqual(messages);
  });

  test('a CC 32 that is no part of the bank keeps its value and its place, however old it is (item 20)', () => {
    const source = 'b02003 b00001 c005';
    const journal = written(played(source), { confirmed: 2, anchor: 2 });
    expect(journal).toBe(`${ONE_CHANNEL}800bc085810081a0038001`);
    // The synthesizer has another bank: it hears that of the program, then what CC 32 and CC 0 were left at.
    expect(repaired(played('b00007 b02003'), journal)).toEqual(
      'b00001 b02000 c005 b02003 b00001'.split(' '),
    );
    expect(repaired(played('b02003 b00001'), journal)).toEqual(['c005']);
    // Also when one packet is missing, although its log then says that nothing of it is new.
    const single = written(played(source), { confirmed: 2, anchor: 2, previous: 2 });
    expect(repaired(played('b00007 b02003'), single, { single: true })).toEqual(
      'b00001 b02000 c005 b02003 b00001'.split(' '),
    );
  });

  test('a peer that leaves CC 0 and 32 to Chapter P has both repaired from it (items 20, 21)', () => {
    const journal = oneChannel('80', '05' + '82' + '03');
    expect(repaired(played(''), journal)).toEqual(['b00002', 'b02003', 'c005']);
    // The program was the same before; the bank that waits for the next one was not.
    expect(repaired(played('b00002 b02003 c005 b00007'), journal)).toEqual(['b00002', 'b02003']);
    expect(repaired(played('b00002 b02003 c005'), journal)).toEqual([]);
  });
});
