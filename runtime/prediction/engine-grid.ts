/**
 * The beat that the engine predicts by: the shared click where there is one, else what is tracked from the notes.
 *
 * A grid that takes the place of another counts beats anew, which its epoch says. Nothing allocated when asked.
 */
import type { Instant } from '../core/time.ts';
import type { BeatGrid } from './grid/beat-grid.ts';

export class EngineGrid implements BeatGrid {
  readonly #click: BeatGrid;
  readonly #tracked: BeatGrid;
  #grid: BeatGrid;
  /** What other grids counted, so that no epoch comes twice. */
  #epochs = 0;

  constructor(click: BeatGrid, tracked: BeatGrid) {
    this.#click = click;
    this.#tracked = tracked;
    this.#grid = tracked;
  }

  /** There is no click to go by. */
  get isTracked(): boolean {
    return this.#current === this.#tracked;
  }

  get confidence(): number {
    return this.#current.confidence;
  }

  get epoch(): number {
    const grid = this.#current;
    return this.#epochs + grid.epoch;
  }

  beatsPerBar(beat: number): number {
    return this.#current.beatsPerBar(beat);
  }

  barLine(beat: number): number {
    return this.#current.barLine(beat);
  }

  timeOf(beat: number): Instant {
    return this.#current.timeOf(beat);
  }

  beatAt(time: Instant): number {
    return this.#current.beatAt(time);
  }

  get #current(): BeatGrid {
    const wanted = this.#click.confidence > 0 ? this.#click : this.#tracked;
    if (wanted !== this.#grid) {
      this.#epochs += this.#grid.epoch + 1 - wanted.epoch;
      this.#grid = wanted;
    }
    return this.#grid;
  }
}
