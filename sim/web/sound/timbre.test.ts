import { expect, test } from 'vitest';
import { RECIPES, timbreOf } from './timbre.ts';

test('a program wins over a role, and a role over the number of the box', () => {
  expect(timbreOf(33, 'melody', 1)).toBe('bass');
  expect(timbreOf(undefined, 'bass', 1)).toBe('bass');
  expect(timbreOf(undefined, null, 1)).toBe('keys');
});

test('every program and every box has an instrument', () => {
  for (let program = 0; program < 128; program++) {
    expect(RECIPES).toHaveProperty(timbreOf(program, null, 1));
  }
  for (let box = 0; box <= 8; box++) expect(RECIPES).toHaveProperty(timbreOf(undefined, null, box));
});
