import { expect, test } from 'vitest';
import { transmit } from '../../cli/eval/arrivals/transmission.ts';
import { scoreBaselines } from '../../cli/eval/baselines/baselines.ts';
import type { PartScore } from '../../cli/eval/scoring/part-score.ts';
import { madePiece, steadyDrums } from './made-pieces.ts';

function baselines(profile: 'lan' | 'xcountry', bars: number): Record<string, PartScore> {
  const piece = madePiece([steadyDrums(bars)]);
  const part = transmit(piece, profile).parts[0];
  if (!part) throw new Error('no part');
  return scoreBaselines(piece, part);
}

test('what never changes is foreseen from the second bar on by whoever repeats', () => {
  const { repeatBar, lagVote50, lagVote80, knownNotes } = baselines('xcountry', 16);
  for (const score of [repeatBar, lagVote50, lagVote80]) {
    expect(score?.w20).toBeCloseTo((100 * 15) / 16);
    expect(score).toMatchObject({ falseNotes: 0, missed: 0, duplicates: 0 });
  }
  expect(knownNotes?.w20).toBe(100);
});

test('who waits for packets is late across the country, and one bar late is a bar late', () => {
  const { passthrough, jitterBuffer, oneBar } = baselines('xcountry', 16);
  expect([passthrough?.w20, jitterBuffer?.w20, oneBar?.w20]).toEqual([0, 0, 0]);
  expect(passthrough?.medianError).toBeGreaterThan(60);
  expect(jitterBuffer?.medianError).toBeGreaterThan(passthrough?.medianError ?? 100);
  expect(oneBar?.medianError).toBeCloseTo(2_000);
});

test('on a cable everything is in time as it comes', () => {
  const { passthrough, oneBar } = baselines('lan', 4);
  expect([passthrough?.w20, oneBar?.w20]).toEqual([100, 0]);
});
