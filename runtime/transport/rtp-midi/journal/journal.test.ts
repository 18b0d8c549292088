/** Journals as a whole, octet by octet beside figures 8 to 10 of RFC 6295. Each chapter has a test of its own. */
import { describe, expect, test } from 'vitest';
import {
  journalOf,
  messageOf,
  NOW,
  ONE_CHANNEL,
  played,
  repaired,
  tryRepair,
  written,
} from '../../../../tests/channel-journal/by-hand.ts';
import { readJournal } from './journal-reader.ts';
import { StreamState } from './stream-state.ts';

const EMPTY = '801234';

/** Every channel chapter. */
const EVERYTHING =
  'b00002 b02003 c005 b00764 b0407f e00150 903c64 903c64 803c20 d011 a03c20 b06500 b06402 b00640';

describe('written', () => {
  test('nothing due is an empty journal of three octets, S set (items 14, 15)', () => {
    expect(written(played(''))).toBe(EMPTY);
    expect(written(played('903c64'), { confirmed: 1, anchor: 1 })).toBe(EMPTY);
  });

  test('chapters stand in the order of the table of contents, each channel after LENGTH (item 14)', () => {
    // S CHAN H LENGTH, contents; P, C, M, W, N, E, T, A.
    expect(journalOf(EVERYTHING)).toBe(
      ONE_CHANNEL +
        '8024ff' +
        '858203' +
        '84' +
        '8002' +
        'a003' +
        '8764' +
        'c07f' +
        'c081' +
        'b405' +
        '828240' +
        '8150' +
        '8077' +
        '08' +
        '81' +
        'bc01' +
        'bca0' +
        '91' +
        '80' +
        'bc20',
    );
  });

  test('sixteen channels, each once, in ascending order; A and TOTCHAN tell how many (item 14)', () => {
    const state = new StreamState();
    for (let i = 0; i < 16; i++) {
      state.apply(messageOf(`9${((i * 7) % 16).toString(16)}3c64`), i + 1, NOW);
    }
    const journal = Buffer.from(written(state), 'hex');
    expect(journal[0]).toBe(0xaf);
    for (let channel = 0; channel < 16; channel++) {
      expect((journal[3 + channel * 7] ?? 0) & 0x78).toBe(channel << 3);
    }
    expect(journal.length).toBe(3 + 16 * 7);
  });

  test('a channel whose chapters exceed what LENGTH can say is not written (item 14a)', () => {
    const state = new StreamState();
    let stamp = 1;
    const apply = (hex: string): void => state.apply(messageOf(hex), stamp++, NOW);
    for (let i = 0; i < 128; i++) {
      const number = i.toString(16).padStart(2, '0');
      for (const status of ['90', '90', 'a0']) apply(`${status}${number}11`);
      if (i < 98) apply(`b0${number}11`);
    }
    // 128 logs in each of N, E and A, 104 in C: 3 + 258 + 257 + 257 + 209 octets are just possible.
    expect(written(state).length / 2).toBe(3 + 984);
    for (let i = 0; i < 9; i++) for (const cc of ['62', '06', '26']) apply(`b0${cc}1${i}`);
    expect(written(state)).toBe('too long');
  });

  test('S is 0 for what the packet before holds, and in all that encloses it (item 15a)', () => {
    // The wheel was in packet I-1; the controller before it.
    expect(written(played('b00740 e00150'), { previous: 1 })).toBe(
      '201234' + '000850' + '80' + '8740' + '0150',
    );
    expect(written(played('b00740 e10150'), { previous: 1 })).toBe(
      '211234' + '800640' + '80' + '8740' + '080510' + '0150',
    );
  });

  test('what was confirmed leaves the journal; lasting state stays as long as it is anchored (item 15)', () => {
    const state = played('c005 b00740 e00150 903c64 903e64');
    expect(written(state, { confirmed: 4, anchor: 4 })).toBe(`${ONE_CHANNEL}80070881f0bee4`);
    const anchored = Buffer.from(written(state, { confirmed: 5, anchor: 0 }), 'hex');
    expect(anchored[5]).toBe(0x80 | 0x40 | 0x10);
  });

  test('a Reset State command leaves no channel anything to code (item 15b)', () => {
    for (const reset of [
      'ff',
      'f07e7f0901f7',
      'f07e7f0903f7',
      'f07e7f0900f7',
      'f07e7f0a01f7',
      'f07e7f0a02f7',
    ]) {
      const state = played(EVERYTHING);
      state.apply(messageOf(reset), 50, NOW);
      const header = Number.parseInt(written(state).slice(0, 2), 16);
      expect(header & 0x20, reset).toBe(0);
    }
    for (const other of ['f07e7f0902f7', 'f07e7f0a03f7', 'f0437f0901f7', 'f07e7f090100f7']) {
      const state = played(EVERYTHING);
      state.apply(messageOf(other), 50, NOW);
      expect(Number.parseInt(written(state).slice(0, 2), 16) & 0x20, other).toBe(0x20);
    }
  });
});

describe('read', () => {
  test('nothing that was heard is played again (item 19)', () => {
    expect(repaired(played(EVERYTHING), journalOf(EVERYTHING))).toEqual([]);
  });

  test('after one missing packet, elements with S = 1 are passed over (item 15a)', () => {
    const journal = journalOf('b00740 e00150 903c64', { previous: 1 });
    expect(repaired(new StreamState(), journal, { single: true })).toEqual(['e00150', '903c64']);
    const skipped = journalOf('b00740 e00150', {});
    expect(repaired(new StreamState(), skipped, { single: true })).toEqual([]);
  });
});

describe('malformed', () => {
  test.each([
    ['8012', 'journalTruncated'],
    ['a01234', 'journalTruncated'],
    ['c01234', 'journalTruncated'],
    ['c012348001', 'journalLength'],
    ['c01234800500', 'journalLength'],
    ['a01234800200', 'journalLength'],
    ['a01234800910', 'journalLength'],
    ['a01234800510850000', 'journalTrailing'],
    ['a01234' + '800610' + '815000', 'chapterLength'],
    ['a01234' + '800410' + '81', 'chapterLength'],
    ['a01234' + '800508' + '80c1', 'chapterLength'],
    ['a01234' + '800520' + 'a007', 'chapterLength'],
    ['a01234' + '800620' + '8003' + '05', 'chapterLength'],
    ['a01234' + '800520' + 'c002', 'chapterLength'],
    ['a11234' + '880402' + '50' + '800402' + '51', 'channelOrder'],
    ['80123400', 'journalTrailing'],
  ])('%s: %s', (hex, kind) => {
    const bytes = Buffer.from(hex, 'hex');
    expect(readJournal(bytes, 0, bytes.length)).toBe(kind);
  });

  test('a channel journal that its chapters do not fill spoils only itself (item 16)', () => {
    for (const spoiled of [
      '800610' + '815000',
      '800410' + '81',
      '800508' + '80c1',
      '800520' + 'a007',
    ]) {
      const journal = `a212348${spoiled.slice(1)}880510815090040251`;
      const { emitted, fault } = tryRepair(new StreamState(), journal);
      expect(fault).toBe('chapterLength');
      expect(emitted).toEqual(['e10150', 'd251']);
    }
  });

  test('what a LENGTH beyond the packet cuts off does not spoil what came before it (item 16)', () => {
    const journal = 'a11234' + '800510' + '8150' + '880910' + '8150';
    const { emitted, fault } = tryRepair(new StreamState(), journal);
    expect(fault).toBe('journalLength');
    expect(emitted).toEqual(['e00150']);
  });

  test('forms that others send and we do not are stepped over by their length (items 14a, 16, 21c)', () => {
    const fault = (hex: string): string | undefined => {
      const bytes = Buffer.from(hex, 'hex');
      return readJournal(bytes, 0, bytes.length);
    };
    // A recency log in Chapter X; enhanced Chapter C (H = 1); parameter logs with U, Z and a count field.
    expect(fault('c01234' + '8405' + '4b0185')).toBeUndefined();
    expect(fault('b01234' + '840840' + '81' + '8ac1' + '8a05')).toBeUndefined();
    expect(fault('a01234' + '800920' + '9406' + '828a4005')).toBeUndefined();
  });
});
