import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Timeline } from '../../core/ensemble.ts';
import { type EnsembleTime, instant } from '../../core/time.ts';
import { beatAt, placeOfBeat, withBarAt, withMetre, withTempo } from '../../timeline/timeline.ts';
import { ClickGrid } from './click-grid.ts';

const SECOND = 1e6;

test('without a click nothing is known; with one, beats and bars are counted from its origin', () => {
  const grid = new ClickGrid();
  expect(grid.confidence).toBe(0);
  grid.setClick(0.5 * SECOND, 120, 4);
  expect(grid.confidence).toBe(1);
  expect(grid.timeOf(0)).toBe(0.5 * SECOND);
  expect(grid.timeOf(-2.5)).toBe(-0.75 * SECOND);
  expect(grid.beatAt(instant(2.75 * SECOND))).toBeCloseTo(4.5, 9);
  expect(grid.barLine(4.5)).toBe(4);
  expect(grid.barLine(-1)).toBe(-4);
  expect(grid.beatsPerBar(3)).toBe(4);
});

test('a change of tempo leaves the beats before it where they were', () => {
  const grid = new ClickGrid();
  grid.setClick(0, 120, 3);
  grid.setTempo(30 * SECOND, 60, 60);
  expect(grid.timeOf(59)).toBeCloseTo(29.5 * SECOND, 3);
  expect(grid.timeOf(61)).toBeCloseTo(31 * SECOND, 3);
  expect(grid.beatAt(instant(33 * SECOND))).toBeCloseTo(63, 9);
  expect(grid.barLine(62)).toBe(60);
  expect(grid.epoch).toBe(0);
});

test('a change that counts the beats anew says so', () => {
  const grid = new ClickGrid();
  grid.setClick(0, 120, 4);
  grid.setTempo(30 * SECOND, 120, 64);
  expect(grid.epoch).toBe(1);
  // One that takes back what was to come does not.
  grid.setTempo(40 * SECOND, 100, 84);
  grid.setTempo(35 * SECOND, 100, 74);
  expect(grid.epoch).toBe(1);
});

test('a tempo that changes with every beat is remembered for hundreds of beats, and asked of in any order', () => {
  const grid = new ClickGrid();
  grid.setClick(0, 120, 4);
  const times: number[] = [0];
  for (let beat = 1; beat <= 3_000; beat++) {
    const bpm = 120 + 10 * Math.sin(beat / 9);
    times.push(grid.timeOf(beat));
    grid.setTempo(grid.timeOf(beat), bpm, beat);
  }
  for (const beat of [2_999, 2_500, 2_300, 2_998, 2_995, 2_900]) {
    expect(grid.timeOf(beat)).toBeCloseTo(times[beat] ?? 0, 3);
    expect(grid.beatAt(instant((times[beat] ?? 0) + 1))).toBeCloseTo(beat, 4);
  }
});

test('the session timeline is followed, and remembered beyond what it tells itself', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({
          what: fc.constantFrom('tempo', 'metre', 'bar'),
          after: fc.integer({ min: 1, max: 20 }),
          bpm: fc.integer({ min: 50, max: 200 }),
          beats: fc.integer({ min: 2, max: 7 }),
        }),
        { maxLength: 12 },
      ),
      (changes) => {
        const grid = new ClickGrid({
          toLocal: (time) => time + 5 * SECOND,
          fromLocal: (local) => local - 5 * SECOND,
        });
        let timeline: Timeline = { origin: 0 as EnsembleTime, bpm: 120, beatsPerBar: 4 };
        let at = 0;
        grid.setTimeline(timeline);
        const seen: { time: number; beat: number; line: number }[] = [];
        for (const { what, after, bpm, beats } of changes) {
          for (let step = 0; step < after; step++) {
            at += SECOND / 3;
            const beat = beatAt(timeline, at as EnsembleTime);
            const place = placeOfBeat(timeline, beat);
            seen.push({ time: at, beat, line: Math.floor(beat + 1e-4) - place.beatInBar });
          }
          const soon = (at + 0.1 * SECOND) as EnsembleTime;
          if (what === 'tempo') timeline = withTempo(timeline, soon, bpm);
          else if (what === 'metre') timeline = withMetre(timeline, soon, beats);
          else timeline = withBarAt(timeline, soon, bpm);
          grid.setTimeline(timeline);
          grid.setTimeline(timeline);
          // All that had passed by then is where it was.
          for (const { time, beat } of seen) {
            expect(grid.beatAt(instant(time + 5 * SECOND))).toBeCloseTo(beat, 5);
          }
          const now = seen.at(-1);
          if (now) expect(grid.barLine(Math.floor(now.beat + 1e-4))).toBeCloseTo(now.line, 6);
        }
      },
    ),
    { numRuns: 60 },
  );
});
