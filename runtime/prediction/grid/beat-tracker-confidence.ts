/**
 * How sure the beat is: a logistic regression of what tells right beats from wrong ones, on development sets
 * (tests/bench/beat-tracking.ts prints how well it is calibrated).
 */

/** Each look at the probabilities moves the means by so much. */
const SOON = 0.1;
const LATER = 0.03;
const FIT = 0.04;
const STRAIN = 0.05;
/** Beats until a beat counts as old. */
const OLD = 32;
const MOST_STRAIN = 0.3;
/** Beats of silence that nothing is lost by, and those after which nothing is left. */
const HELD_BEATS = 8;
const GONE_BEATS = 24;

export class BeatConfidence {
  #own = 0;
  #ownLater = 0;
  #fit = 0;
  #strain = 0;
  #age = 0;

  /** Another beat, which has that share of the probability. */
  restart(mass: number): void {
    this.#own = mass;
    this.#ownLater = 0.5 * mass;
    this.#strain = 0;
    this.#age = 0;
  }

  /** Beats since there is this one. */
  get age(): number {
    return this.#age;
  }

  /** How well an onset was expected (BarStates). */
  hear(expected: number): void {
    this.#fit += FIT * (expected - this.#fit);
  }

  /** Share of the beat in the probability; how far the most probable tempo is from it (logarithm); beats since last time. */
  look(own: number, strain: number, beats: number): void {
    this.#own += SOON * (own - this.#own);
    this.#ownLater += LATER * (own - this.#ownLater);
    this.#strain += STRAIN * (Math.abs(strain) - this.#strain);
    this.#age += beats;
  }

  /** `spread`: how far off the beat notes are, in beats; `silence`: beats since the last note. */
  value(spread: number, silence: number): number {
    const sum =
      -1.25 +
      2.78 * this.#own -
      1.13 * this.#ownLater +
      1.11 * this.#fit -
      25.5 * spread -
      2.6 * Math.min(MOST_STRAIN, this.#strain) +
      1.43 * Math.min(1, this.#age / OLD);
    const fading = (GONE_BEATS - silence) / (GONE_BEATS - HELD_BEATS);
    const held = Math.max(0, Math.min(1, fading)) * Math.min(1, 2 * this.#own);
    return held / (1 + Math.exp(-sum));
  }
}
