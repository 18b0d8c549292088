import { describe, expect, test } from 'vitest';
import { fromMillis, instant } from '../../runtime/core/time.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { BarLineStarts, barLineAfter } from './bar-line.ts';
import type { SimSession } from './protocol.ts';

const session: SimSession = {
  ...{ name: 'jam', host: 'a', locked: false, lock: 'closed', mode: 'auto', participants: [] },
  ...{ bpm: 120, beatsPerBar: 4, playing: true, origin: 500, songAt: 500 },
};

test('music begins on a bar line, the next one that is still to come', () => {
  expect(barLineAfter(session, 120, 600)).toBe(2_500);
  expect(barLineAfter(session, 120, 2_500)).toBe(2_500);
  expect(barLineAfter({ ...session, beatsPerBar: 3 }, 120, 600)).toBe(2_000);
});

test('and not before the song does', () => {
  expect(barLineAfter({ ...session, songAt: 8_500 }, 120, 600)).toBe(8_500);
});

test('a session that does not play, or not yet at that tempo, has no bar line for it', () => {
  expect(barLineAfter(undefined, 120, 0)).toBeUndefined();
  expect(barLineAfter({ ...session, playing: false }, 120, 0)).toBeUndefined();
  expect(barLineAfter(session, 100, 0)).toBeUndefined();
  expect(barLineAfter({ ...session, origin: null }, 120, 0)).toBeUndefined();
});

describe('a piece', () => {
  const openRig = (first: SimSession | undefined) => {
    const clock = new VirtualClock(instant(0));
    let present = first;
    const begun: number[] = [];
    const starts = new BarLineStarts({
      clock,
      now: () => clock.now() / 1_000,
      session: () => present,
    });
    starts.add(120, (at) => begun.push(at));
    const turn = (ms: number, next = present): void => {
      present = next;
      clock.advance(fromMillis(ms));
    };
    return { starts, begun, turn };
  };
  const resting = { ...session, playing: false };

  test('begins once the session plays, on its bar line', () => {
    const { begun, turn } = openRig(resting);
    turn(200);
    expect(begun).toEqual([]);
    turn(200, { ...session, songAt: 2_500 });
    expect(begun).toEqual([2_500]);
  });

  test('begins at once in no session, and soon in one that does not come to play', () => {
    expect(openRig(undefined).begun).toEqual([300]);
    const { begun, turn } = openRig(resting);
    turn(2_000);
    expect(begun).toEqual([1_100]);
  });

  test('that was stopped before it began does not begin', () => {
    const { starts, begun, turn } = openRig(resting);
    starts.clear();
    turn(2_000, session);
    expect(begun).toEqual([]);
  });
});
