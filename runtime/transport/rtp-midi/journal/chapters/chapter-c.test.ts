/** Chapter C, octet by octet beside figures A.3.1 to A.3.3 of RFC 6295. Its repair is in controller-repair.test.ts. */
import { describe, expect, test } from 'vitest';
import {
  CHECKPOINT,
  journalOf,
  ONE_CHANNEL,
  play,
  played,
  written,
} from '../../../../../tests/channel-journal/by-hand.ts';
import type { StreamState } from '../stream-state.ts';

/** The logs, from the octet after the header. */
function logsOf(state: StreamState, anchor = 0): string[] {
  const journal = written(state, { anchor, confirmed: anchor });
  expect(journal.slice(0, 6)).toBe(`a0${CHECKPOINT.toString(16)}`);
  expect(Number.parseInt(journal.slice(10, 12), 16)).toBe(0x40);
  const logs = journal.slice(14).match(/.{4}/g) ?? [];
  expect(Number.parseInt(journal.slice(12, 14), 16) & 0x7f).toBe(logs.length - 1);
  return logs;
}

describe('logs', () => {
  test.each([
    ['by value', 'b00764 b00a40', '8764 8a40'],
    ['a renewed log moves to the end (item 15c)', 'b00764 b00a40 b00765', '8a40 8765'],
    ['an LSB stays, also when its MSB is newer (item 21)', 'b02705 b00764', 'a705 8764'],
    ['a pedal by value and toggles (item 21a)', 'b0407f b04000 b0407f', 'c07f c083'],
    ['a half-pressed pedal keeps its value (item 21a)', 'b04050 b04060', 'c060 c081'],
    ['Local Control begins as on, its toggles at 1 (item 21a)', 'b07a7f b07a00', 'fa00 fa82'],
    ['mode messages by count (item 21a)', 'b07b00 b07b00 b07800 b07d00', 'fbc2 f8c1 fdc1'],
    ['Mono Mode by count and value (items 21a, 21b)', 'b07e04', 'fec1 fe04'],
    ['a counted command with an unusual value keeps it (item 21b)', 'b07905', 'f9c1 f905'],
    ['both of a pair that exclude each other, in order (item 21)', 'b07c00 b07d00', 'fcc1 fdc1'],
    [
      'what CC 121 resets is left out, the rest stays (item 21)',
      'b00140 b00b10 b00764 b07900',
      '8764 f9c1',
    ],
    [
      'a switch that CC 121 resets is told of by its own toggles (items 21, 21a)',
      'b0407f b07900',
      'c081 f9c1',
    ],
    ['a reset counts as a toggle (item 21a)', 'b0407f b07900 b0407f', 'f9c1 c07f c083'],
    [
      'data entry with no parameter selected (item 22c)',
      'b00610 b02611 b06000 b06100',
      '8610 a611 e000 e100',
    ],
    ['data entry after the null parameter (item 22c)', 'b0657f b0647f b00610', '8610'],
  ])('%s', (_what, source, logs) => {
    const list = logsOf(played(source), source.startsWith('b0657f') ? 2 : 0);
    expect(list.join(' ')).toBe(logs);
  });

  test('counts and toggles go round at 64, and begin again at a Reset State command (item 21a)', () => {
    const state = played('');
    for (let i = 0; i < 65; i++) play(state, 'b07b00 b0407f b04000', 1 + 3 * i);
    expect(logsOf(state).join(' ')).toBe('fbc1 c000 c082');
    play(state, 'ff b07b00 b0407f', 300);
    expect(logsOf(state, 300).join(' ')).toBe('fbc1 c07f c081');
  });

  test('data entry that belongs to a parameter is not here (item 22c)', () => {
    const journal = journalOf('b06500 b06402 b00640');
    expect(journal.slice(10, 12)).toBe('20');
    expect(journal.startsWith(ONE_CHANNEL)).toBe(true);
  });

  test('with all controllers in use there are at most 128 logs, and all that matters is told (items 14a, 21)', () => {
    const state = played('b07901');
    let stamp = 2;
    for (let controller = 0; controller < 128; controller++) {
      // From 98 to 101 they are numbers of parameters.
      if (controller === 121 || (controller >= 98 && controller <= 101)) continue;
      play(state, `b0${controller.toString(16).padStart(2, '0')}50`, stamp++);
    }
    const logs = logsOf(state);
    expect(logs.length).toBe(123);
    const numbers = logs.map((log) => Number.parseInt(log.slice(0, 2), 16) & 0x7f);
    for (let controller = 0; controller < 128; controller++) {
      const absent = [98, 99, 100, 101, 124, 126].includes(controller);
      expect(numbers.includes(controller), `${controller}`).toBe(!absent);
    }
    // The damper pedal keeps both of its tools.
    expect(logs.filter((log) => log.startsWith('c0'))).toEqual(['c050', 'c081']);
  });
});
