/**
 * Asks the predictor of one part for every slot of the grid, a little before the part's events of that slot are due.
 *
 * Takes  the time; up to when the part is known.
 * Gives  each slot once, in order; when the next one is due. Slots whose time has passed are left out.
 * Keeps  the next slot. Nothing allocated.
 */
import type { Instant } from '../../core/time.ts';
import { type BeatGrid, SLOTS_PER_BEAT } from '../grid/beat-grid.ts';
import type { ExpectedNotes, PartPredictor } from '../predictor/part-predictor.ts';

/** An answer that takes a while, and a note that is played early, still find their time ahead. */
const LEAD = 45_000;
const LEAST_CONFIDENCE = 0.45;
const LOOK_AGAIN = 200_000;
/** A grid that moved by more is followed at once. */
const MOVED = 4_000_000;
const BEHIND = 1_000_000;

export class SlotDecisions {
  readonly #grid: BeatGrid;
  #slot: number | undefined;
  #epoch = 0;

  constructor(grid: BeatGrid) {
    this.#grid = grid;
  }

  /** Begins again at the present. */
  restart(): void {
    this.#slot = undefined;
  }

  run(
    predictor: PartPredictor,
    now: Instant,
    knownUntil: Instant,
    done: (slot: number, expected: ExpectedNotes) => void,
  ): void {
    const grid = this.#grid;
    if (grid.confidence < LEAST_CONFIDENCE) {
      this.#slot = undefined;
      return;
    }
    if (this.#slot === undefined || this.#epoch !== grid.epoch) {
      this.#epoch = grid.epoch;
      this.#slot = this.#slotAfter(now);
    }
    for (;;) {
      const slot: number = this.#slot;
      const due = predictor.expectedTime(slot) - LEAD;
      if (due > now) {
        if (due > now + MOVED) this.#slot = this.#slotAfter(now);
        return;
      }
      this.#slot = slot + 1;
      if (due > now - LEAD) predictor.decide(slot, now, knownUntil, done);
      else if (due < now - BEHIND) this.#slot = Math.max(slot + 1, this.#slotAfter(now));
    }
  }

  nextDue(predictor: PartPredictor, now: Instant): number {
    if (this.#grid.confidence < LEAST_CONFIDENCE) return now + LOOK_AGAIN;
    return this.#slot === undefined ? now : predictor.expectedTime(this.#slot) - LEAD;
  }

  #slotAfter(now: Instant): number {
    return Math.ceil(this.#grid.beatAt((now + LEAD) as Instant) * SLOTS_PER_BEAT + 1e-6);
  }
}
