/**
 * How sure a predicted note must be to be played, so that false notes stay within the budget of the role, and the budget is
 * used: per hundred true notes, over the whole piece.
 *
 * Takes  true notes as they come, and what became of the notes that were played.
 * Gives  the threshold for `scoreOf`.
 * Keeps  two counts.
 *
 * The threshold begins where the role's parts have had it on average, and is moved by the logarithm of what was spent over
 * what might have been. A steady threshold gains most, since sure notes and doubtful ones come in turns: it moves by little,
 * and counts begin as if some notes had been played already. (Compared on the development part of the open sets with a
 * histogram of expected costs, integral control of several speeds, and fixed thresholds.)
 */
import type { Role } from '../../core/ensemble.ts';

interface Budget {
  /** False notes for each true one, a little below what the role is allowed: the last ones are known late. */
  readonly target: number;
  readonly threshold: number;
  /** How far the threshold moves when the budget was saved, or overdrawn, by a factor of e. */
  readonly saved: number;
  readonly overdrawn: number;
}

const BUDGETS: Readonly<Record<Role, Budget>> = {
  rhythm: { target: 0.046, threshold: 1.4, saved: 4, overdrawn: 4 },
  bass: { target: 0.046, threshold: 0.8, saved: 5, overdrawn: 4 },
  harmony: { target: 0.026, threshold: 1.4, saved: 4, overdrawn: 3 },
  melody: { target: 0.027, threshold: 0.7, saved: 4, overdrawn: 2.5 },
};

/** Without a probability of being false, odds would have no end. */
const LEAST_COST = 0.01;
/** False notes that count as made before the first, and as many as were allowed. */
const PRIOR = 4;
/** Counts are halved when so many true notes came: an hour ago is another piece. */
const LONG_SESSION = 4_000;

/** What playing a note gains, for what it may cost: the odds in logarithms. */
export function scoreOf(likely: number, precise: number): number {
  return Math.log(Math.max(precise, 1e-6) / Math.max(1 - likely, LEAST_COST));
}

export class FalseNoteBudget {
  readonly #budget: Budget;
  #share = 1;
  #truths = 0;
  #falses = 0;

  constructor(role: Role) {
    this.#budget = BUDGETS[role];
  }

  /** Of the budget only that share (0 to 1) may be used. */
  setShare(share: number): void {
    this.#share = share;
  }

  /** Played are notes with that score or more. */
  get threshold(): number {
    const { target, threshold, saved, overdrawn } = this.#budget;
    if (this.#share <= 0) return Number.POSITIVE_INFINITY;
    const allowed = target * this.#share * this.#truths;
    const spent = Math.log((this.#falses + PRIOR) / (allowed + PRIOR));
    return threshold - Math.log(this.#share) + spent * (spent < 0 ? saved : overdrawn);
  }

  /** A true note came. */
  truth(): void {
    this.#truths++;
    if (this.#truths < LONG_SESSION) return;
    this.#truths /= 2;
    this.#falses /= 2;
  }

  /** A note that was played turned out to be false. */
  falseNote(): void {
    this.#falses++;
  }

  /** One that was taken for false came after all. */
  pardon(): void {
    this.#falses = Math.max(0, this.#falses - 1);
  }
}
