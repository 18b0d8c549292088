import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { beatLines, drumRow, keyRange, ROLL_MS, rollWindow, xAt } from './roll-layout.ts';
import type { Span } from './roll-spans.ts';

const span = (key: number, more: Partial<Span> = {}): Span => ({
  kind: 'heard',
  participant: 'a',
  channel: 0,
  key,
  velocity: 90,
  cause: 'received',
  performedAt: undefined,
  start: 0,
  end: 10,
  fate: undefined,
  ...more,
});
const BEFORE = { low: 48, high: 72 };

describe('the window', () => {
  test('scrolls with the present near its right edge', () => {
    const window = rollWindow(100_000, 2_000, false, false);
    expect(window.to - window.from).toBe(ROLL_MS);
    expect(xAt(window, window.now, 800)).toBeGreaterThan(700);
    expect(xAt(window, window.from, 800)).toBe(0);
  });

  test('shows less time on a narrow screen, so that notes stay wide enough to see', () => {
    const window = rollWindow(100_000, 390, false, false);
    expect(window.to - window.from).toBeLessThan(ROLL_MS / 2);
  });

  test('leaves room for what is expected', () => {
    const window = rollWindow(100_000, 2_000, false, true);
    expect(window.to - window.from).toBe(ROLL_MS);
    expect(window.to - window.now).toBeGreaterThan(1_500);
  });

  test('stands still until it is turned like a page when motion disturbs', () => {
    const first = rollWindow(16_100, 2_000, true, false);
    const second = rollWindow(23_900, 2_000, true, false);
    expect(second.from).toBe(first.from);
    expect(rollWindow(24_100, 2_000, true, false).from).toBe(first.to);
  });
});

describe('the keys shown', () => {
  test('stay as they are while everything fits', () => {
    expect(keyRange([span(50), span(70)], 0, BEFORE)).toBe(BEFORE);
    expect(keyRange([], 0, BEFORE)).toBe(BEFORE);
  });

  test('make room for a note outside, whatever it is, and never leave 0 to 127', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 127 }), { minLength: 1 }), (keys) => {
        const range = keyRange(
          keys.map((key) => span(key)),
          0,
          BEFORE,
        );
        for (const key of keys) {
          expect(key).toBeGreaterThanOrEqual(range.low);
          expect(key).toBeLessThanOrEqual(range.high);
        }
        expect(range.low).toBeGreaterThanOrEqual(0);
        expect(range.high).toBeLessThanOrEqual(127);
      }),
    );
  });

  test('narrow again when a far note has gone, and ignore percussion', () => {
    const wide = { low: 20, high: 110 };
    const range = keyRange([span(60), span(64), span(30, { channel: 9 })], 0, wide);
    expect(range.high - range.low).toBeLessThan(40);
    expect(keyRange([span(100, { end: 5 })], 6, BEFORE)).toBe(BEFORE);
  });
});

describe('beats', () => {
  test('fall on the timeline, with a bar line every four', () => {
    const window = { from: 0, to: 4_000, now: 3_000 };
    const lines = beatLines(window, { origin: 500, bpm: 120, beatsPerBar: 4 });
    expect(lines.map((line) => line.time)).toEqual([
      0, 500, 1_000, 1_500, 2_000, 2_500, 3_000, 3_500, 4_000,
    ]);
    expect(lines.filter((line) => line.bar).map((line) => line.time)).toEqual([500, 2_500]);
  });

  test('are not drawn without a timeline or with one that makes no sense', () => {
    const window = { from: 0, to: 4_000, now: 3_000 };
    expect(beatLines(window, { origin: null, bpm: 120, beatsPerBar: 4 })).toEqual([]);
    expect(beatLines(window, { origin: 0, bpm: 0, beatsPerBar: 4 })).toEqual([]);
    expect(beatLines(window, { origin: 0, bpm: Number.NaN, beatsPerBar: 4 })).toEqual([]);
  });
});

test('drums have their rows', () => {
  expect([36, 38, 45, 42, 49, 76].map(drumRow)).toEqual([0, 1, 2, 3, 4, 5]);
});
