/** Journals written and read, octet by octet, beside the figures of RFC 6295. */
import { describe, expect, test } from 'vitest';
import { encodeMessage, shortMessage } from '../../../core/midi-bytes.ts';
import type { MidiMessage } from '../../../core/midi-message.ts';
import { after, type Instant, micros } from '../../../core/time.ts';
import type { JournalView } from './chapter.ts';
import { PLAY_HINT } from './chapters/chapter-n.ts';
import { type JournalRepair, readJournal } from './journal-reader.ts';
import { JOURNAL_OCTETS, writeJournal } from './journal-writer.ts';
import { StreamState } from './stream-state.ts';

const CHECKPOINT = 0x1234;
const NOW = 10_000_000 as Instant;

/** Plays octets, one message per word, a millisecond apart, the last one now. */
function played(hex: string, first = 1): StreamState {
  const state = new StreamState();
  const messages = hex === '' ? [] : hex.split(' ').map(messageOf);
  for (const [i, message] of messages.entries()) {
    state.apply(message, first + i, (NOW - (messages.length - 1 - i) * 1_000) as Instant);
  }
  return state;
}

function messageOf(hex: string): MidiMessage {
  const [status = 0, data1 = 0, data2 = 0] = Buffer.from(hex, 'hex');
  return shortMessage(status, data1, data2) as MidiMessage;
}

function written(state: StreamState, view: Partial<JournalView> = {}): string {
  const out = new Uint8Array(JOURNAL_OCTETS);
  const full = { confirmed: 0, anchor: 0, previous: 1e9, at: NOW, fresh: false, ...view };
  return Buffer.from(out.subarray(0, writeJournal(state, full, CHECKPOINT, out, 0))).toString(
    'hex',
  );
}

/** What a receiver in state `heard` plays when it reads the journal. */
function repaired(
  heard: StreamState,
  journal: string,
  repair: Partial<JournalRepair> = {},
): string[] {
  const emitted: string[] = [];
  const bytes = Buffer.from(journal, 'hex');
  const take = (message: MidiMessage): void => heard.apply(message, 1_000, NOW);
  const full: JournalRepair = {
    single: false,
    checkpoint: 0,
    inTime: true,
    joining: false,
    at: NOW,
    extrasAt: -1,
    pedalMoved: false,
    emit: (message) => {
      emitted.push(Buffer.from(encodeMessage(message)).toString('hex'));
      take(message);
    },
    assume: take,
    ...repair,
  };
  expect(readJournal(bytes, 0, bytes.length, heard, full)).toBeUndefined();
  return emitted;
}

describe('written', () => {
  test('nothing due is an empty journal of three octets, S set', () => {
    expect(written(played(''))).toBe('801234');
    expect(written(played('903c64'), { confirmed: 1, anchor: 1 })).toBe('801234');
  });

  // Header S A TOTCHAN, checkpoint; channel header S CHAN LENGTH, contents; chapters.
  test.each([
    ['P without bank', 'c005', 'a01234' + '800680' + '850000'],
    ['P with bank', 'b00002 b02003 c005', 'a01234' + '800bc0' + '858203' + '81' + '8002' + 'a003'],
    [
      'P after a reset of controllers',
      'b00002 b07900 c005',
      'a01234' + '800bc0' + '858280' + '81' + '8002' + 'f9c1',
    ],
    ['C by value', 'b10764 b10a40', 'a01234' + '880840' + '81' + '8764' + '8a40'],
    [
      'C, a renewed log moves to the end',
      'b10764 b10a40 b10765',
      'a01234' + '880840' + '81' + '8a40' + '8765',
    ],
    [
      'C, a pedal by value and toggles',
      'b0407f b04000 b0407f',
      'a01234' + '800840' + '81' + 'c07f' + 'c083',
    ],
    ['C, a mode by count', 'b07b00 b07b00', 'a01234' + '800640' + '80' + 'fbc2'],
    ['W', 'e00150', 'a01234' + '800510' + '8150'],
    ['N, keys down and up', '903c64 904064 804040', 'a01234' + '800808' + '8188' + 'bce4' + '80'],
    ['N, keys up only', '803c40 804540', 'a01234' + '800708' + '8078' + '0804'],
    ['T', 'd050', 'a01234' + '800402' + 'd0'],
    ['A', 'a03c50', 'a01234' + '800601' + '80' + 'bc50'],
    ['A after all notes off', 'a03c50 b07b00', 'a01234' + '800941' + '80fbc1' + '80' + 'bcd0'],
    ['E, a release velocity', '903c64 803c20', 'a01234' + '80090c' + '8077' + '08' + '80' + 'bca0'],
    ['E, two NoteOns', '903c64 903c60', 'a01234' + '800a0c' + '81f0' + 'bce0' + '80' + 'bc02'],
    ['M, a parameter', 'b06500 b06402 b00640', 'a01234' + '800820' + 'b405' + '828240'],
    [
      'M, closed by the null parameter',
      'b06500 b06402 b00640 b0657f b0647f',
      'a01234' + '800820' + '9405' + '828240',
    ],
    [
      'M, an entry LSB is void once the MSB is entered again',
      'b06500 b06402 b00640 b02611 b00641',
      'a01234' + '800820' + 'b405' + '828241',
    ],
    ['M, half a number', 'b06305', 'a01234' + '800620' + 'c003' + '85'],
    [
      'M, increments',
      'b06301 b06202 b06000 b06000 b06100',
      'a01234' + '800a20' + 'a007' + '8281220001',
    ],
  ])('%s', (_what, source, journal) => {
    expect(written(played(source))).toBe(journal);
  });

  test('sixteen channels, each once, in ascending order', () => {
    const state = new StreamState();
    for (let i = 0; i < 16; i++)
      state.apply(messageOf(`9${((i * 7) % 16).toString(16)}3c64`), i + 1, NOW);
    const journal = Buffer.from(written(state), 'hex');
    expect(journal[0]).toBe(0xaf);
    for (let channel = 0; channel < 16; channel++) {
      expect((journal[3 + channel * 7] ?? 0) & 0x78).toBe(channel << 3);
    }
  });

  test('128 keys down need all of LEN, LOW and HIGH', () => {
    const state = new StreamState();
    for (let key = 0; key < 128; key++) {
      state.apply(messageOf(`90${key.toString(16).padStart(2, '0')}01`), key + 1, NOW);
    }
    expect(written(state).slice(6, 16)).toBe('810508' + 'fff0');
    state.apply(messageOf('800040'), 200, NOW);
    expect(written(state).slice(12, 16)).toBe('ff00');
    expect(written(state, { confirmed: 1 }).slice(12, 16)).toBe('ff00');
    const without = written(state, { confirmed: 200, anchor: 200 });
    expect(without).toBe('801234');
  });

  test('the S bit is 0 for what the packet before holds, and in all that encloses it', () => {
    // The wheel was in packet I-1; the controller before it.
    expect(written(played('b00740 e00150'), { previous: 1 })).toBe(
      '201234' + '000850' + '80' + '8740' + '0150',
    );
    // A NoteOff in packet I-1 clears B, even if its key has been struck again.
    expect(written(played('903c64 803c40 903c60'), { previous: 1 })).toBe(
      '201234' + '000708' + '01f0' + '3ce0',
    );
  });

  test('Y asks to play a key that went down at about the time of the packet', () => {
    const state = played('903c64');
    const y = (age: number): number =>
      (Buffer.from(written(state, { at: (NOW + age) as Instant }), 'hex')[9] ?? 0) & 0x80;
    expect(y(0)).toBe(0x80);
    expect(y(PLAY_HINT)).toBe(0x80);
    expect(y(PLAY_HINT + 1)).toBe(0);
  });

  test('what was confirmed leaves the journal; lasting state stays as long as it is anchored', () => {
    const state = played('c005 b00740 e00150 903c64 903e64');
    expect(written(state, { confirmed: 4, anchor: 4 })).toBe('a01234' + '800708' + '81f0' + 'bee4');
    const anchored = Buffer.from(written(state, { confirmed: 5, anchor: 0 }), 'hex');
    expect(anchored[5]).toBe(0x80 | 0x40 | 0x10);
  });

  test('a bank LSB that Chapter P would undo is coded, however old it is', () => {
    const journal = written(played('b02003 b00001 c005'), { confirmed: 1, anchor: 1 });
    expect(journal).toBe('a01234' + '800bc0' + '858100' + '81' + 'a003' + '8001');
  });

  test('a Reset State command leaves no channel anything to code', () => {
    for (const reset of [
      'ff',
      'f07e7f0901f7',
      'f07e7f0903f7',
      'f07e7f0900f7',
      'f07e7f0a01f7',
      'f07e7f0a02f7',
    ]) {
      const state = played('c005 b00740 e00150 903c64 a03c10 d011');
      const octets = Buffer.from(reset, 'hex');
      const message: MidiMessage =
        reset === 'ff'
          ? messageOf('ff')
          : { kind: 'sysEx', data: new Uint8Array(octets.subarray(1, -1)) };
      state.apply(message, 50, NOW);
      const header = Number.parseInt(written(state).slice(0, 2), 16);
      expect(header & 0x20, reset).toBe(0);
    }
  });

  test('CC 121 makes wheel, pressure and the controllers it resets inactive, and leaves the rest', () => {
    expect(written(played('e00150 d011 b00140 b00764 b07900'))).toBe(
      'a01234' + '800840' + '81' + '8764' + 'f9c1',
    );
  });

  test('CC 123 makes notes inactive', () => {
    expect(written(played('903c64 b07b00'))).toBe('a01234' + '800640' + '80' + 'fbc1');
  });
});

describe('repaired', () => {
  const journalOf = (source: string, view: Partial<JournalView> = {}): string =>
    written(played(source), view);

  test('nothing that was heard is played again', () => {
    const source =
      'b00002 b02003 c005 b00764 b0407f e00150 903c64 903e64 803e40 d011 a03c20 b06500 b06402 b00640';
    expect(repaired(played(source), journalOf(source))).toEqual([]);
  });

  test.each([
    ['a program and its bank', '', 'b00002 b02003 c005', ['b00002', 'b02003', 'c005']],
    ['a bank chosen after the program', 'b00002 c005', 'b00002 c005 b00003', ['b00003']],
    ['controllers, in their order', '', 'b00701 b00a02', ['b00701', 'b00a02']],
    ['a wheel', 'e00150', 'e00150 e00040', ['e00040']],
    ['a NoteOff', '903c64', '903c64 803c20', ['803c20']],
    ['a fresh NoteOn', '', '903c64', ['903c64']],
    ['a key struck again', '903c64', '903c64 803c40 903c50', ['803c40', '903c50']],
    [
      'two NoteOns and their NoteOffs',
      '903c64 903c50',
      '903c64 903c50 803c40 803c40',
      ['803c40', '803c40'],
    ],
    ['all notes off', '903c64', '903c64 b07b00', ['b07b00']],
    ['a reset of controllers', 'b00140', 'b00140 b07900', ['b07900']],
    [
      'a controller set before and after a reset',
      'b00140',
      'b00140 b07900 b00140',
      ['b07900', 'b00140'],
    ],
    ['channel pressure', '', 'd011', ['d011']],
    ['key pressure', '903c64', '903c64 a03c20', ['a03c20']],
    ['a parameter', '', 'b06500 b06402 b00640', ['b06500', 'b06402', 'b00640']],
    [
      'the end of a transaction',
      'b06500 b06402 b00640',
      'b06500 b06402 b00640 b0657f b0647f',
      ['b0657f', 'b0647f'],
    ],
    ['half a number', '', 'b06305', ['b06305']],
    [
      'increments',
      'b06301 b06202 b06000',
      'b06301 b06202 b06000 b06000 b06000',
      ['b06000', 'b06000'],
    ],
    ['mono mode with its value', '', 'b07e04', ['b07e04']],
  ])('%s', (_what, heard, source, messages) => {
    expect(repaired(played(heard), journalOf(source))).toEqual(messages);
  });

  test('a pedal that went up and down again in the gap lets go of what it held', () => {
    expect(repaired(played('b0407f'), journalOf('b0407f b04000 b0407f'))).toEqual([
      'b04000',
      'b0407f',
    ]);
    expect(repaired(played('b0407f b04000'), journalOf('b0407f b04000 b0407f b04000'))).toEqual([]);
  });

  test('a pedal that was repaired once is not repaired again', () => {
    const heard = played('b0407f');
    const journal = journalOf('b0407f b04000 b0407f b04000 b0407f');
    expect(repaired(heard, journal)).toEqual(['b04000', 'b0407f']);
    expect(repaired(heard, journal)).toEqual([]);
  });

  test('a value from before a reset of controllers, which some send, is not brought back', () => {
    const journal = 'a01234' + '000840' + '01' + '0132' + '79c1';
    expect(repaired(played('b00132 b07900'), journal)).toEqual([]);
    expect(repaired(played('b00132'), journal)).toEqual(['b07900']);
  });

  test('a NoteOff whose place beside the pedal is unknown silences the pedal too', () => {
    const heard = played('903c64');
    expect(repaired(heard, journalOf('903c64 803c40 b0407f'))).toEqual([
      'b0407f',
      '803c40',
      'b04000',
      'b0407f',
    ]);
    // And the state has not counted that as the sender's toggles.
    expect(heard.channel(0).toggles[64]).toBe(1);
  });

  test('a NoteOn is not played when the hint says no, or when the packet came late; the state follows', () => {
    const late = journalOf('903c64', { at: after(NOW, micros(PLAY_HINT + 10_000)) });
    const heard = new StreamState();
    expect(repaired(heard, late)).toEqual([]);
    expect(heard.channel(0).velocities[60]).toBe(100);
    expect(repaired(new StreamState(), journalOf('903c64'), { inTime: false })).toEqual([]);
  });

  test('a NoteOn from before the checkpoint is another one than the journal speaks of', () => {
    const heard = played('903c64');
    const again = journalOf('903c64', { at: after(NOW, micros(PLAY_HINT + 10_000)) });
    expect(repaired(heard, again, { checkpoint: 5 })).toEqual(['803c40']);
  });

  test('after one missing packet, elements with S = 1 are passed over', () => {
    const journal = journalOf('b00740 e00150 903c64', { previous: 1 });
    expect(repaired(new StreamState(), journal, { single: true })).toEqual(['e00150', '903c64']);
    const skipped = journalOf('b00740 e00150', {});
    expect(repaired(new StreamState(), skipped, { single: true })).toEqual([]);
  });

  test('to one who joins, commands that are over are not played', () => {
    const heard = new StreamState();
    const journal = journalOf('b07b00 b07800 b0407f b00764');
    expect(repaired(heard, journal, { joining: true })).toEqual(['b0407f', 'b00764']);
    expect(repaired(heard, journal)).toEqual([]);
  });
});

describe('malformed', () => {
  const fault = (hex: string): string | undefined => {
    const bytes = Buffer.from(hex, 'hex');
    return readJournal(bytes, 0, bytes.length);
  };

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
    ['a11234' + '880402' + '50' + '800402' + '51', 'channelOrder'],
    ['80123400', 'journalTrailing'],
  ])('%s: %s', (hex, kind) => {
    expect(fault(hex)).toBe(kind);
  });

  test('a channel journal that is wrong inside spoils only itself', () => {
    const bytes = Buffer.from('a11234' + '800610' + '815000' + '880510' + '8150', 'hex');
    const heard = new StreamState();
    const emitted: MidiMessage[] = [];
    const kind = readJournal(bytes, 0, bytes.length, heard, {
      single: false,
      checkpoint: 0,
      inTime: true,
      joining: false,
      at: NOW,
      extrasAt: -1,
      pedalMoved: false,
      emit: (message) => emitted.push(message),
      assume: () => {},
    });
    expect(kind).toBe('chapterLength');
    expect(emitted).toEqual([messageOf('e10150')]);
  });

  test('chapters that others send and we do not are passed over by their length', () => {
    // A recency log in Chapter X; enhanced Chapter C (H = 1); parameter logs with U, Z and a count field.
    expect(fault('c01234' + '8405' + '4b0185')).toBeUndefined();
    expect(fault('b01234' + '840840' + '81' + '8ac1' + '8a05')).toBeUndefined();
    expect(fault('a01234' + '800920' + '9406' + '828a4005')).toBeUndefined();
  });
});
