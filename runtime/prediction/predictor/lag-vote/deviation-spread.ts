/**
 * How far a player's notes lie from where they were expected: an exponential mean of squares, and what share that leaves
 * within 20 ms.
 *
 * Takes  residuals (microseconds). Gives  a standard deviation and a probability. Allocates nothing.
 */

/** What is taken for the spread before anything was heard, and how many notes that weighs. */
const PRIOR_SPREAD = 14_000;
const PRIOR_WEIGHT = 8;
const DECAY = 0.99;
/** Residuals beyond this are of notes between the slots. */
const OUTLIER = 40_000;
const TOLERANCE = 20_000;

export class DeviationSpread {
  #sum = 0;
  #weight = 0;

  add(residual: number): void {
    if (Math.abs(residual) > OUTLIER) return;
    this.#sum = this.#sum * DECAY + residual * residual;
    this.#weight = this.#weight * DECAY + 1;
  }

  /** Microseconds. */
  get value(): number {
    const prior = PRIOR_SPREAD * PRIOR_SPREAD * PRIOR_WEIGHT;
    return Math.sqrt((this.#sum + prior) / (this.#weight + PRIOR_WEIGHT));
  }

  /** Probability of at most 20 ms off. */
  get within(): number {
    return withinOf(this.value);
  }

  reset(): void {
    this.#sum = 0;
    this.#weight = 0;
  }
}

/** Share of a normal distribution within 20 ms, by the logistic approximation of its integral. */
function withinOf(spread: number): number {
  const z = TOLERANCE / Math.max(spread, 1_000);
  return 2 / (1 + Math.exp(-z * (1.5976 + 0.070566 * z * z))) - 1;
}
