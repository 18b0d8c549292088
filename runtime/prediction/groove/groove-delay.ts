/**
 * Groove mode: everything sounds whole bars later, at the same place in the bar, as in interval jamming.
 *
 * Takes  the grid, and how long the way here is.
 * Gives  the delay of each event by its time of performance. As few bars as cover the way; they grow at once when they no
 *        longer do, and are not taken back, since each change is heard as a gap or a repetition.
 * Pure, allocates nothing.
 */
import type { Instant, Micros } from '../../core/time.ts';
import type { BeatGrid } from '../grid/beat-grid.ts';

/** The way of the slowest packets is so much longer than what was seen. */
const MARGIN = 20_000;
const MOST_BARS = 8;

export class GrooveDelay {
  readonly #grid: BeatGrid;
  readonly #way: () => Micros;
  #bars: number;

  constructor(grid: BeatGrid, way: () => Micros, bars: number = 1) {
    this.#grid = grid;
    this.#way = way;
    this.#bars = bars;
  }

  get bars(): number {
    return this.#bars;
  }

  /** Without a beat: as jitter asks for. */
  readonly of = (performedAt: Instant, learnt: Micros): number => {
    const grid = this.#grid;
    if (grid.confidence === 0) return learnt;
    const beat = grid.beatAt(performedAt);
    const beats = grid.beatsPerBar(beat);
    const needed = this.#way() + MARGIN;
    let delay = this.#later(performedAt, beat, beats);
    while (delay < needed && this.#bars < MOST_BARS) {
      this.#bars++;
      delay = this.#later(performedAt, beat, beats);
    }
    return delay;
  };

  #later(performedAt: Instant, beat: number, beatsPerBar: number): number {
    return this.#grid.timeOf(beat + this.#bars * beatsPerBar) - performedAt;
  }
}
