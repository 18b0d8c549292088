/**
 * How sure a predicted note must be to be played, so that false notes stay within the budget of the role and the budget is
 * used: per hundred true notes, over the whole piece.
 *
 * Takes  every expected note with its probabilities, true notes as they come, and what became of those that were played.
 * Gives  the threshold for `scoreOf`. Among notes of the same expected cost it lets through those that gain most.
 * Keeps  a histogram of expected costs by score, of the last minute or so; running counts. Nothing allocated.
 *
 * The threshold is where the notes above it would have cost what may be spent: the budget's share of each true note, more or
 * less what was saved or overdrawn, paid off within the next notes. Probabilities are corrected by how many false notes
 * came of those that were expected. At first it is careful: nothing is known, and a short piece forgives little.
 */

const BINS = 128;
const LOWEST = -3;
const STEP = 0.08;
/** True notes after which what was seen is half forgotten. */
const MEMORY = 90;
const GROWTH: number = 2 ** (1 / MEMORY);
const LARGEST = 1e12;
/** Without a probability of being false, odds would have no end. */
const LEAST_COST = 0.01;
/** The threshold before anything is known, and how many true notes that is worth. */
const FIRST_THRESHOLD = 1.2;
const FIRST_WEIGHT = 16;
/** What was saved or overdrawn is spent within so many true notes. */
const PAID_OFF = 50;
const MOST_AT_ONCE = 2;
/** Expected false notes that calibration by experience needs to count for half. */
const CALIBRATION_PRIOR = 4;
const CALIBRATION_KEPT = 0.985;
/** Counts are halved when so many true notes came: an hour ago is another piece. */
const LONG_SESSION = 4_000;

/** What playing a note gains, for what it may cost: the odds in logarithms. */
export function scoreOf(likely: number, precise: number): number {
  return Math.log(Math.max(precise, 1e-6) / Math.max(1 - likely, LEAST_COST));
}

export class FalseNoteBudget {
  /** False notes for each true one. */
  readonly #target: number;
  readonly #costs = new Float64Array(BINS);
  #unit = 1;
  #truthsSeen = 0;
  #truths = 0;
  #falses = 0;
  #expectedFalse = CALIBRATION_PRIOR;
  #observedFalse = CALIBRATION_PRIOR;
  #threshold = FIRST_THRESHOLD;

  constructor(target: number) {
    this.#target = target;
  }

  /** Played are notes with that score or more. */
  get threshold(): number {
    return this.#threshold;
  }

  /** An expected note, played or not. */
  expected(score: number, likely: number): void {
    const bin = Math.floor((score - LOWEST) / STEP);
    if (bin < 0) return;
    const at = Math.min(bin, BINS - 1);
    this.#costs[at] = (this.#costs[at] ?? 0) + this.#unit * Math.max(1 - likely, LEAST_COST);
  }

  /** A true note came. `share` (0 to 1) of the budget may be used. */
  truth(share: number): void {
    this.#truths++;
    this.#unit *= GROWTH;
    this.#truthsSeen += this.#unit;
    if (this.#unit > LARGEST) this.#rescale();
    if (this.#truths > LONG_SESSION) {
      this.#truths /= 2;
      this.#falses /= 2;
    }
    this.#steer(this.#target * share);
  }

  /** A note that was played turned out to be true, or false. */
  resolved(likely: number, isFalse: boolean): void {
    this.#expectedFalse = this.#expectedFalse * CALIBRATION_KEPT + Math.max(1 - likely, LEAST_COST);
    this.#observedFalse = this.#observedFalse * CALIBRATION_KEPT + (isFalse ? 1 : 0);
    if (isFalse) this.#falses++;
  }

  /** One that was taken for false came after all. */
  pardoned(): void {
    this.#falses = Math.max(0, this.#falses - 1);
    this.#observedFalse = Math.max(0, this.#observedFalse - 1);
  }

  reset(): void {
    this.#costs.fill(0);
    this.#unit = 1;
    this.#truthsSeen = 0;
    this.#truths = 0;
    this.#falses = 0;
    this.#expectedFalse = CALIBRATION_PRIOR;
    this.#observedFalse = CALIBRATION_PRIOR;
    this.#threshold = FIRST_THRESHOLD;
  }

  #steer(target: number): void {
    const saved = target * this.#truths - this.#falses;
    const rate = Math.min(Math.max(0, target + saved / PAID_OFF), MOST_AT_ONCE * target);
    const calibration = this.#observedFalse / this.#expectedFalse;
    const wanted = this.#scoreAt((rate * this.#truthsSeen) / Math.max(calibration, 0.1));
    const trust = this.#truths / (this.#truths + FIRST_WEIGHT);
    this.#threshold = trust * wanted + (1 - trust) * Math.max(wanted, FIRST_THRESHOLD);
  }

  /** The score above which the expected costs add up to `cost`. */
  #scoreAt(cost: number): number {
    let left = cost;
    for (let bin = BINS - 1; bin >= 0; bin--) {
      const here = this.#costs[bin] ?? 0;
      if (here > left) return LOWEST + STEP * (bin + 1 - left / here);
      left -= here;
    }
    return LOWEST;
  }

  #rescale(): void {
    for (let bin = 0; bin < BINS; bin++) this.#costs[bin] = (this.#costs[bin] ?? 0) / this.#unit;
    this.#truthsSeen /= this.#unit;
    this.#unit = 1;
  }
}
