import { expect, test } from 'vitest';
import { type Instant, instant } from '../../../core/time.ts';
import type { BeatGrid } from '../../grid/beat-grid.ts';
import { DRUM_CLASS_OF_KEY } from '../drums/drum-classes.ts';
import type { ExpectedNotes, PartPredictor } from '../part-predictor.ts';
import { openLagVotePredictor } from './lag-vote-predictor.ts';
import { SLOTS_KEPT, SlotKeys } from './slot-keys.ts';

const BEAT = 500_000;

function steadyGrid(): BeatGrid & { epoch: number; shift: number } {
  return {
    confidence: 1,
    epoch: 0,
    shift: 0,
    beatsPerBar: () => 4,
    barLine: (beat) => Math.floor(beat / 4) * 4,
    timeOf(beat) {
      return instant((beat - this.shift) * BEAT);
    },
    beatAt(time) {
      return time / BEAT + this.shift;
    },
  };
}

/** Two bars of bass, again and again, 10 ms late. */
function playRiff(predictor: PartPredictor, bars: number, late = 10_000): void {
  const keys = [36, 36, 43, 41, 36, 38, 43, 34];
  for (let beat = 0; beat < bars * 4; beat++) {
    const key = keys[beat % 8] as number;
    const at = beat * BEAT + late;
    predictor.noteOn(0, key, 70 + (beat % 8), instant(at));
    predictor.noteOff(0, key, instant(at + 200_000));
  }
}

interface Told {
  key: number;
  velocity: number;
  at: number;
  length: number;
  likely: number;
}

function ask(predictor: PartPredictor, slot: number, knownUntil: number): Told[] {
  const told: Told[] = [];
  const note = (_slot: number, expected: ExpectedNotes) => {
    for (let i = 0; i < expected.count; i++) {
      told.push({
        key: expected.key[i] as number,
        velocity: expected.velocity[i] as number,
        at: expected.at[i] as number,
        length: expected.length[i] as number,
        likely: expected.likely[i] as number,
      });
    }
  };
  predictor.decide(slot, instant(knownUntil), instant(knownUntil), note);
  return told;
}

test('a riff that was played for some bars is expected to go on, in its time, length and loudness', () => {
  const predictor = openLagVotePredictor({ grid: steadyGrid() });
  playRiff(predictor, 8);
  const [note, ...others] = ask(predictor, (32 + 2) * 8, (32 + 2) * BEAT - 100_000 - BEAT);
  expect(others).toEqual([]);
  expect(note?.key).toBe(43);
  expect(note?.velocity).toBe(72);
  expect(note?.length).toBeCloseTo(200_000, -1);
  expect(note?.likely).toBeGreaterThan(0.8);
  expect(Math.abs((note?.at ?? 0) - (34 * BEAT + 10_000))).toBeLessThan(3_000);
  expect(ask(predictor, 34 * 8 + 4, 34 * BEAT - BEAT)).toEqual([]);
});

test('nothing is expected of a part that has played nothing, and little of one that has played one bar', () => {
  const predictor = openLagVotePredictor({ grid: steadyGrid() });
  expect(ask(predictor, 64, 8 * BEAT)).toEqual([]);
  playRiff(predictor, 1);
  for (const { likely } of ask(predictor, 32, 4 * BEAT - 100_000)) expect(likely).toBeLessThan(0.5);
});

test('a note that has come already is not expected any more', () => {
  const predictor = openLagVotePredictor({ grid: steadyGrid() });
  playRiff(predictor, 8);
  predictor.noteOn(0, 36, 70, instant(32 * BEAT));
  expect(ask(predictor, 32 * 8, 32 * BEAT)).toEqual([]);
});

test('a slot that lies bars ahead is answered from what is known', () => {
  const predictor = openLagVotePredictor({ grid: steadyGrid() });
  playRiff(predictor, 8);
  expect(ask(predictor, (32 + 7) * 8, 32 * BEAT)[0]?.key).toBe(34);
});

test('drums are compared by class, and answered with the key that was played last', () => {
  const predictor = openLagVotePredictor({ grid: steadyGrid() }, { classOf: DRUM_CLASS_OF_KEY });
  for (let beat = 0; beat < 32; beat++) {
    predictor.noteOn(9, beat % 8 < 4 ? 38 : 40, 90, instant(beat * BEAT));
  }
  const told = ask(predictor, 32 * 8, 32 * BEAT - 200_000);
  expect(told.map((note) => note.key)).toEqual([40]);
});

test('when the grid counts anew, the part is laid out anew', () => {
  const grid = steadyGrid();
  const predictor = openLagVotePredictor({ grid });
  playRiff(predictor, 8);
  grid.shift = 1;
  grid.epoch++;
  expect(ask(predictor, (33 + 2) * 8, 33 * BEAT)[0]?.key).toBe(43);
});

test('after a reset nothing is known', () => {
  const predictor = openLagVotePredictor({ grid: steadyGrid() });
  playRiff(predictor, 8);
  predictor.reset();
  expect(ask(predictor, 34 * 8, 33 * BEAT)).toEqual([]);
});

test('slots that went out of the ring count for nothing, whatever the order of arrival', () => {
  const keys = new SlotKeys();
  const known = new Map<number, Set<number>>();
  let seed = 11;
  const random = () => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed / 2 ** 31;
  };
  for (let n = 0; n < 9_000; n++) {
    const slot = Math.max(0, n * 2 - Math.floor(random() * 12));
    const key = Math.floor(random() * 128);
    const isNew = !known.get(slot)?.has(key);
    expect(keys.add(slot, key)).toBe(isNew);
    known.set(slot, (known.get(slot) ?? new Set()).add(key));
  }
  const count = (from: number, to: number) => {
    let sum = 0;
    for (let slot = Math.max(from + 1, keys.first); slot <= to; slot++)
      sum += known.get(slot)?.size ?? 0;
    return sum;
  };
  for (const [from, to] of [
    [17_000, 17_900],
    [keys.last - SLOTS_KEPT - 100, keys.last],
    [10_000, 10_001],
    [keys.last, keys.last + 10],
  ] as const) {
    expect(keys.between(from, to), `between ${from} and ${to}`).toBe(count(from, to));
  }
  expect(keys.count(keys.first - 1)).toBe(0);
});

test('a decision after many bars allocates nothing and takes well under a millisecond', () => {
  const predictor = openLagVotePredictor({ grid: steadyGrid() });
  playRiff(predictor, 120);
  let notes = 0;
  const done = (_slot: number, expected: ExpectedNotes) => {
    notes += expected.count;
  };
  const decide = (times: number) => {
    for (let n = 0; n < times; n++) {
      predictor.decide(480 * 8 + (n % 32), 0 as Instant, (480 * BEAT - 100_000) as Instant, done);
    }
  };
  decide(2_000);
  const before = process.memoryUsage().heapUsed;
  const start = performance.now();
  decide(2_000);
  const each = (performance.now() - start) / 2_000;
  const grown = process.memoryUsage().heapUsed - before;
  expect(notes).toBeGreaterThan(0);
  // Numbers that don't fit a register may be boxed; arrays and objects may not be made.
  expect(grown / 2_000).toBeLessThan(600);
  expect(each).toBeLessThan(1);
});
