import { expect, test } from 'vitest';
import { barLineAfter } from './bar-line.ts';
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
