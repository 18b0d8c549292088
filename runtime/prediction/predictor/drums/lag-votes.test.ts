import { expect, test } from 'vitest';
import { instant } from '../../../core/time.ts';
import type { BeatGrid } from '../../grid/beat-grid.ts';
import { StreamHistory } from '../../history/stream-history.ts';
import { DrumMemory } from './drum-memory.ts';
import { CLASSES } from './kit-classes.ts';
import { BAR_LAGS, LagVotes } from './lag-votes.ts';

const SLOT = 62_500;
const GRID: BeatGrid = {
  confidence: 1,
  epoch: 0,
  beatsPerBar: () => 4,
  barLine: (beat) => Math.floor(beat / 4) * 4,
  timeOf: (beat) => instant(beat * 8 * SLOT),
  beatAt: (time) => time / (8 * SLOT),
};

function memoryOf(slots: readonly (readonly [slot: number, noteClass: number])[]): DrumMemory {
  const history = new StreamHistory(GRID, { classes: CLASSES });
  const memory = new DrumMemory(history);
  for (const [slot, noteClass] of slots) {
    memory.add(history.noteOn(noteClass, 9, 36 + noteClass, 90, instant(slot * SLOT)));
  }
  return memory;
}

/** Two bars that differ, in turn. */
function alternating(bars: number): (readonly [number, number])[] {
  return Array.from({ length: bars }, (_, bar): (readonly [number, number])[] =>
    bar % 2 === 0
      ? [
          [bar * 32, 0],
          [bar * 32 + 16, 0],
        ]
      : [
          [bar * 32 + 4, 0],
          [bar * 32 + 24, 1],
        ],
  ).flat();
}

test('lags at which the recent past repeats itself outvote the others', () => {
  const votes = new LagVotes();
  const memory = memoryOf(alternating(8));
  votes.compute(memory, 8 * 32, 8 * 32 - 2, 32);
  expect(votes.barSimilarity[BAR_LAGS + 1]).toBeGreaterThan(0.8);
  expect(votes.barSimilarity[BAR_LAGS]).toBeLessThan(0.3);
  expect(votes.votes[CLASSES]).toBeGreaterThan(0.9);
  votes.compute(memory, 8 * 32 + 4, 8 * 32 + 2, 32);
  expect(votes.votes[CLASSES]).toBeLessThan(0.5);
});

test('what is not known yet has no say', () => {
  const votes = new LagVotes();
  const memory = memoryOf(alternating(8));
  votes.compute(memory, 6 * 32, 6 * 32 - 2, 32);
  const before = Float32Array.from(votes.votes);
  const later = memoryOf([...alternating(8), [6 * 32, 3], [6 * 32 - 1, 5], [7 * 32, 6]]);
  votes.compute(later, 6 * 32, 6 * 32 - 2, 32);
  expect(votes.votes).toEqual(before);
});

test('in the first bar nothing is voted for', () => {
  const votes = new LagVotes();
  votes.compute(memoryOf([[0, 0]]), 8, 6, 32);
  expect(votes.barLags).toBe(0);
  expect(Math.max(...votes.votes)).toBe(0);
});
