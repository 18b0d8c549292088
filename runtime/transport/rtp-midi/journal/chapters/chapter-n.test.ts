/** Chapters N and E, octet by octet beside figures A.6.1 to A.7.2 of RFC 6295, and their repair. */
import { describe, expect, test } from 'vitest';
import {
  journalOf,
  NOW,
  ONE_CHANNEL,
  oneChannel,
  play,
  played,
  repaired,
  tryRepair,
  written,
} from '../../../../../tests/channel-journal/by-hand.ts';
import { after, type Instant, micros } from '../../../../core/time.ts';
import { StreamState } from '../stream-state.ts';
import { PLAY_HINT } from './chapter-n.ts';

const LATER: Instant = after(NOW, micros(PLAY_HINT + 10_000));

function hex(value: number): string {
  return value.toString(16).padStart(2, '0');
}

function keysDown(count: number): StreamState {
  const state = new StreamState();
  for (let key = 0; key < count; key++) play(state, `90${hex(key)}01`, key + 1);
  return state;
}

/** Chapters N and E and what follows, from a journal that begins with N. */
function chaptersOf(state: StreamState, confirmed = 0): string {
  return written(state, { confirmed, anchor: confirmed }).slice(12);
}

describe('written', () => {
  test.each([
    ['keys down as logs, oldest first', '903c64 904064 803c40 903c50', '82f0' + 'c0e4' + 'bcd0'],
    ['keys up as bits, most significant first', '803c40 804540', '8078' + '0804'],
    ['each key once: the newest counts', '903c64 904064 804040', '8188' + 'bce4' + '80'],
    ['the lowest and the highest octet', '800040 807f40', `800f80${'00'.repeat(14)}01`],
    ['a NoteOn of velocity 0 is a NoteOff', '903c64 903c00', '8077' + '08'],
  ])('%s (items 15c, 24)', (_what, source, chapter) => {
    expect(chaptersOf(played(source))).toBe(chapter);
  });

  test('LEN, LOW and HIGH tell 127 logs from 128 (item 24a)', () => {
    expect(chaptersOf(keysDown(126)).slice(0, 4)).toBe('fef0');
    expect(chaptersOf(keysDown(127)).slice(0, 4)).toBe('fff1');
    expect(chaptersOf(keysDown(128)).slice(0, 4)).toBe('fff0');
    expect(chaptersOf(keysDown(128)).length / 2).toBe(2 + 256);
    const one = keysDown(128);
    play(one, '800040', 200);
    expect(chaptersOf(one).slice(0, 4)).toBe('ff00');
    expect(chaptersOf(one).length / 2).toBe(2 + 254 + 1);
    expect(chaptersOf(keysDown(128), 128)).toBe('');
  });

  test('B is 0 if the packet before holds a NoteOff, even if its key was struck again (items 15a, 24a)', () => {
    expect(written(played('903c64 803c40 903c60'), { previous: 1 })).toBe(
      '201234' + '000708' + '01f0' + '3ce0',
    );
    expect(written(played('803c40 903c64'), { previous: 1 })).toBe(
      '201234' + '000708' + '81f0' + '3ce4',
    );
  });

  test('Y asks to play a key that went down at about the time of the packet (item 24b)', () => {
    const state = played('903c64');
    const y = (age: number): number =>
      (Buffer.from(written(state, { at: after(NOW, micros(age)) }), 'hex')[9] ?? 0) & 0x80;
    expect(y(0)).toBe(0x80);
    expect(y(PLAY_HINT)).toBe(0x80);
    expect(y(PLAY_HINT + 1)).toBe(0);
  });

  test('notes before CC 120, 123 to 127 or a Reset State command are not coded (items 15b, 24)', () => {
    for (const controller of [120, 123, 124, 125, 126, 127]) {
      const journal = written(played(`903c64 803c20 903d64 b0${hex(controller)}00`));
      expect(journal.slice(10, 12), `${controller}`).toBe('40');
    }
    expect(Number.parseInt(written(played('903c64 ff')).slice(0, 2), 16) & 0x20).toBe(0);
  });

  test.each([
    ['a release velocity that is not 64', '903c64 803c20', '80' + 'bca0'],
    ['NoteOns that overlap', '903c64 903c60', '80' + 'bc02'],
    ['a NoteOff while another NoteOn waits for its own', '903c64 903c60 803c40', '80' + 'bc01'],
    [
      'both of one key: the count, then the velocity',
      '903c64 903c60 803c20',
      '81' + 'bc01' + 'bca0',
    ],
    ['NoteOffs too many do not make a debt', '803c40 803c40 903c64 903c64', '80' + 'bc02'],
    ['the oldest first', '903c64 803c20 904064 903d64 903d64', '81' + 'bca0' + 'bd02'],
  ])('E: %s (items 15c, 26, 26a)', (_what, source, chapter) => {
    const journal = written(played(source));
    expect(journal.slice(10, 12)).toBe('0c');
    expect(journal.endsWith(chapter)).toBe(true);
  });

  test('E: All Notes Off and Reset State begin counts anew (item 26)', () => {
    for (const reset of ['b07800', 'b07b00', 'b07f00', 'ff']) {
      const state = played(`903c64 903c64 ${reset} 903c64`);
      const contents = written(state, { confirmed: 3, anchor: 3 }).slice(10, 12);
      expect(contents, reset).toBe('08');
    }
  });

  test('E: counts are told up to 127, and kept beyond (item 26)', () => {
    const state = new StreamState();
    for (let i = 1; i <= 300; i++) play(state, '903c64', i);
    expect(written(state).endsWith('80' + 'bc7f')).toBe(true);
    for (let i = 1; i <= 200; i++) play(state, '803c40', 300 + i);
    expect(written(state).endsWith('80' + 'bc64')).toBe(true);
  });

  test('E: of more than 128 logs, release velocities are given up, the oldest first, and no counts (item 26a)', () => {
    const state = new StreamState();
    for (let key = 0; key < 128; key++) {
      play(state, `90${hex(key)}01 90${hex(key)}01 80${hex(key)}20`, 1 + 3 * key);
    }
    for (let key = 0; key < 10; key++) play(state, `80${hex(key)}20`, 1_000 + key);
    const extras = chaptersOf(state).slice(-2 * 257);
    const all = extras.slice(2).match(/.{4}/g) ?? [];
    expect(extras.slice(0, 2)).toBe('ff');
    const counts = all.filter((log) => Number.parseInt(log.slice(2), 16) < 0x80);
    expect(counts).toHaveLength(118);
    const released = all.filter((log) => Number.parseInt(log.slice(2), 16) >= 0x80);
    expect(released.map((log) => Number.parseInt(log.slice(0, 2), 16) & 0x7f)).toEqual([
      0, 1, 2, 3, 4, 5, 6, 7, 8, 9,
    ]);
  });
});

describe('repaired', () => {
  test.each([
    ['a NoteOff, with its release velocity', '903c64', '903c64 803c20', '803c20'],
    ['nothing for a key that is up already', '903c64 803c40', '903c64 803c40', ''],
    ['a fresh NoteOn', '', '903c64', '903c64'],
    ['nothing for a key that is down', '903c64', '903c64', ''],
    ['a key struck again at another velocity', '903c64', '903c64 803c40 903c50', '803c40 903c50'],
    ['NoteOffs before NoteOns', '903c64', '903c64 903d64 803c40', '803c40 903d64'],
    [
      'All Notes Off before the keys that went down after it',
      '903c64',
      '903c64 b07b00 903d64',
      'b07b00 903d64',
    ],
    ['All Sound Off', '903c64', '903c64 b07800', 'b07800'],
    [
      'two NoteOns and their NoteOffs',
      '903c64 903c50',
      '903c64 903c50 803c40 803c40',
      '803c40 803c40',
    ],
    ['one NoteOff of two', '903c64 903c50', '903c64 903c50 803c40', '803c40'],
    ['a NoteOn over another one', '903c64', '903c64 903c64', '903c64'],
    ['two NoteOns over one', '903c64', '903c64 903c50 903c50', '903c50 903c50'],
    [
      'one NoteOn instead of two',
      '903c64 903c64',
      '903c64 903c64 803c40 803c40 903c64',
      '803c40 803c40 903c64',
    ],
  ])('%s (items 25, 26a)', (_what, heard, source, messages) => {
    const state = played(heard);
    expect(repaired(state, journalOf(source)).join(' ')).toBe(messages);
    expect(repaired(state, journalOf(source))).toEqual([]);
  });

  test('a NoteOn is not played when the hint says no, or when the packet came late; the state follows (items 24b, 25)', () => {
    const heard = new StreamState();
    expect(repaired(heard, journalOf('903c64', { at: LATER }))).toEqual([]);
    expect(heard.channel(0).velocities[60]).toBe(100);
    expect(heard.channel(0).references[60]).toBe(1);
    const late = new StreamState();
    expect(repaired(late, journalOf('903c64 903c64'), { inTime: false })).toEqual([]);
    expect(late.channel(0).references[60]).toBe(2);
    // What it replaces ends all the same.
    const other = journalOf('903c64 803c40 903c50', { at: LATER });
    expect(repaired(played('903c64'), other)).toEqual(['803c40']);
  });

  test('a NoteOn from before the checkpoint is another one than the journal speaks of (item 25)', () => {
    const again = journalOf('903c64', { at: LATER });
    expect(repaired(played('903c64'), again, { checkpoint: 5 })).toEqual(['803c40']);
    expect(repaired(played('903c64'), journalOf('903c64'), { checkpoint: 5 })).toEqual([
      '803c40',
      '903c64',
    ]);
  });

  test('an old NoteOn is another one than one that is to be played now (item 25)', () => {
    const at = after(NOW, micros(300_000));
    const journal = journalOf('903c64');
    expect(repaired(played('903c64'), journal, { at })).toEqual(['803c40', '903c64']);
    expect(repaired(played('903c64'), journal)).toEqual([]);
  });

  test('a NoteOff whose place beside the pedal is unknown silences the pedal too (item 25a)', () => {
    const heard = played('903c64');
    const messages = 'b0407f 803c40 b04000 b0407f'.split(' ');
    expect(repaired(heard, journalOf('903c64 803c40 b0407f'))).toEqual(messages);
    // And the state has not counted that as the sender's toggles.
    expect(heard.channel(0).toggles[64]).toBe(1);
    // The same for notes that All Notes Off has ended: one may have ended before.
    expect(repaired(played('903c64'), journalOf('903c64 803c40 b0407f b07b00'))).toEqual(
      'b0407f b07b00 b04000 b0407f'.split(' '),
    );
    expect(repaired(played(''), journalOf('b0407f b07b00'))).toEqual(['b0407f', 'b07b00']);
  });

  test('a pedal that did not move in the gap holds the notes that ended in it (item 25a)', () => {
    const both = 'b0407f 903c64 803c40';
    expect(repaired(played('b0407f 903c64'), journalOf(both))).toEqual(['803c40']);
    const older = journalOf(both, { confirmed: 1, anchor: 1 });
    expect(repaired(played('b0407f 903c64'), older)).toEqual(['803c40']);
    // A half-pressed pedal moved, but did not let go.
    expect(repaired(played('b0407f 903c64'), journalOf(`${both} b04060`))).toEqual([
      'b04060',
      '803c40',
    ]);
  });

  test('where a pedal is told of by its value alone, it may have moved (item 25a)', () => {
    const journal = oneChannel('48', '00' + '407f' + '0077' + '08');
    expect(repaired(played('b0407f 903c64'), journal)).toEqual(['803c40', 'b04000', 'b0407f']);
    expect(repaired(played('b0407f'), journal)).toEqual([]);
  });

  test('after one missing packet B = 1 passes over the bits, and S = 1 over a log (items 15a, 24a)', () => {
    const journal = written(played('903c64 803c40 903d64'), { previous: 2 });
    expect(journal.slice(12, 14)).toBe('81');
    expect(repaired(played('903c64'), journal, { single: true })).toEqual(['903d64']);
    expect(repaired(played('903c64'), journal)).toEqual(['803c40', '903d64']);
  });

  test('127 as a count stands for itself and all above (item 26a)', () => {
    const heard = new StreamState();
    for (let i = 1; i <= 200; i++) play(heard, '903c64', i);
    const journal = oneChannel('0c', '01f0' + '3ce4' + '00' + '3c7f');
    expect(repaired(heard, journal)).toEqual([]);
    expect(heard.channel(0).references[60]).toBe(200);
  });

  test('NoteOns that nobody heard are counted, so that they are not made up for later (item 26a)', () => {
    const heard = played('903c64');
    expect(repaired(heard, journalOf('903c64 903c50 803c40'))).toEqual(['803c40']);
    expect(heard.channel(0).references[60]).toBe(1);
    play(heard, '903c64', 10);
    expect(repaired(heard, journalOf('903c64 903c50 803c40 903c64'))).toEqual([]);
  });

  test('nobody is flooded: a key is not struck more than 16 times, whatever its count (item 26a)', () => {
    const journal = oneChannel('0c', '01f0' + '3ce4' + '00' + '3c7f');
    expect(repaired(new StreamState(), journal)).toHaveLength(16);
  });
});

describe('odd forms', () => {
  test('128 logs are read, and pairs of LOW above HIGH mean nothing but 15/0 and 15/1 (item 24a)', () => {
    const all = written(keysDown(128));
    expect(repaired(new StreamState(), all)).toHaveLength(128);
    for (const range of ['21', 'f2', 'fe', '10']) {
      const { fault } = tryRepair(new StreamState(), oneChannel('08', `01${range}3ce4`));
      expect(fault, range).toBe('chapterLength');
    }
    for (const range of ['f0', 'f1']) {
      expect(repaired(new StreamState(), oneChannel('08', `01${range}3ce4`))).toEqual(['903c64']);
      expect(repaired(new StreamState(), oneChannel('08', `80${range}`))).toEqual([]);
    }
  });

  test('a log of velocity 0 is passed over', () => {
    expect(repaired(played('903c64'), oneChannel('08', '01f0' + '3c80'))).toEqual([]);
  });

  test('macOS sends NoteOffs of the last moments with Y = 0 throughout', () => {
    // Packet of a capture: CC 108 by value, and a bit for key 60.
    const journal = '204ba0' + '000948' + '006c7f' + '807708';
    expect(repaired(played('903c64'), journal)).toEqual(['b06c7f', '803c40']);
    expect(ONE_CHANNEL.length).toBe(6);
  });
});
