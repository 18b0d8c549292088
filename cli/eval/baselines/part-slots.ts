/**
 * A part on the grid, as the baselines see it: which classes are struck in which slot, and by how much off it.
 *
 * Takes  the notes of a part and the grid. Gives slots from the first to the last one struck, counted from 0.
 *
 * A class is what counts as the same note (scoring/pitches.ts). Notes go to the nearest slot after the part's mean deviation has been
 * taken off: players sit before or behind the click.
 */
import type { SentPart } from '../arrivals/transmission.ts';
import { pitchOf } from '../scoring/pitches.ts';
import type { SlotGrid } from './slot-grid.ts';

/** The mean deviation forgets by this with each note, and begins as if as many notes had been on the grid. */
const DECAY = 0.95;
const PRIOR = 2;

export class PartSlots {
  readonly grid: SlotGrid;
  readonly count: number;
  /** For each slot the notes in it (indices), one for each class. */
  readonly struck: readonly (readonly number[])[];
  /** Of each note. */
  readonly classes: Uint8Array;
  readonly slots: Int32Array;
  readonly #first: number;
  /** The mean deviation after the first n notes. */
  readonly #means: Float64Array;
  readonly #part: SentPart;

  constructor(part: SentPart, grid: SlotGrid) {
    const { notes } = part;
    this.grid = grid;
    this.#part = part;
    this.classes = Uint8Array.from(notes, ({ key }) => pitchOf(key, part.role === 'rhythm'));
    this.#means = new Float64Array(notes.length + 1);
    let sum = 0;
    let weight = 0;
    const found: number[] = [];
    for (const [index, { at }] of notes.entries()) {
      const slot = Math.round(grid.slotAt(at - (this.#means[index] ?? 0)));
      found.push(slot);
      sum = sum * DECAY + at - grid.timeOf(slot);
      weight = weight * DECAY + 1;
      this.#means[index + 1] = sum / (weight + PRIOR);
    }
    this.#first = Math.min(...found);
    this.count = Math.max(...found) - this.#first + 1;
    this.slots = Int32Array.from(found, (slot) => slot - this.#first);
    const struck: number[][] = Array.from({ length: this.count }, () => []);
    for (const [index, slot] of this.slots.entries()) {
      const list = struck[slot];
      if (list?.every((other) => this.classes[other] !== this.classes[index])) list.push(index);
    }
    this.struck = struck;
  }

  timeOf(slot: number): number {
    return this.grid.timeOf(slot + this.#first);
  }

  /** The last slot that begins before `time`. */
  slotBefore(time: number): number {
    return Math.ceil(this.grid.slotAt(time)) - 1 - this.#first;
  }

  /** Mean deviation from the grid of what was performed before `time` (seconds). */
  meanDeviation(time: number): number {
    const { notes } = this.#part;
    let low = 0;
    for (let high = notes.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((notes[middle]?.at ?? 0) < time) low = middle + 1;
      else high = middle;
    }
    return this.#means[low] ?? 0;
  }
}
