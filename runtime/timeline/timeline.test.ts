import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Song, Timeline } from '../core/ensemble.ts';
import type { EnsembleTime, Micros } from '../core/time.ts';
import { fulfil, plays, type TimeWish } from './time-wish.ts';
import {
  barLineFrom,
  beatAt,
  beatLength,
  MAX_BEFORE,
  nextBeat,
  placeOfBeat,
  timeOfBeat,
  withBarAt,
  withMetre,
  withTempo,
} from './timeline.ts';

const at = (seconds: number): EnsembleTime => (seconds * 1e6) as EnsembleTime;
const PLAIN: Timeline = { origin: at(10), bpm: 120, beatsPerBar: 4 };

const wishes = fc.array(
  fc.record({
    after: fc.integer({ min: 0, max: 6_000 }),
    notice: fc.integer({ min: 30, max: 1_000 }),
    wish: fc.oneof(
      fc.record({
        kind: fc.constant('tempo' as const),
        bpm: fc.double({ min: 20, max: 400, noNaN: true }),
      }),
      fc.record({
        kind: fc.constant('metre' as const),
        beatsPerBar: fc.integer({ min: 1, max: 32 }),
      }),
      fc.record({
        kind: fc.constant('play' as const),
        countInBars: fc.integer({ min: 0, max: 2 }),
      }),
      fc.constant({ kind: 'stop' as const }),
    ),
  }),
  { minLength: 1, maxLength: 25 },
);

interface Step {
  readonly now: EnsembleTime;
  readonly soon: EnsembleTime;
  readonly before: Timeline;
  readonly timeline: Timeline;
  readonly song: Song | undefined;
}

function live(
  steps: readonly { readonly after: number; readonly notice: number; readonly wish: TimeWish }[],
): readonly Step[] {
  let now = at(11);
  let timeline = PLAIN;
  let song: Song | undefined;
  return steps.map(({ after, notice, wish }) => {
    now = (now + after * 1_000) as EnsembleTime;
    const before = timeline;
    const patch = fulfil(wish, { timeline, song }, now, (notice * 1_000) as Micros);
    timeline = patch.timeline ?? timeline;
    song = patch.song ?? song;
    return { now, soon: (now + notice * 1_000) as EnsembleTime, before, timeline, song };
  });
}

test('the first beat of bar 0 falls at the origin', () => {
  expect(timeOfBeat(PLAIN, 0)).toBe(at(10));
  expect(beatAt(PLAIN, at(12.25))).toBe(4.5);
  expect(placeOfBeat(PLAIN, 4)).toEqual({ bar: 1, beatInBar: 0, beatsPerBar: 4, bpm: 120 });
  expect(placeOfBeat(PLAIN, -1)).toMatchObject({ bar: -1, beatInBar: 3 });
  expect([nextBeat(PLAIN, at(10)), nextBeat(PLAIN, at(10.01))]).toEqual([0, 1]);
  expect([barLineFrom(PLAIN, 4), barLineFrom(PLAIN, 4.1)]).toEqual([4, 8]);
});

test('a new tempo begins with a beat, and the bar goes on', () => {
  const faster = withTempo(PLAIN, at(12.6), 240);
  expect(timeOfBeat(faster, 6)).toBe(at(13));
  expect(timeOfBeat(faster, 5)).toBe(at(12.5));
  expect(timeOfBeat(faster, 8)).toBe(at(13.5));
  expect(placeOfBeat(faster, 8)).toMatchObject({ bar: 2, beatInBar: 0 });
  expect([beatLength(faster, 5), beatLength(faster, 6)]).toEqual([500_000, 250_000]);
});

test('a new metre begins with a bar', () => {
  const three = withMetre(PLAIN, at(12.6), 3);
  expect(placeOfBeat(three, 7)).toMatchObject({ bar: 1, beatInBar: 3, beatsPerBar: 4 });
  expect(placeOfBeat(three, 8)).toMatchObject({ bar: 2, beatInBar: 0, beatsPerBar: 3 });
  expect(placeOfBeat(three, 11)).toMatchObject({ bar: 3, beatInBar: 0 });
  expect(timeOfBeat(three, 11)).toBe(at(15.5));
});

test('a tempo that is set before a metre takes effect leaves that on its bar line', () => {
  const three = withMetre(PLAIN, at(12.1), 3);
  const both = withTempo(three, at(12.4), 60);
  expect(placeOfBeat(both, 8)).toMatchObject({ bar: 2, beatInBar: 0, beatsPerBar: 3, bpm: 60 });
  expect(timeOfBeat(both, 8)).toBe(at(12.5 + 3));
  expect(placeOfBeat(both, 11)).toMatchObject({ bar: 3, beatInBar: 0 });
});

test('a turning knob leaves one tempo for each beat', () => {
  let timeline = PLAIN;
  for (let turn = 0; turn < 90; turn++) {
    timeline = withTempo(timeline, at(12 + turn / 30 + 0.2), 120 + turn / 10);
    expect(timeline.before?.length).toBeLessThanOrEqual(MAX_BEFORE);
  }
  expect(timeline.bpm).toBeCloseTo(128.9);
});

test('a clock that leads begins a bar where it does, with a number of its own', () => {
  const led = withBarAt(PLAIN, at(13.2), 100);
  expect(timeOfBeat(led, 7)).toBe(at(13.2));
  expect(placeOfBeat(led, 7)).toMatchObject({ bar: 2, beatInBar: 0, bpm: 100 });
  expect(placeOfBeat(led, 6)).toMatchObject({ bar: 1, beatInBar: 2, bpm: 120 });
});

describe('whatever is wished, and whenever', () => {
  test('beats follow one another without a gap or a step back, and what is near stays as it was', () => {
    fc.assert(
      fc.property(wishes, (steps) => {
        for (const { soon, before, timeline } of live(steps)) {
          const first = Math.ceil(beatAt(before, soon)) - 2;
          for (let beat = first; beat < first + 40; beat++) {
            const time = timeOfBeat(timeline, beat);
            expect(beatAt(timeline, time)).toBeCloseTo(beat, 4);
            const length = timeOfBeat(timeline, beat + 1) - time;
            expect(length).toBeGreaterThan(60e6 / 400 - 1);
            expect(length).toBeLessThan(60e6 / 20 + 1);
            if (time <= soon) expect(time).toBeCloseTo(timeOfBeat(before, beat), 0);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('bars follow one another, each with the beats of its metre', () => {
    fc.assert(
      fc.property(wishes, (steps) => {
        for (const { now, timeline } of live(steps)) {
          const first = Math.floor(beatAt(timeline, now));
          for (let beat = first; beat < first + 60; beat++) {
            const here = placeOfBeat(timeline, beat);
            const next = placeOfBeat(timeline, beat + 1);
            const isLast = here.beatInBar + 1 === here.beatsPerBar;
            expect([next.bar, next.beatInBar]).toEqual(
              isLast ? [here.bar + 1, 0] : [here.bar, here.beatInBar + 1],
            );
            if (!isLast) expect(next.beatsPerBar).toBe(here.beatsPerBar);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  test('songs begin and end on bar lines, after their count-in', () => {
    fc.assert(
      fc.property(wishes, (steps) => {
        for (const { soon, timeline, song } of live(steps)) {
          if (!song) continue;
          const ahead = beatAt(timeline, soon);
          expect(Number.isInteger(song.start)).toBe(true);
          for (const beat of [song.start, Math.max(song.start, song.end ?? song.start)]) {
            if (beat > ahead) expect(placeOfBeat(timeline, beat).beatInBar).toBe(0);
          }
          expect(plays(song, song.start)).toBe(song.end === undefined || song.end > song.start);
        }
      }),
      { numRuns: 200 },
    );
  });
});
