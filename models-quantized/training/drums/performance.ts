/**
 * Performances of drum parts to learn from: those of the data, and others made of them.
 *
 * Takes  a part and a seed. Gives what is played, with the class of each note, and the grid it is played to.
 * Variant 0 is the part as it is (humanised when it was quantized); later ones change tempo, classes, where the player sits
 * against the click, and which bars are played. All of it is drawn from the seed.
 */
import type { Part, Piece } from '../../../cli/eval/datasets/piece.ts';
import type { BeatGrid } from '../../../runtime/prediction/grid/beat-grid.ts';
import { CLASSES, KitClasses } from '../../../runtime/prediction/predictor/drums/kit-classes.ts';
import { gridOf } from '../piece-grid.ts';
import { SeededRandom } from '../random.ts';

export interface DrumNote {
  /** Microseconds. */
  readonly at: number;
  readonly noteClass: number;
  readonly velocity: number;
}

export interface Performance {
  readonly name: string;
  readonly grid: BeatGrid;
  /** In order of time. */
  readonly notes: readonly DrumNote[];
  /** From when something is performed until it is here; packets may take longer. Microseconds. */
  readonly delay: number;
}

const HUMAN_SD = 12_000;
const HUMAN_RHO = 0.5;
/** Whom a lone class may stand for. */
const LONE_CLASSES: readonly number[] = [8, 1, 2, 0, 9, 8];
/** Pairs that are swapped: closed and open hat, hat and ride, snare and low tom, crash and ride, toms among them. */
const SWAPS: readonly (readonly [number, number])[] = [
  [2, 3],
  [2, 8],
  [1, 4],
  [7, 8],
  [4, 5],
  [5, 6],
  [2, 9],
];

export function perform(
  piece: Piece,
  part: Part,
  variant: number,
  delay?: number,
): Performance | undefined {
  const random = new SeededRandom(`${piece.id}/${part.peer}/${variant}`);
  const stretch = variant === 0 ? 1 : random.between(0.82, 1.22);
  const grid = gridOf(piece, stretch);
  if (!grid) return undefined;
  let notes = classed(part, piece, random, variant).map((note) => ({
    ...note,
    at: note.at * stretch * 1e6,
  }));
  if (!piece.human) notes = humanise(notes, random);
  if (variant > 0) notes = change(notes, grid, random);
  return {
    name: `${piece.id}/${part.peer}/${variant}`,
    grid,
    notes: notes.sort((a, b) => a.at - b.at),
    delay: delay ?? drawDelay(random),
  };
}

/** Mostly a long way by the internet; now and then a link that is gone for a while. */
function drawDelay(random: SeededRandom): number {
  const kind = random.next();
  if (kind < 0.6) return random.between(40e3, 85e3);
  return kind < 0.95 ? random.between(10e3, 150e3) : random.between(150e3, 3e6);
}

function classed(part: Part, piece: Piece, random: SeededRandom, variant: number): DrumNote[] {
  const kit = new KitClasses();
  const lone = new Set(part.notes.map(({ key }) => key)).size === 1;
  const stands = LONE_CLASSES[random.below(LONE_CLASSES.length)] ?? 8;
  return part.notes.map(({ at, key, velocity }) => ({
    at,
    noteClass: lone && variant > 0 && piece.set === 'jtd_trio' ? stands : kit.of(key),
    velocity,
  }));
}

/** As quantized parts are measured: AR(1), chords spread by 3 ms. */
function humanise(notes: readonly DrumNote[], random: SeededRandom): DrumNote[] {
  let drift = random.normal() * HUMAN_SD;
  let last = Number.NEGATIVE_INFINITY;
  return notes.map((note) => {
    if (note.at - last > 2_000) {
      drift = HUMAN_RHO * drift + Math.sqrt(1 - HUMAN_RHO ** 2) * random.normal() * HUMAN_SD;
      last = note.at;
    }
    return { ...note, at: note.at + drift + random.normal() * 3_000 };
  });
}

function change(notes: readonly DrumNote[], grid: BeatGrid, random: SeededRandom): DrumNote[] {
  const sits = random.normal() * 15_000;
  const sitsByClass = Array.from({ length: CLASSES }, () => random.normal() * 5_000);
  const becomes = Array.from({ length: CLASSES }, (_, c) => c);
  for (const [a, b] of SWAPS) {
    if (random.next() > 0.12) continue;
    [becomes[a], becomes[b]] = [becomes[b] ?? b, becomes[a] ?? a];
  }
  const silent = random.next() < 0.3 ? random.below(CLASSES) : -1;
  const from = random.next() < 0.5 ? cropStart(notes, grid, random) : Number.NEGATIVE_INFINITY;
  const kept: DrumNote[] = [];
  for (const note of notes) {
    if (note.at < from || (note.noteClass === silent && notes.length > 60)) continue;
    const noteClass = becomes[note.noteClass] ?? note.noteClass;
    kept.push({ ...note, noteClass, at: note.at + sits + (sitsByClass[note.noteClass] ?? 0) });
  }
  return kept;
}

/** A bar line within the first two thirds of the part. */
function cropStart(notes: readonly DrumNote[], grid: BeatGrid, random: SeededRandom): number {
  const first = notes[0]?.at ?? 0;
  const last = notes.at(-1)?.at ?? 0;
  const at = first + (last - first) * random.next() * 0.67;
  const beat = grid.barLine(Math.floor(grid.beatAt(at as never)));
  return grid.timeOf(beat) - 40_000;
}
