import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normal, seededRandomness, uniform } from '../../../sim/seeded-randomness.ts';
import type { Role } from '../../core/ensemble.ts';
import type { Instant } from '../../core/time.ts';
import { type BeatTracker, openBeatTracker } from './beat-tracker.ts';

interface Note {
  readonly source: number;
  readonly channel: number;
  readonly key: number;
  readonly velocity: number;
  /** Seconds. */
  readonly at: number;
  readonly arrival: number;
  readonly role?: Role;
}

const KICK = 36;
const SNARE = 38;
const HAT = 42;
const at = (seconds: number): Instant => (seconds * 1e6) as Instant;

interface Groove {
  readonly from: number;
  readonly bars: number;
  /** Of a beat, by number. */
  readonly period: (beat: number) => number;
  readonly beatsPerBar?: number;
  /** Where in the beat the second eighth falls. */
  readonly swing?: number;
  readonly seed: string;
}

/** A drum kit: kick on 1 (and 3 of four), snare on 2 and 4 (2 and 3 of three), eighths on the hat; 8 ms off, 60 to 75 ms late. */
function drums({ from, bars, period, beatsPerBar = 4, swing = 0.5, seed }: Groove): Note[] {
  const randomness = seededRandomness(seed);
  const notes: Note[] = [];
  let time = from;
  for (let beat = 0; beat < bars * beatsPerBar; beat++) {
    const place = beat % beatsPerBar;
    const length = period(beat);
    const isKick = place === 0 || (beatsPerBar === 4 && place === 2);
    const strike = (key: number, when: number, velocity: number): void => {
      const played = when + 0.008 * normal(randomness);
      const arrival = played + 0.06 + 0.015 * uniform(randomness);
      notes.push({ source: 1, channel: 9, key, velocity, at: played, arrival, role: 'rhythm' });
    };
    strike(isKick ? KICK : SNARE, time, 100);
    strike(HAT, time, 80);
    strike(HAT, time + swing * length, 60);
    time += length;
  }
  return notes.sort((a, b) => a.arrival - b.arrival);
}

/** Roots and fifths on the beat, an octave on some eighths. */
function bass(from: number, bars: number, period: number, seed: string): Note[] {
  const randomness = seededRandomness(seed);
  const notes: Note[] = [];
  for (let beat = 0; beat < bars * 4; beat++) {
    const root = 33 + ([0, 5, 7, 5][(beat >> 2) % 4] ?? 0);
    for (const [offset, key] of [
      [0, root],
      [0.5, root + 12],
    ] as const) {
      if (offset > 0 && beat % 2 === 0) continue;
      const played = from + (beat + offset) * period + 0.01 * normal(randomness);
      const arrival = played + 0.08 + 0.02 * uniform(randomness);
      notes.push({ source: 2, channel: 0, key, velocity: 90, at: played, arrival, role: 'bass' });
    }
  }
  return notes;
}

const arranged = (...parts: readonly Note[][]): Note[] =>
  parts.flat().sort((a, b) => a.arrival - b.arrival);

function give(tracker: BeatTracker, note: Note): void {
  const { source, channel, key, velocity, role } = note;
  tracker.note(source, channel, key, velocity, at(note.at), at(note.arrival), role);
}

/** Plays all that arrives before `until`. */
function play(tracker: BeatTracker, notes: readonly Note[], from: number, until: number): void {
  for (const note of notes) if (note.arrival >= from && note.arrival < until) give(tracker, note);
  tracker.advance(at(until));
}

/** How far the beat that is nearest to `time` is from it, and how long beats are there (seconds). */
function beatAround(tracker: BeatTracker, time: number): { off: number; period: number } {
  const { grid } = tracker;
  const beat = Math.round(grid.beatAt(at(time)));
  return {
    off: Math.abs(grid.timeOf(beat) / 1e6 - time),
    period: (grid.timeOf(beat + 1) - grid.timeOf(beat)) / 1e6,
  };
}

function expectBeat(tracker: BeatTracker, time: number, period: number): void {
  const around = beatAround(tracker, time);
  expect(around.period / period).toBeGreaterThan(0.95);
  expect(around.period / period).toBeLessThan(1.05);
  expect(around.off / period).toBeLessThan(0.1);
}

describe('a beat is found', () => {
  test('within two bars of a straight groove, a beat ahead, with its bar line', () => {
    const tracker = openBeatTracker();
    expect(tracker.grid.confidence).toBe(0);
    const notes = drums({ from: 3, bars: 8, period: () => 0.5, seed: 'straight' });
    play(tracker, notes, 0, 3 + 8.5 * 0.5);
    expect(tracker.grid.confidence).toBeGreaterThan(0.1);
    expectBeat(tracker, 3 + 10 * 0.5, 0.5);
    play(tracker, notes, 3 + 8.5 * 0.5, 18);
    const beat = Math.round(tracker.grid.beatAt(at(3 + 28 * 0.5)));
    expect(tracker.grid.beatsPerBar(beat)).toBe(4);
    expect(tracker.grid.barLine(beat)).toBe(beat);
    expect(tracker.grid.confidence).toBeGreaterThan(0.6);
  });

  test.each([64, 84, 104, 120, 140, 168])('at %i beats a minute', (bpm) => {
    const tracker = openBeatTracker();
    const period = 60 / bpm;
    play(tracker, drums({ from: 1, bars: 6, period: () => period, seed: `at ${bpm}` }), 0, 99);
    const time = 1 + 23 * period;
    const around = beatAround(tracker, time);
    expect(around.off / period).toBeLessThan(0.1);
    expect(around.period / period).toBeCloseTo(1, 1);
  });

  test('when eighths are swung', () => {
    const tracker = openBeatTracker();
    const notes = drums({ from: 1, bars: 12, period: () => 0.45, swing: 0.66, seed: 'swing' });
    play(tracker, notes, 0, 1 + 48 * 0.45);
    expectBeat(tracker, 1 + 47 * 0.45, 0.45);
    expectBeat(tracker, 1 + 52 * 0.45, 0.45);
  });

  test('in bars of three', () => {
    const tracker = openBeatTracker();
    const groove = { from: 1, bars: 16, period: () => 0.42, beatsPerBar: 3, seed: 'waltz' };
    play(tracker, drums(groove), 0, 1 + 47 * 0.42);
    expectBeat(tracker, 1 + 45 * 0.42, 0.42);
    const beat = Math.round(tracker.grid.beatAt(at(1 + 45 * 0.42)));
    expect(tracker.grid.beatsPerBar(beat)).toBe(3);
    expect(tracker.grid.barLine(beat)).toBe(beat);
  });

  test('by two players together, and by either when the other is silent', () => {
    const tracker = openBeatTracker();
    const both = arranged(
      drums({ from: 1, bars: 8, period: () => 0.55, seed: 'two' }),
      bass(1, 16, 0.55, 'two'),
    );
    play(tracker, both, 0, 1 + 15.5 * 4 * 0.55);
    expectBeat(tracker, 1 + 62 * 0.55, 0.55);
    expect(tracker.stats.changes).toBe(0);
    const alone = openBeatTracker();
    play(alone, bass(1, 16, 0.55, 'alone'), 0, 1 + 63 * 0.55);
    // Nobody says whether a bass plays quarters or halves.
    const { off, period } = beatAround(alone, 1 + 60 * 0.55);
    expect(off / 0.55).toBeLessThan(0.1);
    expect(period / 0.55 / Math.round(period / 0.55)).toBeCloseTo(1, 1);
  });
});

describe('a beat that changes is followed', () => {
  test('from 100 to 125 a minute in 24 bars, without another numbering', () => {
    const tracker = openBeatTracker();
    const period = (beat: number): number => 60 / (100 + (25 * beat) / 96);
    const notes = drums({ from: 1, bars: 24, period, seed: 'drift' });
    play(tracker, notes, 0, 12);
    const { epoch } = tracker.grid;
    play(tracker, notes, 12, 99);
    const last = notes.reduce((latest, note) => Math.max(latest, note.at), 0);
    expectBeat(tracker, last - period(95) / 2, period(95));
    expect(tracker.grid.epoch).toBe(epoch);
  });

  test('to another tempo within four bars, and numbers go on', () => {
    const tracker = openBeatTracker();
    const period = (beat: number): number => (beat < 32 ? 0.6 : 0.47);
    const notes = drums({ from: 1, bars: 16, period, seed: 'change' });
    const changed = 1 + 32 * 0.6;
    play(tracker, notes, 0, changed);
    const { epoch } = tracker.grid;
    const before = tracker.grid.beatAt(at(changed));
    play(tracker, notes, changed, changed + 16 * 0.47);
    expectBeat(tracker, changed + 16 * 0.47, 0.47);
    expect(tracker.grid.epoch).toBeGreaterThan(epoch);
    const passed = tracker.grid.beatAt(at(changed + 16 * 0.47)) - before;
    expect(passed).toBeGreaterThan(11);
    expect(passed).toBeLessThan(18);
  });

  test('after a stop of some bars at the same tempo but on another beat', () => {
    const tracker = openBeatTracker();
    const first = drums({ from: 1, bars: 8, period: () => 0.5, seed: 'before the stop' });
    const again = drums({ from: 21.2, bars: 8, period: () => 0.5, seed: 'after the stop' });
    play(tracker, arranged(first, again), 0, 21.2 + 12);
    expectBeat(tracker, 21.2 + 12, 0.5);
  });
});

describe('a silence', () => {
  const notes = drums({ from: 1, bars: 12, period: () => 0.5, seed: 'silence' });

  test('of two bars is kept through, of twelve is not', () => {
    const tracker = openBeatTracker();
    play(tracker, notes, 0, 25);
    const sure = tracker.grid.confidence;
    tracker.advance(at(25 + 8 * 0.5));
    expectBeat(tracker, 29, 0.5);
    expect(tracker.grid.confidence).toBeGreaterThan(0.6 * sure);
    tracker.advance(at(25 + 48 * 0.5));
    expect(tracker.grid.confidence).toBe(0);
  });

  test('of a day costs no more than one of a minute', () => {
    const tracker = openBeatTracker();
    play(tracker, notes, 0, 25);
    tracker.advance(at(86_400));
    const later = drums({ from: 86_401, bars: 6, period: () => 0.5, seed: 'next day' });
    play(tracker, later, 0, 1e6);
    expectBeat(tracker, 86_401 + 11.5, 0.5);
  });
});

test('notes whose tempo is free are no beat to be sure of', () => {
  const tracker = openBeatTracker();
  const randomness = seededRandomness('free');
  let time = 1;
  let sum = 0;
  for (let i = 0; i < 80; i++) {
    time += 0.12 + 0.5 * uniform(randomness);
    const key = 50 + Math.floor(30 * uniform(randomness));
    tracker.note(1, 0, key, 70, at(time), at(time + 0.06), 'harmony');
    tracker.advance(at(time + 0.06));
    sum += tracker.grid.confidence;
  }
  expect(sum / 80).toBeLessThan(0.25);
});

describe('whatever arrives', () => {
  const groove = drums({ from: 1, bars: 8, period: () => 0.5, seed: 'property' });
  const stray = (seed: number, count: number): Note[] => {
    const randomness = seededRandomness(`stray ${seed}`);
    return Array.from({ length: count }, () => {
      const when = 20 * uniform(randomness);
      return {
        source: Math.floor(6 * uniform(randomness)),
        channel: uniform(randomness) < 0.3 ? 9 : 0,
        key: Math.floor(128 * uniform(randomness)),
        velocity: 1 + Math.floor(127 * uniform(randomness)),
        at: when,
        arrival: when + 0.3 * uniform(randomness),
      };
    });
  };
  /** A groove with strays among it, from a seed. */
  const music = fc
    .tuple(fc.nat(999), fc.integer({ min: 0, max: 60 }))
    .map(([seed, count]) => ({ seed, count, notes: arranged(groove, stray(seed, count)) }));
  const answers = ({ grid }: BeatTracker): number[] => [
    grid.confidence,
    grid.epoch,
    grid.beatAt(at(7.3)),
    grid.timeOf(40),
    grid.timeOf(-3.5),
    grid.barLine(17),
    grid.beatsPerBar(17),
  ];

  test('later arrivals never change earlier answers, however often it is asked', () => {
    const until = fc.double({ min: 1, max: 18, noNaN: true });
    fc.assert(
      fc.property(music, fc.nat(999), until, ({ notes }, other, end) => {
        const seldom = openBeatTracker();
        play(seldom, notes, 0, end);
        // Asked between, and followed by other notes.
        const often = openBeatTracker();
        const known = notes.filter(({ arrival }) => arrival < end);
        let asked = 0;
        for (const note of known) {
          for (; asked < note.arrival; asked += 0.37) often.advance(at(asked));
          give(often, note);
        }
        often.advance(at(end));
        const answered = answers(often);
        expect(answered).toEqual(answers(seldom));
        const later = stray(other, 40).map((one) => ({ ...one, arrival: end + one.arrival }));
        for (const one of later) give(often, one);
        const again = openBeatTracker();
        play(again, arranged(known, later), 0, end);
        expect(answers(again)).toEqual(answered);
      }),
      { numRuns: 2 },
    );
  });

  test('beats rise with time, and each lies where it is said to', () => {
    fc.assert(
      fc.property(music, ({ notes }) => {
        const tracker = openBeatTracker();
        for (const one of notes) {
          tracker.advance(at(one.arrival));
          give(tracker, one);
          const { grid } = tracker;
          if (grid.confidence === 0) continue;
          const beat = grid.beatAt(at(one.at));
          expect(Math.abs(grid.timeOf(beat) / 1e6 - one.at)).toBeLessThan(1e-3);
          expect(grid.timeOf(beat + 1)).toBeGreaterThan(grid.timeOf(beat));
          expect(grid.barLine(beat)).toBeLessThanOrEqual(beat);
          expect(grid.barLine(beat)).toBeGreaterThan(beat - 4);
        }
      }),
      { numRuns: 2 },
    );
  });

  test('beats that have gone by stay where they are until the epoch says otherwise', () => {
    fc.assert(
      fc.property(music, ({ notes }) => {
        const tracker = openBeatTracker();
        const { grid } = tracker;
        let epoch = -1;
        let latest = 0;
        const gone = new Map<number, number>();
        for (const one of notes) {
          tracker.advance(at(one.arrival));
          give(tracker, one);
          if (grid.epoch !== epoch) gone.clear();
          for (const [beat, was] of gone) expect(grid.timeOf(beat)).toBe(was);
          if (grid.confidence === 0) continue;
          const beat = Math.floor(grid.beatAt(at(one.arrival)));
          if (grid.epoch === epoch) expect(beat).toBeGreaterThanOrEqual(latest);
          epoch = grid.epoch;
          latest = beat;
          gone.set(beat, grid.timeOf(beat));
        }
        expect(gone.size).toBeGreaterThan(0);
      }),
      { numRuns: 2 },
    );
  });

  test('notes out of order within what is usual tell the same', () => {
    const inOrder = openBeatTracker();
    const shuffled = openBeatTracker();
    const notes = groove.map((one) => ({ ...one, arrival: one.at + 0.15 }));
    const randomness = seededRandomness('order');
    const late = notes
      .map((one) => ({ ...one, arrival: one.at + 0.15 * uniform(randomness) }))
      .sort((a, b) => a.arrival - b.arrival);
    play(inOrder, notes, 0, 17);
    play(shuffled, late, 0, 17);
    for (const time of [5, 9.3, 16]) {
      const apart = shuffled.grid.beatAt(at(time)) - inOrder.grid.beatAt(at(time));
      expect(Math.abs(apart - Math.round(apart))).toBeLessThan(0.004);
    }
    expect(shuffled.stats.dropped).toBe(0);
  });

  test('a hundred thousand notes of garbage are borne, and a beat is found after them', () => {
    const tracker = openBeatTracker();
    const randomness = seededRandomness('garbage');
    let now = 1;
    for (let i = 0; i < 100_000; i++) {
      now += 0.000_2 * uniform(randomness);
      const strange = [now - 3_600, Number.NaN, now + 1e9, now, now - 0.1, -1e12];
      const performed = strange[Math.floor(6 * uniform(randomness))] ?? now;
      const key = Math.floor(128 * uniform(randomness));
      tracker.note(i, i % 16, key, 1 + (i % 127), at(performed), at(now));
    }
    expect(Number.isFinite(tracker.grid.timeOf(10))).toBe(true);
    const after = Math.ceil(now) + 2;
    const notes = drums({ from: after, bars: 16, period: () => 0.5, seed: 'after' });
    play(tracker, notes, 0, after + 31);
    expectBeat(tracker, after + 31, 0.5);
  });
});
