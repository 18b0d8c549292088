import { expect, test } from 'vitest';
import { ClassLags } from './class-lags.ts';
import { CLASSES } from './kit-classes.ts';
import { BAR_LAGS } from './lag-votes.ts';

const EVEN: Float32Array = new Float32Array(BAR_LAGS).fill(0.5);
const COUNTS: Float64Array = new Float64Array(CLASSES).fill(10);

function vote(lags: ClassLags, slot: number, bars: number): void {
  lags.vote(slot, slot - 2, 0, 32, bars, EVEN, COUNTS);
}

test('a class with a pattern of two bars is foretold by itself, whatever the others do', () => {
  const lags = new ClassLags(1024);
  for (let bar = 0; bar < 12; bar++) {
    lags.set(0, bar * 32 + (bar % 2 === 0 ? 0 : 12));
    lags.set(0, bar * 32 + (bar % 2 === 0 ? 20 : 28));
    lags.set(3, bar * 32 + ((bar * 7) % 32));
  }
  vote(lags, 12 * 32, 12);
  expect(lags.barVotes[0]).toBeGreaterThan(0.9);
  vote(lags, 12 * 32 + 12, 12);
  expect(lags.barVotes[0]).toBeLessThan(0.35);
  expect(lags.best[0]).toBeGreaterThan(0.8);
});

test('a hi-hat on every beat is foretold within two bars', () => {
  const lags = new ClassLags(1024);
  for (let beat = 0; beat < 8; beat++) lags.set(2, beat * 8);
  vote(lags, 64, 2);
  expect(lags.beatVotes[2]).toBeGreaterThan(0.95);
  vote(lags, 68, 2);
  expect(lags.beatVotes[2]).toBe(0);
});

test('slots of an earlier turn of the ring are silent once cleared', () => {
  const lags = new ClassLags(1024);
  for (let slot = 0; slot < 1024; slot += 4) lags.set(1, slot);
  for (let slot = 1024; slot < 1024 + 512; slot++) lags.clearSlot(slot);
  vote(lags, 1024 + 512, 8);
  expect(lags.barVotes[1]).toBe(0);
});
