import { expect, test } from 'vitest';
import { gamma, normal, seededRandomness, uniform } from '../../sim/seeded-randomness.ts';
import { randomnessContract } from '../contracts/randomness.contract.ts';

randomnessContract('SeededRandomness', () => seededRandomness('contract'));

const draws = 40_000;
const moments = (draw: () => number): { mean: number; variance: number } => {
  let sum = 0;
  let squares = 0;
  for (let at = 0; at < draws; at++) {
    const value = draw();
    sum += value;
    squares += value * value;
  }
  const mean = sum / draws;
  return { mean, variance: squares / draws - mean * mean };
};

test('the same seed gives the same numbers, another seed others', () => {
  const numbers = (seed: number | string): number[] => {
    const randomness = seededRandomness(seed);
    return Array.from({ length: 8 }, () => randomness.uint32());
  };
  expect(numbers(1)).toEqual(numbers(1));
  expect(numbers('piece/lan')).toEqual(numbers('piece/lan'));
  const firsts = Array.from({ length: 1_000 }, (_, seed) => numbers(seed)[0]);
  expect(new Set(firsts).size).toBe(1_000);
});

test('the numbers of a seed never change, so that a printed seed can be run again', () => {
  const randomness = seededRandomness(42);
  const numbers = [randomness.uint32(), randomness.uint32(), randomness.uint32()];
  expect(numbers).toMatchInlineSnapshot(`
    [
      1131958139,
      4162621993,
      1497466122,
    ]
  `);
});

test('uniform, normal and gamma have the moments of their distributions', () => {
  const randomness = seededRandomness('moments');
  const flat = moments(() => uniform(randomness));
  expect(flat.mean).toBeCloseTo(0.5, 2);
  expect(flat.variance).toBeCloseTo(1 / 12, 2);
  const bell = moments(() => normal(randomness));
  expect(Math.abs(bell.mean)).toBeLessThan(0.03);
  expect(Math.abs(bell.variance - 1)).toBeLessThan(0.05);
  for (const shape of [0.5, 1.2, 2, 9]) {
    const skewed = moments(() => gamma(randomness, shape, 10));
    expect(Math.abs(skewed.mean - 10)).toBeLessThan(0.4);
    expect(Math.abs((skewed.variance * shape) / 100 - 1)).toBeLessThan(0.12);
  }
  expect(gamma(randomness, 2, 0)).toBe(0);
});
