import { expect, test } from 'vitest';
import { placeOf, rowCount, rowOf, rowsFor } from './bars-layout.ts';

const keys = (...of: number[]) => of.map((key) => ({ channel: 0, key }));
const NONE = { kind: 'keys', low: 60, high: 72 } as const;

test('a player has a row for every key in use, at least an octave of them', () => {
  const rows = rowsFor(keys(40, 47), NONE);
  expect(rowCount(rows)).toBeGreaterThanOrEqual(13);
  expect(rowOf(rows, 0, 40)).toBeGreaterThanOrEqual(0);
  expect(rowOf(rows, 0, 47)).toBeLessThan(rowCount(rows));
  expect(rowOf(rows, 0, 90)).toBeUndefined();
});

test('rows stay as they are while everything fits, and while nothing is known', () => {
  const rows = rowsFor(keys(40, 60), NONE);
  expect(rowsFor(keys(45), rows)).toBe(rows);
  expect(rowsFor([], rows)).toBe(rows);
  expect(rowsFor(keys(45, 90), rows)).not.toBe(rows);
});

test('drums have the rows of the roll', () => {
  const rows = rowsFor([{ channel: 9, key: 36 }], NONE);
  expect(rows).toEqual({ kind: 'drums' });
  expect(rowOf(rows, 9, 36)).toBe(0);
  expect(rowOf(rows, 0, 36)).toBeUndefined();
});

test('both bars share the width by their length in time', () => {
  const bars = { epoch: 1, beats: 4, confidence: 1, lines: [1_000, 3_000, 5_000] } as const;
  expect(placeOf(bars, 1_000)).toBe(0);
  expect(placeOf(bars, 3_000)).toBe(0.5);
  expect(placeOf(bars, 5_000)).toBe(1);
});
