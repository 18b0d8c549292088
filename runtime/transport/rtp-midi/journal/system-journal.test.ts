/** The system journal as a whole: what is due, S bits, structure, and the order of its repair. */
import { describe, expect, test } from 'vitest';
import { repaired } from '../../../../tests/channel-journal/by-hand.ts';
import {
  hexOf,
  journalFault,
  journalOf,
  journalWith,
  messagesOf,
  NOW,
  played,
  systemJournalOf,
  systemJournals,
} from '../../../../tests/system-journals.ts';
import type { Instant } from '../../../core/time.ts';
import { readJournal } from './journal-reader.ts';
import { StreamState } from './stream-state.ts';

const GM_ON = 'f07e7f0901f7';
const OTHER_RESETS = ['f07e7f0900f7', GM_ON, 'f07e7f0903f7', 'f07e7f0a01f7', 'f07e7f0a02f7'];
/** The chapter bits of a system journal. */
const contentsOf = (journal: string): number => Number.parseInt(journal.slice(0, 2), 16) & 0x7c;

describe('written', () => {
  test.each(systemJournals().map((known) => [known.name, known] as const))('%s', (_name, known) => {
    expect(systemJournalOf(played(known.messages))).toBe(known.journal);
  });

  test('each known system journal is read to its end', () => {
    for (const { name, journal } of systemJournals()) {
      if (journal !== '') expect(journalFault(journalWith(journal)), name).toBeUndefined();
    }
  });

  test('a Reset State command of any kind makes all before it inactive, and is active itself (item 15b)', () => {
    const before = 'f6 f305 fe fa f8 f104 c005 b00740 903c64';
    expect(journalOf(played(`${before} ff`))).toBe(journalWith('c004 c0 81'));
    for (const reset of OTHER_RESETS) {
      const journal = journalOf(played(`${before} ${reset}`));
      expect(Number.parseInt(journal.slice(0, 2), 16) & 0x60, reset).toBe(0x40);
      expect(contentsOf(journal.slice(6)), `${reset}: Chapter X and no other`).toBe(0x04);
    }
    // Nearly the same, but no Reset State command.
    for (const other of ['f07e7f0902f7', 'f07e7f0a03f7', 'f07f7f0901f7', 'f07e7f090101f7']) {
      expect(contentsOf(systemJournalOf(played(`${before} ${other}`))) & 0x78, other).toBe(0x78);
    }
  });

  test('what is confirmed is not coded; what lasts stays until it is anchored, active sensing passes', () => {
    const state = played('ff f6 f305 fe fa f8 f104');
    expect(systemJournalOf(state, { confirmed: 7, anchor: 7 })).toBe('');
    expect(systemJournalOf(state, { confirmed: 7 })).toBe('d80cf0818185e0a040000000');
    expect(systemJournalOf(state, { confirmed: 5, anchor: 5 })).toBe('9808e0a040000000');
  });

  test('S is 0 in elements that code something of the packet before, and in all that enclose them', () => {
    const state = played('ff f6 f305 fe fa f8 f104');
    const written = (previous: number): string => journalOf(state, { previous });
    expect(written(7)).toBe('c01234' + 'f80d' + 'f0818185' + '81' + 'e0' + 'a040000000');
    expect(written(6)).toBe('401234' + '780d' + 'f0818185' + '81' + 'e0' + '2040000000');
    expect(written(5)).toBe('401234' + '780d' + 'f0818185' + '81' + '60' + '2040000000');
    expect(written(3)).toBe('401234' + '780d' + 'f0818185' + '01' + '60' + '2040000000');
    expect(written(2)).toBe('401234' + '780d' + '70818105' + '01' + '60' + '2040000000');
    expect(written(0)).toBe('401234' + '780d' + '70010105' + '01' + '60' + '2040000000');
  });

  test('a command that changes nothing makes Chapter Q due no more than before, but new where it is', () => {
    const state = played('fa f8 fc fc');
    expect(systemJournalOf(state, { confirmed: 3, anchor: 3 })).toBe('');
    expect(systemJournalOf(state, { previous: 3 })).toBe('100320');
    expect(systemJournalOf(played('fa f8 fc f8'), { previous: 3 })).toBe('9003a0');
  });
});

describe('malformed system journals are refused', () => {
  test.each([
    ['a LENGTH below its header', 'c001', 'journalLength'],
    ['a LENGTH beyond the packet', 'c005 c0 81', 'journalLength'],
    ['octets that no chapter takes', 'c005 c0 81 00', 'chapterLength'],
    ['D without its header', 'c002', 'chapterLength'],
    ['D without logs', 'c003 80', 'chapterLength'],
    ['D with a log too few', 'c004 e0 81', 'chapterLength'],
    ['V without its octet', 'a002', 'chapterLength'],
    ['Q without its octet', '9002', 'chapterLength'],
    ['Q without CLOCK', '9004 f0 00', 'chapterLength'],
    ['Q without TIMETOOLS', '9006 f8 0001 00', 'chapterLength'],
    ['F without its octet', '8802', 'chapterLength'],
    ['F without COMPLETE', '8806 c7 210203', 'chapterLength'],
    ['F without PARTIAL', '880a f1 60302012 600000', 'chapterLength'],
  ])('%s', (_what, system, fault) => {
    expect(journalFault(journalWith(system))).toBe(fault);
  });

  test('and do nothing, while the channel journals behind them count (item 16)', () => {
    const heard = new StreamState();
    const bytes = Buffer.from('e01234' + 'c005c08100' + '800510' + '8150', 'hex');
    const emitted: string[] = [];
    const fault = readJournal(bytes, 0, bytes.length, heard, {
      single: false,
      checkpoint: 0,
      inTime: true,
      joining: false,
      at: 0 as Instant,
      extrasAt: -1,
      pedalMoved: false,
      emit: (message) => emitted.push(hexOf(message)),
      assume: () => {},
    });
    expect(fault).toBe('chapterLength');
    expect(emitted).toEqual(['e00150']);
  });
});

describe('repaired', () => {
  test('a Reset first, then SysEx, the rest of D, V, Q, F, and the channels (item 19)', () => {
    const sent = played('c009 90403c');
    const heard = played('c009 90403c');
    const lost =
      'f305 f6 fe fa f104 f07e7f09010203f7 b00740 ff f30a f6 fe fa f8 f104 f07e7f060102f7 b00741 c005';
    for (const [i, message] of messagesOf(lost).entries()) sent.apply(message, 10 + i, NOW);
    expect(repaired(heard, journalOf(sent, { confirmed: 2, anchor: 2 }))).toEqual([
      'ff',
      'f07e7f060102f7',
      'f6',
      'f30a',
      'fe',
      'fa',
      'f8',
      'f104',
      'c005',
      'b00741',
    ]);
    expect(repaired(heard, journalOf(sent, { confirmed: 2, anchor: 2 }))).toEqual([]);
  });

  test('twice from the same journal plays nothing the second time', () => {
    // A series that the source began in its middle: nothing to play.
    const silent = ['880387', '880388'];
    for (const { name, journal } of systemJournals()) {
      if (journal === '') continue;
      const heard = played('90403c');
      const first = repaired(heard, journalWith(journal));
      expect(first.length === 0, name).toBe(silent.includes(journal));
      expect(repaired(heard, journalWith(journal)), name).toEqual([]);
    }
  });

  test('elements with S = 1 are passed over when one packet is missing', () => {
    const single = { single: true };
    for (const { name, journal } of systemJournals()) {
      if (journal === '') continue;
      const heard = played('90403c');
      expect(repaired(heard, journalWith(journal), single), name).toEqual([]);
    }
    const heard = played('90403c');
    const journal = '780d' + '70818105' + '81' + 'e0' + 'a040000000';
    expect(repaired(heard, journalWith(journal, false), single)).toEqual(['f305']);
  });

  test('to one who joins, counts are taken over; song, position and tape are brought', () => {
    const journal = journalOf(played('ff f6 f305 fe fa f8 f8 f07f7f010121020304f7 f104'));
    const heard = new StreamState();
    expect(repaired(heard, journal, { joining: true })).toEqual([
      'f305',
      'fa',
      'f8',
      'f8',
      'f07f7f010121020304f7',
      'f104',
    ]);
    expect(repaired(heard, journal)).toEqual([]);
    expect(heard.system.resets.count).toBe(1);
  });
});
