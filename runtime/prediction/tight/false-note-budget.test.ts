import { describe, expect, test } from 'vitest';
import { seededRandomness, uniform } from '../../../sim/seeded-randomness.ts';
import { FalseNoteBudget, scoreOf } from './false-note-budget.ts';

const TARGET = 0.05;

/** Expected notes whose probabilities are what they are said to be, or not. */
function playPiece(
  seed: string,
  notes: number,
  { truthOf = (likely: number) => likely, target = TARGET } = {},
): { readonly falses: number; readonly hits: number; readonly truths: number } {
  const random = seededRandomness(seed);
  const budget = new FalseNoteBudget(target);
  let falses = 0;
  let hits = 0;
  let truths = 0;
  const waiting: { likely: number; isFalse: boolean }[] = [];
  while (truths < notes) {
    const likely = uniform(random) ** 0.5;
    const isTrue = uniform(random) < truthOf(likely);
    const score = scoreOf(likely, likely * 0.85);
    budget.expected(score, likely);
    if (score >= budget.threshold) {
      waiting.push({ likely, isFalse: !isTrue });
      if (isTrue) hits++;
      else falses++;
    }
    if (isTrue || uniform(random) < 0.1) {
      truths++;
      budget.truth(1);
    }
    // What became of a note is known some notes later.
    const known = waiting.length > 4 ? waiting.shift() : undefined;
    if (known) budget.resolved(known.likely, known.isFalse);
  }
  return { falses, hits, truths };
}

describe('over a piece of 150 to 1200 notes', () => {
  test.each([
    ['probabilities that are right', (likely: number) => likely],
    ['probabilities that promise too much', (likely: number) => likely ** 2],
    ['probabilities that promise too little', (likely: number) => Math.sqrt(likely)],
  ])('%s: the budget is used and hardly overdrawn', (_, truthOf) => {
    const shares: number[] = [];
    for (let seed = 0; seed < 40; seed++) {
      const notes = 150 + (seed % 8) * 150;
      const { falses, truths } = playPiece(`budget ${seed}`, notes, { truthOf });
      shares.push(falses / truths);
    }
    shares.sort((a, b) => a - b);
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
    expect(mean).toBeGreaterThan(0.6 * TARGET);
    expect(mean).toBeLessThan(1.15 * TARGET);
    expect(shares[36]).toBeLessThan(1.5 * TARGET);
  });
});

test('a larger budget hits more', () => {
  const small = playPiece('small', 1_000, { target: 0.02 });
  const large = playPiece('small', 1_000, { target: 0.1 });
  expect(large.hits).toBeGreaterThan(small.hits * 1.2);
});

test('at first it is careful, and without a share of the budget nothing but certainty is played', () => {
  const budget = new FalseNoteBudget(TARGET);
  expect(budget.threshold).toBeGreaterThan(scoreOf(0.7, 0.6));
  for (let i = 0; i < 200; i++) {
    budget.expected(scoreOf(0.6, 0.5), 0.6);
    budget.truth(0);
  }
  expect(budget.threshold).toBeGreaterThanOrEqual(scoreOf(0.6, 0.5));
});

test('a note that was taken for false and came after all is no false note', () => {
  const budget = new FalseNoteBudget(TARGET);
  const other = new FalseNoteBudget(TARGET);
  for (let i = 0; i < 300; i++) {
    for (const one of [budget, other]) {
      one.expected(scoreOf(0.5 + 0.4 * ((i % 7) / 7), 0.5), 0.5 + 0.4 * ((i % 7) / 7));
      one.truth(1);
    }
    budget.resolved(0.8, i % 10 === 0);
    if (i % 10 === 0) budget.pardoned();
    other.resolved(0.8, i % 10 === 0);
  }
  expect(budget.threshold).toBeLessThan(other.threshold);
});
