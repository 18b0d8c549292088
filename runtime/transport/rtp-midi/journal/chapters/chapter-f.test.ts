/** Chapter F, the receiver's side, and the arithmetic of frames. What is written is in tests/vectors/rtp-midi. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { repaired } from '../../../../../tests/channel-journal/by-hand.ts';
import { journalOf, journalWith, played } from '../../../../../tests/system-journals.ts';
import { fullFrameOf, movedBy } from '../time-code-frame.ts';

/** 01:02:03:04 at 25 frames a second, and the series after it. */
const FORWARD = 'f104 f110 f123 f130 f142 f150 f161 f172';
const NEXT = 'f106 f110 f123 f130 f142 f150 f161 f172';
const REVERSE = 'f172 f161 f150 f142 f130 f123 f110 f104';
const words = (series: string, from: number, to: number): string =>
  series.split(' ').slice(from, to).join(' ');

/** What is played to one who heard this much, when the journal tells of that much; then the two agree. */
function repairs(heard: string, sent: string): string {
  const state = played(`90403c ${heard}`);
  const journal = journalOf(played(`90403c ${sent}`));
  const emitted = repaired(state, journal);
  expect(journalOf(state)).toBe(journal);
  expect(repaired(state, journal)).toEqual([]);
  return emitted.join(' ');
}

describe('Chapter F locks again with a Full Frame where a whole frame value is missing (item 30a)', () => {
  test.each([
    ['to one who heard nothing', '', FORWARD, 'f07f7f010121020306f7'],
    ['after a series', FORWARD, `${FORWARD} ${NEXT}`, 'f07f7f010121020308f7'],
    [
      'and plays the series that has begun since',
      FORWARD,
      `${FORWARD} ${NEXT} ${words(NEXT, 0, 3)}`,
      `f07f7f010121020308f7 ${words(NEXT, 0, 3)}`,
    ],
    ['in reverse', '', REVERSE, 'f07f7f010121020304f7'],
    ['as it was sent', FORWARD, `${FORWARD} f07f00010121111213f7`, 'f07f7f010121111213f7'],
    [
      'again, when the tape was set back after a series began',
      'f07f7f010121020304f7 f104 f110',
      'f07f7f010121020304f7 f104 f110 f07f7f010121020304f7',
      'f07f7f010121020304f7',
    ],
    [
      'a series that does not go on',
      words(FORWARD, 0, 3),
      'f107 f110 f123 f130 f142 f150 f161 f172',
      'f07f7f010121020309f7',
    ],
  ])('%s', (_what, heard, sent, emitted) => {
    expect(repairs(heard, sent)).toBe(emitted);
  });
});

describe('Chapter F plays what is missing of a series whose beginning was heard', () => {
  test.each([
    ['nothing is missing', FORWARD, FORWARD, ''],
    ['one quarter frame', words(FORWARD, 0, 3), words(FORWARD, 0, 4), 'f130'],
    ['the first', '', 'f104', 'f104'],
    ['the last', words(FORWARD, 0, 7), FORWARD, 'f172'],
    [
      'the last and the next',
      words(FORWARD, 0, 5),
      `${FORWARD} ${words(NEXT, 0, 2)}`,
      'f150 f161 f172 f106 f110',
    ],
    ['the next', FORWARD, `${FORWARD} ${words(NEXT, 0, 2)}`, 'f106 f110'],
    ['in reverse', words(REVERSE, 0, 2), words(REVERSE, 0, 4), 'f150 f142'],
    ['the last in reverse', words(REVERSE, 0, 6), REVERSE, 'f110 f104'],
    ['in reverse after forward', FORWARD, `${FORWARD} ${words(REVERSE, 0, 2)}`, 'f172 f161'],
  ])('%s', (_what, heard, sent, emitted) => {
    expect(repairs(heard, sent)).toBe(emitted);
  });
});

test('Chapter F with neither of its fields plays nothing, and tells the direction (item 30a)', () => {
  expect(repairs(FORWARD, `${FORWARD} f172 f161 f123`)).toBe('');
  const heard = played(words(FORWARD, 0, 3));
  expect(repaired(heard, journalWith('8803 88'))).toEqual([]);
  expect(heard.system.timeCode.reverse).toBe(true);
  expect(heard.system.timeCode.length).toBe(0);
});

test('Chapter F with a partial series of eight pieces, which nobody sends, leaves it alone', () => {
  expect(repaired(played('90403c'), journalWith('8807 a7 40302012'))).toEqual([]);
  expect(repaired(played('90403c'), journalWith('8807 a8 40302012'))).toEqual([]);
});

test('Chapter F as macOS writes it, a heard series as a Full Frame without the two frames, plays nothing (item 30a)', () => {
  // The series before the journal of vector macos_mtc_chapterF_1: 00:00:39:10 at 25 frames a second.
  const series = 'f10a f110 f127 f132 f140 f150 f160 f172';
  expect(repaired(played(series), journalWith('0807 47 2000270a', false))).toEqual([]);
  // One who missed it is locked to what it says.
  const heard = played('f108 f110 f127 f132 f140 f150 f160 f172');
  expect(repaired(heard, journalWith('0807 47 2000270a', false))).toEqual(['f07f7f01012000270af7']);
  expect(repaired(heard, journalWith('0807 47 2000270a', false))).toEqual([]);
});

describe('frames', () => {
  const RATES = [24, 25, 30, 30];
  const time = fc.tuple(
    fc.integer({ min: 0, max: 3 }),
    fc.integer({ min: 0, max: 23 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 59 }),
    fc.integer({ min: 0, max: 29 }),
  );
  const nibbles = (fields: readonly number[]): number => {
    const [rate = 0, hours = 0, minutes = 0, seconds = 0, frames = 0] = fields;
    const low = (value: number): number => value & 15;
    const high = (value: number): number => value >> 4;
    const pieces = [frames, seconds, minutes].flatMap((value) => [low(value), high(value)]);
    pieces.push(low(hours), high(hours) | (rate << 1));
    return pieces.reduce((all, piece) => all * 16 + piece, 0);
  };
  /** Frames since midnight, by the definition of drop-frame. */
  const count = (value: number): number => {
    const full = fullFrameOf(value);
    const rate = (full >>> 29) & 3;
    const minutes = ((full >>> 24) & 31) * 60 + ((full >>> 16) & 63);
    const frames = (minutes * 60 + ((full >>> 8) & 63)) * (RATES[rate] ?? 0) + (full & 31);
    return rate === 2 ? frames - 2 * (minutes - Math.floor(minutes / 10)) : frames;
  };
  const valid = time.filter(
    ([rate, , minutes, seconds, frames]) =>
      frames < (RATES[rate] ?? 0) &&
      !(rate === 2 && minutes % 10 !== 0 && seconds === 0 && frames < 2),
  );

  test('moved on are as many frames later, at every rate, and moved back again are the same', () => {
    fc.assert(
      fc.property(valid, fc.integer({ min: 0, max: 70 }), (fields, step) => {
        const value = nibbles(fields);
        const moved = movedBy(value, step);
        const day = fields[0] === 2 ? 24 * 6 * (10 * 1_800 - 18) : 86_400 * (RATES[fields[0]] ?? 0);
        expect(count(moved)).toBe((count(value) + step) % day);
        expect(movedBy(moved, -step)).toBe(value);
      }),
    );
  });

  test('that are no valid time stay in their bits, whatever is done to them', () => {
    fc.assert(
      fc.property(fc.nat(0xffff_ffff), fc.integer({ min: -3, max: 3 }), (value, step) => {
        const moved = movedBy(value, step);
        expect(moved).toBeGreaterThanOrEqual(0);
        expect(moved).toBeLessThanOrEqual(0xffff_ffff);
      }),
    );
  });
});
