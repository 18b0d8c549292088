import { describe, expect, test } from 'vitest';
import { seededRandomness, uniform } from '../../../sim/seeded-randomness.ts';
import type { Role } from '../../core/ensemble.ts';
import { FalseNoteBudget, scoreOf } from './false-note-budget.ts';

/** Expected notes whose probabilities are what they are said to be, or not. */
function playPiece(
  seed: string,
  notes: number,
  role: Role,
  { truthOf = (likely: number) => likely, share = 1 } = {},
): { readonly falses: number; readonly hits: number; readonly truths: number } {
  const random = seededRandomness(seed);
  const budget = new FalseNoteBudget(role);
  budget.setShare(share);
  let falses = 0;
  let hits = 0;
  let truths = 0;
  const waiting: boolean[] = [];
  while (truths < notes) {
    const likely = uniform(random) ** 0.3;
    const isTrue = uniform(random) < truthOf(likely);
    if (scoreOf(likely, likely * 0.85) >= budget.threshold) {
      waiting.push(isTrue);
      if (isTrue) hits++;
      else falses++;
    }
    if (isTrue) {
      truths++;
      budget.truth();
    }
    // What became of a note is known some notes later.
    if (waiting.length > 4 && waiting.shift() === false) budget.falseNote();
  }
  return { falses, hits, truths };
}

describe('over pieces of 150 to 1200 notes', () => {
  test.each([
    ['probabilities that are right', 'rhythm', 5, (likely: number) => likely],
    ['probabilities that are right', 'melody', 3, (likely: number) => likely],
    ['probabilities that promise too much', 'bass', 5, (likely: number) => likely ** 2],
    ['probabilities that promise too much', 'harmony', 3, (likely: number) => likely ** 2],
    ['probabilities that promise too little', 'rhythm', 5, (likely: number) => likely ** 0.5],
  ] as const)('%s (%s): %i of 100 are not far overdrawn', (_, role, allowed, truthOf) => {
    const shares: number[] = [];
    for (let seed = 0; seed < 40; seed++) {
      const notes = 150 + (seed % 8) * 150;
      const { falses, truths } = playPiece(`budget ${seed}`, notes, role, { truthOf });
      shares.push((100 * falses) / truths);
    }
    shares.sort((a, b) => a - b);
    const mean = shares.reduce((a, b) => a + b, 0) / shares.length;
    expect(mean).toBeLessThan(1.5 * allowed);
    expect(mean).toBeGreaterThan(0.3 * allowed);
    expect(shares[36]).toBeLessThan(2 * allowed);
  });
});

test('half of the budget costs half as much, and nothing of it plays nothing', () => {
  const whole = playPiece('whole', 2_000, 'rhythm');
  const half = playPiece('whole', 2_000, 'rhythm', { share: 0.5 });
  expect(half.falses).toBeLessThan(0.7 * whole.falses);
  expect(half.hits).toBeLessThan(whole.hits);
  expect(playPiece('none', 200, 'rhythm', { share: 0 })).toMatchObject({ hits: 0, falses: 0 });
});

test('false notes raise the threshold; one that came after all is none', () => {
  const budget = new FalseNoteBudget('bass');
  const before = budget.threshold;
  for (let i = 0; i < 5; i++) budget.falseNote();
  expect(budget.threshold).toBeGreaterThan(before + 1);
  for (let i = 0; i < 5; i++) budget.pardon();
  expect(budget.threshold).toBe(before);
});
