/**
 * How well votes foretold this player so far, by class: what makes the model trust them more, or less.
 *
 * Takes  the votes for each slot as they are read, and the hits when the slot is known.
 * Gives  running precision and recall of votes. Recent slots weigh more.
 */
import { CLASSES } from './kit-classes.ts';

const WAITING = 128;
const SURE = 0.5;
const STEP = 0.06;

export class VoteRecord {
  /** Of slots that most votes were for, how many were hit; 0 to 1. */
  readonly precision: Float32Array = new Float32Array(CLASSES).fill(0.5);
  /** The votes that hits had. */
  readonly recall: Float32Array = new Float32Array(CLASSES).fill(0.5);
  readonly #slots = new Float64Array(WAITING).fill(Number.NaN);
  readonly #votes = new Float32Array(WAITING * CLASSES);
  #checked = Number.NEGATIVE_INFINITY;

  /** Checks what was said about slots up to `known`. */
  check(known: number, hits: Uint16Array, slotMask: number, lastSlot: number): void {
    const from = Math.max(this.#checked + 1, known - WAITING + 1);
    for (let slot = from; slot <= known; slot++) {
      const place = slot & (WAITING - 1);
      if (this.#slots[place] !== slot) continue;
      this.#score(place, slot > lastSlot ? 0 : (hits[slot & slotMask] as number));
    }
    this.#checked = Math.max(this.#checked, known);
  }

  /** The votes for a slot that comes next. */
  keep(slot: number, votes: Float32Array, from: number): void {
    if (slot <= this.#checked) return;
    const place = slot & (WAITING - 1);
    this.#slots[place] = slot;
    for (let c = 0; c < CLASSES; c++) {
      this.#votes[place * CLASSES + c] = votes[from + c] as number;
    }
  }

  reset(): void {
    this.precision.fill(0.5);
    this.recall.fill(0.5);
    this.#slots.fill(Number.NaN);
    this.#checked = Number.NEGATIVE_INFINITY;
  }

  #score(place: number, hits: number): void {
    for (let c = 0; c < CLASSES; c++) {
      const vote = this.#votes[place * CLASSES + c] as number;
      const hit = (hits >> c) & 1;
      if (vote > SURE) move(this.precision, c, hit);
      if (hit === 1) move(this.recall, c, vote);
    }
  }
}

function move(means: Float32Array, at: number, to: number): void {
  means[at] = (means[at] as number) + (to - (means[at] as number)) * STEP;
}
