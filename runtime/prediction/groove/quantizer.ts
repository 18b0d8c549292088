/**
 * Moves notes to the beat, as far as wished, and keeps the player's swing.
 *
 * Takes  the part's true notes, and times to be moved.
 * Gives  the moved time: towards where this player plays that place of the beat on average, less how far the player sits off
 *        the beat as a whole. Strength 0 leaves everything as it was played.
 * Keeps  the mean deviation of each of the eight places of a beat. Nothing allocated.
 */
import type { Instant } from '../../core/time.ts';
import { type BeatGrid, SLOTS_PER_BEAT } from '../grid/beat-grid.ts';

/** Weight of each new note in its mean, and of those before it, at most. */
const NEW = 0.08;
/** A place that was never used has the beat's own time. */
const PRIOR = 2;

export class Quantizer {
  readonly #grid: BeatGrid;
  /** In slots. */
  readonly #means = new Float64Array(SLOTS_PER_BEAT);
  readonly #counts = new Float64Array(SLOTS_PER_BEAT);
  #strength = 0;

  constructor(grid: BeatGrid) {
    this.#grid = grid;
  }

  setStrength(strength: number): void {
    this.#strength = Math.min(1, Math.max(0, strength));
  }

  get strength(): number {
    return this.#strength;
  }

  learn(performedAt: number): void {
    if (this.#strength === 0 || this.#grid.confidence === 0) return;
    const place = this.#grid.beatAt(performedAt as Instant) * SLOTS_PER_BEAT;
    const slot = Math.round(place);
    const at = inBeat(slot);
    const count = (this.#counts[at] ?? 0) + 1;
    const mean = this.#means[at] ?? 0;
    this.#counts[at] = count;
    this.#means[at] = mean + (place - slot - mean) * Math.max(NEW, 1 / (count + PRIOR));
  }

  /** Where a note of that time is to sound. */
  move(time: number): number {
    if (this.#strength === 0 || this.#grid.confidence === 0) return time;
    const slot = Math.round(this.#grid.beatAt(time as Instant) * SLOTS_PER_BEAT);
    const swung = (this.#means[inBeat(slot)] ?? 0) - (this.#means[0] ?? 0);
    const target = this.#grid.timeOf((slot + swung) / SLOTS_PER_BEAT);
    return time + (target - time) * this.#strength;
  }
}

function inBeat(slot: number): number {
  return ((slot % SLOTS_PER_BEAT) + SLOTS_PER_BEAT) % SLOTS_PER_BEAT;
}
