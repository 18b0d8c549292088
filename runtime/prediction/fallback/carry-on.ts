/**
 * Carries on a part whose link is gone: as its predictor expects it to go on, for a few bars, fading.
 *
 * Takes  when the link was lost, for how many bars; the predictor's expectations of slots that nobody will tell of.
 * Gives  which expected notes to play, and how softly.
 * Keeps  where it began and where it ends. Pure, allocates nothing.
 */
import type { Instant } from '../../core/time.ts';
import type { BeatGrid } from '../grid/beat-grid.ts';

/** What is played must be expected that much. */
const LIKELY = 0.45;
/** At the end it is still heard. */
const SOFTEST = 0.25;

export class CarryOn {
  readonly #grid: BeatGrid;
  #known = 0;
  #from = 0;
  #to = 0;
  #bars = 0;
  #active = false;

  constructor(grid: BeatGrid) {
    this.#grid = grid;
  }

  get active(): boolean {
    return this.#active;
  }

  /** The time up to which the player was heard. */
  get knownUntil(): Instant {
    return this.#known as Instant;
  }

  get until(): Instant {
    return this.#to as Instant;
  }

  /** False: there is no beat to go on by. */
  begin(now: number, knownUntil: number, bars: number): boolean {
    const grid = this.#grid;
    if (grid.confidence === 0 || bars <= 0) return false;
    const beat = grid.beatAt(now as Instant);
    this.#known = knownUntil;
    this.#from = now;
    this.#bars = bars;
    this.#to = grid.timeOf(beat + bars * grid.beatsPerBar(beat));
    this.#active = true;
    return true;
  }

  end(): void {
    this.#active = false;
  }

  isOver(now: number): boolean {
    return now >= this.#to;
  }

  plays(likely: number): boolean {
    return likely >= LIKELY;
  }

  velocityAt(at: number, velocity: number): number {
    const passed = Math.min(1, Math.max(0, (at - this.#from) / Math.max(1, this.#to - this.#from)));
    return Math.max(1, Math.round(velocity * (1 - (1 - SOFTEST) * passed)));
  }

  /** With a fraction. */
  barsLeft(now: number): number {
    const left = (this.#to - now) / Math.max(1, this.#to - this.#from);
    return Math.max(0, this.#bars * Math.min(1, left));
  }
}
