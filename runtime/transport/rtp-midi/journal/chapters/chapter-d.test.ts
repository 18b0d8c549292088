/** Chapters D and V: what is counted, and undefined commands. What is written is in tests/vectors/rtp-midi. */
import { describe, expect, test } from 'vitest';
import { repaired } from '../../../../../tests/channel-journal/by-hand.ts';
import {
  journalFault,
  journalOf,
  journalWith,
  messagesOf,
  NOW,
  played,
} from '../../../../../tests/system-journals.ts';
import { StreamState } from '../stream-state.ts';

describe('Chapter D, repaired', () => {
  test('acts once if a count differs, whatever the difference; plays the song if its value does (item 28)', () => {
    const heard = played('c005 f6 f303');
    expect(repaired(heard, journalWith('c005 b0 84 83'))).toEqual(['f6']);
    expect(repaired(heard, journalWith('c005 b0 84 83'))).toEqual([]);
    expect(repaired(heard, journalWith('c005 b0 84 87'))).toEqual(['f307']);
    expect(heard.used(0)?.program).toBe(5);
    // A Reset clears the model before the rest is compared: the song is unknown again.
    expect(repaired(heard, journalWith('c006 f0 82 85 87'))).toEqual(['ff', 'f6', 'f307']);
    expect(heard.used(0)?.program).toBe(-1);
    expect(repaired(heard, journalWith('c006 f0 82 85 87'))).toEqual([]);
    // Counts that went round.
    expect(repaired(heard, journalWith('c005 e0 80 80'))).toEqual(['ff', 'f6']);
  });

  test('after a Reset that was heard, plays nothing again', () => {
    const heard = played('f6 f305 ff f6 f306');
    expect(repaired(heard, journalOf(played('f6 f305 ff f6 f306')))).toEqual([]);
  });

  test('a count that nothing told of, because a Reset made its commands inactive, is made up for in silence', () => {
    const sent = played('90403c f6 ff');
    const heard = played('90403c');
    expect(repaired(heard, journalOf(sent))).toEqual(['ff']);
    // The Tune Request before the Reset is missing here for good; the one after it was heard.
    for (const state of [sent, heard]) state.apply(messagesOf('f6')[0] ?? never(), 10, NOW);
    expect(repaired(heard, journalOf(sent))).toEqual([]);
    sent.apply(messagesOf('f6')[0] ?? never(), 11, NOW);
    expect(repaired(heard, journalOf(sent))).toEqual(['f6']);
  });

  test('a lost Tune Request is played although a lost Reset leaves its count in doubt', () => {
    const sent = played('90403c f6 ff');
    const heard = played('90403c');
    expect(repaired(heard, journalOf(sent))).toEqual(['ff']);
    sent.apply(messagesOf('f6')[0] ?? never(), 10, NOW);
    expect(repaired(heard, journalOf(sent))).toEqual(['f6']);
  });

  test('in doubt, a log is explained by a command heard since the checkpoint, and by no older one', () => {
    const inDoubt = (): StreamState => {
      const heard = played('90403c');
      repaired(heard, journalWith('c004 c0 81'));
      heard.apply(messagesOf('f6')[0] ?? never(), 10, NOW);
      return heard;
    };
    expect(repaired(inDoubt(), journalWith('c004 a0 82'), { checkpoint: 10 })).toEqual([]);
    expect(repaired(inDoubt(), journalWith('c004 a0 82'), { checkpoint: 11 })).toEqual(['f6']);
    // S = 0: it is in the packet before, which is missing.
    expect(repaired(inDoubt(), journalWith('4004 20 02', false), { checkpoint: 10 })).toEqual([
      'f6',
    ]);
  });

  test('a Reset lost with a loss that is not covered is played; to one who is new it is not', () => {
    const joining = { joining: true };
    expect(repaired(played('c005'), journalWith('c004 c0 81'), joining)).toEqual(['ff']);
    expect(repaired(new StreamState(), journalWith('c005 e0 81 81'), joining)).toEqual([]);
  });

  test('one log with S = 0 is enough when one packet is missing, and only that log counts', () => {
    const heard = played('90403c');
    expect(repaired(heard, journalWith('4006 70 81 01 85', false), { single: true })).toEqual([
      'f6',
    ]);
  });
});

describe('Chapter D, logs of undefined commands', () => {
  // F4 and F5: S C V L DSZ(2) LENGTH(10), COUNT, VALUE, LEGAL. F9 and FD: S C L LENGTH(5), COUNT, LEGAL.
  test.each([
    ['F4, a count', 'c006 88 c003 05'],
    ['F5, a value', 'c007 84 a804 0183'],
    ['F4, a count and a value', 'c007 88 e404 0583'],
    ['F4 with what a future standard may add', 'c009 88 d406 05 112233'],
    ['F9, a count', 'c005 82 c2 07'],
    ['FD with what a future standard may add', 'c007 81 e4 07 1122'],
    ['all seven logs', 'c010 ff 81 81 85 c003 05 a403 81 c2 07 c2 08'],
  ])('%s: passed over (item 28a)', (_what, system) => {
    expect(journalFault(journalWith(system))).toBeUndefined();
    const heard = played('ff f6 f305');
    expect(repaired(heard, journalWith(system))).toEqual([]);
    // And what stands behind it is found: a Chapter V.
    const longer = Number.parseInt(system.slice(0, 4), 16) + 0x2001;
    expect(repaired(heard, journalWith(`${longer.toString(16)}${system.slice(4)}83`))).toEqual([
      'fe',
    ]);
  });

  test.each([
    ['F4 shorter than its header', 'c005 88 c001'],
    ['F4 beyond the journal', 'c006 88 c004 05'],
    ['F4 with a field that LENGTH leaves out', 'c006 88 c002 05'],
    ['F4 longer than its fields', 'c007 88 c004 05 06'],
    ['F4 with a value that never ends', 'c007 88 a804 0103'],
    ['F9 without its header', 'c003 82'],
    ['F9 shorter than its header', 'c004 82 80'],
    ['F9 beyond the journal', 'c005 82 c3 07'],
    ['F9 longer than its fields', 'c006 82 c3 07 08'],
  ])('%s: refused (item 28a)', (_what, system) => {
    expect(journalFault(journalWith(system))).toBe('chapterLength');
  });
});

describe('Chapter V, repaired', () => {
  test('acts once if the count differs (item 29)', () => {
    const heard = played('fe fe');
    expect(repaired(heard, journalWith('a003 85'))).toEqual(['fe']);
    expect(repaired(heard, journalWith('a003 85'))).toEqual([]);
  });
});

function never(): never {
  throw new Error('no message');
}
