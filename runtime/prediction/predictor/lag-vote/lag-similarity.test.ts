import { expect, test } from 'vitest';
import { LagSimilarity, MAX_LAGS, WINDOWS } from './lag-similarity.ts';
import { SlotKeys } from './slot-keys.ts';

const BAR = 32;
const BEAT = 8;

function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    return state / 2 ** 31;
  };
}

function reading(similarity: LagSimilarity): unknown {
  const { count } = similarity;
  const byWindow = (values: Float32Array | Int32Array) =>
    Array.from({ length: WINDOWS }, (_, window) => [
      ...values.subarray(window * MAX_LAGS, window * MAX_LAGS + count),
    ]);
  return {
    lags: [...similarity.lags.subarray(0, count)],
    here: [...similarity.here],
    matches: byWindow(similarity.matches),
    there: byWindow(similarity.there),
    dice: byWindow(similarity.dice),
  };
}

test('moving on slot by slot gives what counting anew gives, late notes and leaps included', () => {
  for (const seed of [1, 2, 3]) {
    const random = randomFrom(seed);
    const keys = new SlotKeys();
    const moving = new LagSimilarity();
    let known = 0;
    for (let step = 0; step < 300; step++) {
      known += random() < 0.05 ? Math.floor(random() * 60) : 1;
      for (let n = 0; n < 3; n++) {
        if (random() < 0.4)
          keys.add(known + Math.floor(random() * 3), 40 + Math.floor(random() * 4));
      }
      if (random() < 0.05) keys.add(Math.max(0, known - Math.floor(random() * 90)), 44);
      moving.update(keys, known, BAR, BEAT);
      if (step % 7 !== 0) continue;
      const fresh = new LagSimilarity();
      fresh.update(keys, known, BAR, BEAT);
      expect(reading(moving), `seed ${seed}, step ${step}`).toEqual(reading(fresh));
    }
  }
});

test('a phrase that repeats is wholly alike at its length, and the run of agreement is its notes', () => {
  const keys = new SlotKeys();
  const similarity = new LagSimilarity();
  const phrase = [40, 43, 45, 43, 38, 40, 41, 36];
  for (let beat = 0; beat < 64; beat++) {
    keys.add(beat * BEAT, phrase[beat % phrase.length] as number);
    similarity.update(keys, beat * BEAT + 2, BAR, BEAT);
  }
  const { lags, count, dice, suffix } = similarity;
  const at = lags.subarray(0, count).indexOf(2 * BAR);
  const beside = lags.subarray(0, count).indexOf(BAR);
  expect(dice[3 * MAX_LAGS + at]).toBeGreaterThan(0.97);
  expect(dice[3 * MAX_LAGS + beside]).toBeLessThan(0.3);
  expect(suffix[at]).toBe(32);
  expect(suffix[beside]).toBeLessThan(3);
});

test('lags reach back to the first note and no further, beats and bars in order of length', () => {
  const keys = new SlotKeys();
  const similarity = new LagSimilarity();
  keys.add(0, 60);
  similarity.update(keys, 2 * BAR + 3, BAR, BEAT);
  const { lags, count } = similarity;
  expect([...lags.subarray(0, count)]).toEqual([8, 16, 24, 32, 40, 48, 56, 64]);
  const barsOnly = new LagSimilarity(100, 3);
  barsOnly.update(keys, 4 * BAR, BAR, BEAT);
  expect([...barsOnly.lags.subarray(0, barsOnly.count)]).toEqual([8, 16, 24, 32, 64, 96, 128]);
});
