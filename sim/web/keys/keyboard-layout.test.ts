import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  COMPUTER_KEYS,
  computerKeyCap,
  isBlack,
  keyName,
  layKeys,
  velocityAt,
} from './keyboard-layout.ts';

describe('a keyboard', () => {
  test('of two octaves from C3 has 15 white and 10 black keys, the black ones on top', () => {
    const keys = layKeys(48);
    expect(keys.filter((place) => !place.black)).toHaveLength(15);
    expect(keys.slice(15).every((place) => place.black)).toBe(true);
    expect(keys.map((place) => place.key).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 25 }, (_, i) => 48 + i),
    );
  });

  test('fills its width with white keys that touch, and every black key lies on a gap between two', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10 }), (octave) => {
        const keys = layKeys(octave * 12);
        const white = keys.filter((place) => !place.black);
        white.forEach((place, i) => {
          expect(place.left).toBeCloseTo(i / white.length);
        });
        for (const black of keys.filter((place) => place.black)) {
          const below = white.find((place) => place.key === black.key - 1);
          const gap = (below?.left ?? -1) + (below?.width ?? 0);
          expect(black.left).toBeLessThan(gap);
          expect(black.left + black.width).toBeGreaterThan(gap);
        }
      }),
    );
  });

  test('calls key 60 C4 and knows its neighbours', () => {
    expect([59, 60, 61, 0, 127].map(keyName)).toEqual(['B3', 'C4', 'C♯4', 'C-1', 'G9']);
  });
});

test('velocity rises from back to front and stays inside 1 to 127', () => {
  expect(velocityAt(0)).toBeLessThan(velocityAt(0.5));
  expect(velocityAt(0.5)).toBeLessThan(velocityAt(1));
  for (const depth of [-3, 0, 1, 9]) {
    expect(velocityAt(depth)).toBeGreaterThanOrEqual(1);
    expect(velocityAt(depth)).toBeLessThanOrEqual(127);
  }
});

test('computer keys lie like a piano: the middle row is white, the upper row black', () => {
  const black = new Set(['KeyW', 'KeyE', 'KeyT', 'KeyY', 'KeyU', 'KeyO', 'KeyP']);
  for (const [code, semitone] of Object.entries(COMPUTER_KEYS)) {
    expect(isBlack(60 + semitone), code).toBe(black.has(code));
  }
  expect([0, 1, 12, 16, 17, -1].map(computerKeyCap)).toEqual([
    'A',
    'W',
    'K',
    ';',
    undefined,
    undefined,
  ]);
});
