import { expect, test } from 'vitest';
import { readConformance } from './conformance.ts';

const { promised, unknown } = readConformance();

test('the page of promises is read', () => {
  expect(promised.length).toBeGreaterThan(70);
});

test.each(promised)('promise $item has a test: $promise', ({ tests }) => {
  expect(tests.length).toBeGreaterThan(0);
});

test('tests name only promises that are on the page', () => {
  expect(unknown).toEqual([]);
});
