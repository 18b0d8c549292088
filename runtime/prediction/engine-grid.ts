/**
 * The beat that the engine predicts by: the shared click where there is one, else what is tracked from the notes.
 *
 * A grid that is put in place of another counts beats anew, which its epoch says. Nothing allocated when asked.
 */
import type { Instant } from '../core/time.ts';
import type { BeatGrid } from './grid/beat-grid.ts';

export class EngineGrid implements BeatGrid {
  #grid: BeatGrid;
  /** What earlier grids counted, so that no epoch comes twice. */
  #epochs = 0;

  constructor(grid: BeatGrid) {
    this.#grid = grid;
  }

  use(grid: BeatGrid): void {
    if (grid === this.#grid) return;
    this.#epochs = this.epoch + 1 - grid.epoch;
    this.#grid = grid;
  }

  get confidence(): number {
    return this.#grid.confidence;
  }

  get epoch(): number {
    return this.#epochs + this.#grid.epoch;
  }

  beatsPerBar(beat: number): number {
    return this.#grid.beatsPerBar(beat);
  }

  barLine(beat: number): number {
    return this.#grid.barLine(beat);
  }

  timeOf(beat: number): Instant {
    return this.#grid.timeOf(beat);
  }

  beatAt(time: Instant): number {
    return this.#grid.beatAt(time);
  }
}
