/**
 * When a hit falls, from the model's timing bins.
 *
 * Takes  logits of BINS bins of BIN_WIDTH around the expected time.
 * Gives  the time that has most probability within 20 ms: the best window, averaged with the mean inside it; and how much
 *        probability that is. One object that is used again.
 */

export const BINS = 30;
/** Microseconds. */
const BIN_WIDTH = 4_000;
/** Bins of a window of 20 ms each way. */
const WINDOW = 10;

export class TimingBins {
  /** From the expected time (microseconds). */
  offset = 0;
  /** Probability that a hit falls within 20 ms of there. */
  within = 0;
  readonly #mass = new Float64Array(BINS);

  /** Reads `logits` from `at` on. */
  read(logits: Float32Array, at: number): void {
    const mass = this.#mass;
    let highest = Number.NEGATIVE_INFINITY;
    for (let bin = 0; bin < BINS; bin++) highest = Math.max(highest, logits[at + bin] as number);
    let sum = 0;
    for (let bin = 0; bin < BINS; bin++) {
      const here = Math.exp((logits[at + bin] as number) - highest);
      mass[bin] = here;
      sum += here;
    }
    let window = 0;
    for (let bin = 0; bin < WINDOW; bin++) window += mass[bin] as number;
    let best = window;
    let first = 0;
    for (let bin = WINDOW; bin < BINS; bin++) {
      window += (mass[bin] as number) - (mass[bin - WINDOW] as number);
      if (window <= best) continue;
      best = window;
      first = bin - WINDOW + 1;
    }
    this.within = best / sum;
    this.offset = (middleOf(first, WINDOW) + this.#meanOf(first)) / 2;
  }

  #meanOf(first: number): number {
    let mass = 0;
    let moment = 0;
    for (let bin = first; bin < first + WINDOW; bin++) {
      const here = this.#mass[bin] as number;
      mass += here;
      moment += here * middleOf(bin, 1);
    }
    return moment / mass;
  }
}

/** The middle of so many bins from `first` on, from the expected time. */
function middleOf(first: number, bins: number): number {
  return (first + bins / 2 - BINS / 2) * BIN_WIDTH;
}
