import { expect, test } from 'vitest';
import type { SimBars, SimExpectedNote } from '../../app/prediction-protocol.ts';
import { openBeliefs } from './beliefs.ts';

const bars = (start: number, epoch = 1): SimBars => ({
  ...{ epoch, beats: 4, confidence: 1 },
  lines: [start, start + 2_000, start + 4_000],
});
const note = (at: number, likely = 0.8): SimExpectedNote => ({
  ...{ channel: 0, key: 60, at, length: 100, likely },
});

test('what is told of a slot takes the place of what was told before', () => {
  const beliefs = openBeliefs();
  const participant = 'a';
  beliefs.take({ bars: bars(0), slots: [{ participant, slot: 8, notes: [note(500)] }] });
  beliefs.take({ bars: bars(0), slots: [{ participant, slot: 8, notes: [note(510, 0.9)] }] });
  expect([...beliefs.of('a')]).toEqual([note(510, 0.9)]);
  beliefs.take({ bars: bars(0), slots: [{ participant, slot: 8, notes: [] }] });
  expect([...beliefs.of('a')]).toEqual([]);
  expect([...beliefs.of('b')]).toEqual([]);
});

test('a bar that has passed is forgotten, and everything when the engine counts anew', () => {
  const beliefs = openBeliefs();
  const participant = 'a';
  const slots = [
    { participant, slot: 8, notes: [note(500)] },
    { participant, slot: 40, notes: [note(2_500)] },
  ];
  beliefs.take({ bars: bars(0), slots });
  beliefs.take({ bars: bars(2_000), slots: [] });
  expect([...beliefs.of('a')]).toEqual([note(2_500)]);
  beliefs.take({ bars: bars(2_000, 2), slots: [] });
  expect([...beliefs.of('a')]).toEqual([]);
});

test('without a beat nothing is expected', () => {
  const beliefs = openBeliefs();
  beliefs.take({ bars: bars(0), slots: [{ participant: 'a', slot: 8, notes: [note(500)] }] });
  beliefs.take({ bars: null, slots: [] });
  expect(beliefs.bars).toBeNull();
  expect([...beliefs.of('a')]).toEqual([]);
});
