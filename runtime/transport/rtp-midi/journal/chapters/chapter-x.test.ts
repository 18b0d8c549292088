/** Chapter X: its octets beside RFC 6295 appendix B.5, and what a receiver makes of them. */
import { describe, expect, test } from 'vitest';
import { hexOf, messagesOf, NOW } from '../../../../../tests/system-journals.ts';
import type { MidiMessage } from '../../../../core/midi-message.ts';
import { takeSegment } from '../../sysex-segments.ts';
import type { JournalView } from '../chapter.ts';
import type { JournalRepair } from '../journal-reader.ts';
import { StreamState } from '../stream-state.ts';
import { chapterX, SYSEX_LEAST, SYSEX_OCTETS } from './chapter-x.ts';

const GM_ON = 'f07e7f0901f7';
const FULL_FRAME = 'f07f7f010121020304f7';

/** Sends words of hex, each with a stamp of its own: messages, or segments of figure 5 of the RFC. */
function sent(words: string): StreamState {
  const state = new StreamState();
  let open: number[] = [];
  for (const [i, word] of words.split(' ').entries()) {
    const octets = [...Buffer.from(word, 'hex')];
    const data = octets.slice(1, -1);
    const isSegment = octets[0] === 0xf7 || (octets[0] === 0xf0 && octets.at(-1) === 0xf0);
    if (word === 'f7f4') {
      state.cancelSegments(i + 1);
    } else if (!isSegment) {
      for (const message of messagesOf(word)) state.apply(message, i + 1, NOW);
    } else {
      open = octets[0] === 0xf0 ? data : [...open, ...data];
      const all = Uint8Array.from(open);
      if (octets.at(-1) === 0xf7) state.apply({ kind: 'sysEx', data: all }, i + 1, NOW);
      else state.applySegment(all, all.length, i + 1);
    }
  }
  return state;
}

const out = new Uint8Array(4_096);

function written(state: StreamState, view: Partial<JournalView> = {}): string {
  const full = { confirmed: 0, anchor: 0, previous: 1e9, at: NOW, fresh: false, ...view };
  const end = chapterX.write(state.system, full, out, 0);
  expect(end).toBeLessThanOrEqual(full.sysExRoom ?? SYSEX_OCTETS);
  const hex = Buffer.from(out.subarray(0, end)).toString('hex');
  if (end > 0) expect(chapterX.end(out, 0, end), 'read to its end').toBe(end);
  return hex;
}

/** Hears words of hex as a receiver does. */
function heard(words: string): StreamState {
  const state = new StreamState();
  state.system.sysEx.loseCount();
  hear(state, words);
  return state;
}

function hear(state: StreamState, words: string): string[] {
  const played: string[] = [];
  for (const word of words.split(' ').filter((each) => each !== '')) {
    const octets = Buffer.from(word, 'hex');
    if (octets[0] !== 0xf0 && octets[0] !== 0xf7) {
      for (const message of messagesOf(word)) state.apply(message, 1, NOW);
      continue;
    }
    const last = octets.length - 1;
    const { sysEx } = state.system;
    const whole = takeSegment(sysEx, octets[0], octets, 1, last, octets[last] as number, 1);
    if (typeof whole !== 'object') continue;
    state.apply({ kind: 'sysEx', data: whole }, 1, NOW);
    played.push(hexOf({ kind: 'sysEx', data: whole }));
  }
  return played;
}

function repaired(
  state: StreamState,
  chapter: string,
  repair: Partial<JournalRepair> = {},
): string[] {
  const bytes = Uint8Array.from(Buffer.from(chapter, 'hex'));
  const played: string[] = [];
  expect(chapterX.end(bytes, 0, bytes.length)).toBe(bytes.length);
  const take = (message: MidiMessage): void => state.apply(message, 100, NOW);
  chapterX.repair(bytes, 0, bytes.length, state.system, {
    single: false,
    checkpoint: 1,
    packet: 100,
    inTime: true,
    joining: false,
    at: NOW,
    extrasAt: -1,
    pedalMoved: false,
    emit: (message) => {
      played.push(hexOf(message));
      take(message);
    },
    assume: take,
    ...repair,
  });
  return played;
}

/** COUNTs are known, as after a journal that had Chapter X. */
function heardCounted(words: string): StreamState {
  const state = heard(words);
  state.system.sysEx.renumber(state.system.sysEx.begun & 0xff);
  return state;
}

describe('written', () => {
  // S C D L and STA, COUNT, DATA with bit 7 in its last octet; F and FIRST where DATA is not all.
  test.each([
    ['a command', 'f0010203f7', {}, 'af01' + '010283'],
    ['one without data', 'f0f7', {}, 'a701'],
    ['two, oldest first', 'f001f7 f002f7', {}, 'af0181' + 'af0282'],
    ['an unfinished one', 'f00102f0 f703f0', {}, 'ac01' + '010283'],
    ['one finished in three segments', 'f00102f0 f703f0 f704f7', {}, 'af01' + '01020384'],
    ['the last segment is empty', 'f00102f0 f7f7', {}, 'af01' + '0182'],
    ['a cancelled one has no DATA', 'f00102f0 f7f4', {}, 'a501'],
    [
      'a tail, from one octet before it',
      'f00102f0 f703f0 f704f7',
      { confirmed: 2 },
      'bf01' + '03' + '84',
    ],
    ['an empty tail tells the length', 'f00102f0 f7f7', { confirmed: 1 }, 'bf01' + '01' + '82'],
    ['only what is in the checkpoint history', 'f001f7 f002f7', { confirmed: 1 }, 'af0282'],
    ['Full Frames are counted, not coded', `f001f7 ${FULL_FRAME} f002f7`, {}, 'af0181' + 'af0382'],
    ['nothing but a Full Frame', FULL_FRAME, {}, ''],
    ['an unfinished Full Frame is coded', 'f07f7f0101210203f0', {}, 'ac01' + '7f7f0101210283'],
    ['only active ones: a reset', 'f001f7 ff f002f7', {}, 'af0282'],
    ['only active ones: GM on is active itself', `f001f7 ${GM_ON}`, {}, 'af02' + '7e7f0981'],
    ['nothing is confirmed that was not', 'f001f7', { confirmed: 1 }, ''],
  ] as const)('%s', (_what, words, view, chapter) => {
    expect(written(sent(words), view)).toBe(chapter);
  });

  test('FIRST takes one to four octets (item 31)', () => {
    for (const [length, first] of [
      [127, '7e'],
      [128, '7f'],
      [129, '8100'],
      [16_384, 'ff7f'],
      [16_385, '818000'],
      [2_097_153, '81808000'],
    ] as const) {
      const state = new StreamState();
      const data = new Uint8Array(length);
      state.applySegment(data, length - 1, 1);
      state.apply({ kind: 'sysEx', data }, 2, NOW);
      expect(written(state, { confirmed: 1 })).toBe(`bf01${first}80`);
    }
  });

  test('S is 0 where a command has octets in the packet before, and in the first log, which stands for all (items 15a, 31)', () => {
    const state = sent('f001f7 f002f7 f003f7');
    expect(written(state, { previous: 3 })).toBe('af0181af0282af0383');
    expect(written(state, { previous: 2 })).toBe('2f0181af02822f0383');
    expect(written(state, { previous: 1 })).toBe('2f01812f02822f0383');
    // Its first segment is older, its last one is not.
    expect(written(sent('f00102f0 f703f7'), { previous: 1 })).toBe('2f01010283');
    const view: JournalView = { confirmed: 0, anchor: 0, previous: 2, at: NOW, fresh: false };
    chapterX.write(state.system, view, out, 0);
    expect(view.fresh).toBe(true);
  });

  test('COUNT goes on modulo 256, and is in every log (item 31a)', () => {
    const state = sent(new Array(257).fill('f001f7').join(' '));
    expect(written(state, { confirmed: 254 })).toBe('afff81af0081af0181');
  });

  test('too many octets: the oldest logs are left out, the oldest of the rest is cut short, and it is counted (item 31b)', () => {
    const state = new StreamState();
    const long = (first: number, length: number) =>
      Uint8Array.from({ length }, (_, i) => (first + i) & 0x7f);
    for (const [i, length] of [300, 300, 600].entries()) {
      state.apply({ kind: 'sysEx', data: long(i, length) }, i + 1, NOW);
    }
    const chapter = written(state);
    expect(chapter.length / 2).toBeLessThanOrEqual(SYSEX_OCTETS);
    // The oldest one is cut: F is set.
    expect(chapter.slice(0, 4)).toBe('bf01');
    expect(state.system.sysEx.shed).toBe(1);
    const less = written(state, { sysExRoom: SYSEX_LEAST });
    expect(less.slice(0, 4)).toBe('bf03');
    expect(state.system.sysEx.shed).toBe(2);
    // A receiver that lacks only its end can still complete the newest one.
    const lateral = heardCounted(`f001f7 f002f7`);
    hear(lateral, `f0${Buffer.from(long(2, 590)).toString('hex')}f0`);
    lateral.system.sysEx.renumber(3);
    expect(repaired(lateral, less)).toEqual([`f0${Buffer.from(long(2, 600)).toString('hex')}f7`]);
  });

  test('a journal forgets what the history can no longer hold', () => {
    const state = sent(new Array(400).fill('f001f7').join(' '));
    expect(written(state).length / 2).toBeLessThanOrEqual(255 * 3);
  });
});

describe('repaired', () => {
  const chapterOf = (words: string, view: Partial<JournalView> = {}): string =>
    written(sent(words), view);

  test.each([
    ['a lost command', 'f001f7', 'f001f7 f002f7', ['f002f7']],
    ['several, in order', 'f001f7', 'f001f7 f002f7 f003f7', ['f002f7', 'f003f7']],
    ['the same one twice', 'f001f7', 'f001f7 f001f7', ['f001f7']],
    ['one without data', 'f001f7', 'f001f7 f0f7', ['f0f7']],
    ['nothing that was heard', 'f001f7 f002f7', 'f001f7 f002f7', []],
    ['the rest of one', 'f001f0', 'f001f0 f702f0 f703f7', ['f0010203f7']],
    ['an empty end', 'f00102f0', 'f00102f0 f7f7', ['f00102f7']],
    ['the rest of one, and the next', 'f001f0', 'f001f0 f702f7 f003f7', ['f00102f7', 'f003f7']],
    ['none that was cancelled', 'f001f0', 'f001f0 f702f0 f7f4', []],
    ['none that was cancelled before it was heard of', 'f001f7', 'f001f7 f002f0 f7f4', []],
    ['a Reset State command', 'f001f7', `f001f7 ${GM_ON}`, [GM_ON]],
    ['past a Full Frame', 'f001f7', `f001f7 ${FULL_FRAME} f002f7`, ['f002f7']],
  ] as const)('%s', (_what, before, words, played) => {
    const state = heardCounted(before);
    const chapter = chapterOf(words);
    expect(repaired(state, chapter)).toEqual(played);
    expect(repaired(state, chapter), 'never twice').toEqual([]);
  });

  test('an unfinished command is taken up, and goes on in the stream (items 11, 31)', () => {
    const state = heardCounted('f001f7');
    expect(repaired(state, chapterOf('f001f7 f002f0 f703f0'))).toEqual([]);
    expect(hear(state, 'f704f7')).toEqual(['f0020304f7']);
    const begun = heardCounted('f002f0');
    expect(repaired(begun, chapterOf('f002f0 f703f0'))).toEqual([]);
    expect(hear(begun, 'f704f7')).toEqual(['f0020304f7']);
  });

  test('a command with a hole in it is dropped and counted, and what follows it is played (item 11)', () => {
    const state = heardCounted('f001f0');
    // DATA begins at the third octet; the second one never came.
    expect(repaired(state, 'bf010283' + 'af0284')).toEqual(['f004f7']);
    expect(state.system.sysEx.lost).toBe(1);
    const unseen = heardCounted('f001f7');
    expect(repaired(unseen, chapterOf('f001f7 f002f0 f703f0', { confirmed: 2 }))).toEqual([]);
    expect(hear(unseen, 'f704f7')).toEqual([]);
    expect(unseen.system.sysEx.lost).toBe(1);
  });

  test('octets that contradict what was heard make a command void, not corrupt', () => {
    const state = heardCounted('f00105f0');
    expect(repaired(state, 'af01010687')).toEqual([]);
    expect(state.system.sysEx.lost).toBe(1);
  });

  test('one packet was missing: a chapter with S = 1 has nothing new, a log with S = 1 neither (items 17, 31)', () => {
    const chapter = chapterOf('f001f7 f002f7');
    expect(repaired(heardCounted('f001f7'), chapter, { single: true })).toEqual([]);
    const fresh = chapterOf('f001f7 f002f7', { previous: 1 });
    expect(repaired(heardCounted('f001f7'), fresh, { single: true })).toEqual(['f002f7']);
  });

  test('counts that wrap, and gaps of many commands, are told right', () => {
    const words = (count: number): string => new Array(count).fill('f001f7').join(' ');
    const state = heardCounted(words(250));
    const chapter = chapterOf(`${words(250)} f002f7 ${words(12)} f003f7`, { confirmed: 245 });
    const played = repaired(state, chapter);
    expect(played).toHaveLength(14);
    expect(played[0]).toBe('f002f7');
    expect(played[13]).toBe('f003f7');
  });

  test('one who joins is played what was sent to him, and not what is older; counts are taken over (item 17)', () => {
    const chapter = chapterOf('f001f7 f002f7');
    expect(repaired(heard(''), chapter, { joining: true })).toEqual(['f001f7', 'f002f7']);
    const late = heard('');
    expect(repaired(late, chapter, { joining: true, checkpoint: -5_000 })).toEqual([]);
    expect(repaired(late, chapterOf('f001f7 f002f7 f003f7'))).toEqual(['f003f7']);
    const open = heard('');
    expect(repaired(open, chapterOf('f001f0'), { joining: true, checkpoint: -5_000 })).toEqual([]);
    expect(hear(open, 'f702f7')).toEqual(['f00102f7']);
  });

  test('where the count is not known, what was heard last tells what is new', () => {
    const state = heard('f001f7 f002f7');
    const chapter = chapterOf('f009f7 f001f7 f002f7 f003f7');
    expect(repaired(state, chapter)).toEqual(['f003f7']);
    expect(repaired(state, chapter)).toEqual([]);
    const open = heard('f001f7 f002f0');
    expect(repaired(open, chapterOf('f009f7 f001f7 f002f0 f703f7'))).toEqual(['f00203f7']);
    // Full Frames may have passed unseen: the count is a guess.
    const framed = heardCounted('f001f7');
    framed.system.sysEx.loseFrames();
    hear(framed, 'f002f7');
    expect(repaired(framed, chapterOf(`f001f7 ${FULL_FRAME} f002f7`))).toEqual([]);
    expect(repaired(framed, chapterOf(`f001f7 ${FULL_FRAME} f002f7 f003f7`))).toEqual(['f003f7']);
  });

  test('an older log is old even if the newest known command has none', () => {
    expect(repaired(heardCounted('f001f7 f002f7 f003f7'), 'af0182af0485')).toEqual(['f005f7']);
  });

  test('logs of others: recency, TCOUNT, no count at all (item 31a)', () => {
    // T = 1 and L = 0; only the last one has COUNT.
    const counted = heardCounted('f001f7 f002f7');
    expect(repaired(counted, '4b01826b020383')).toEqual(['f003f7']);
    expect(repaired(counted, '4b01826b020383')).toEqual([]);
    expect(repaired(counted, 'af0384af0485')).toEqual(['f005f7']);
    const state = heard('f001f7 f002f7');
    expect(repaired(state, '4b0182' + '4b0183')).toEqual(['f003f7']);
    expect(repaired(state, '4b0182' + '4b0183')).toEqual([]);
    expect(repaired(state, '0b82' + '0b83' + '0b84')).toEqual(['f004f7']);
    expect(repaired(state, '0b84')).toEqual([]);
    // A dropped F7 (STA = 2) ends a command like any other.
    expect(repaired(state, '0b84' + '0a85')).toEqual(['f005f7']);
  });
});

describe('malformed', () => {
  test.each(['', 'af', 'af01', 'af0101', 'bf01ffffffff7f81', 'ef01', 'bf0181'])('%s', (hex) => {
    const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
    expect(chapterX.end(bytes, 0, bytes.length)).toBe(-1);
  });
});
