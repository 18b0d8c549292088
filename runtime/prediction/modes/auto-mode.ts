/**
 * Auto: how a stream is best played, Live or Tight. Groove is a choice of taste, which nobody makes for the player.
 *
 * Takes  the way here (median), how sure the beat is, how well the part was foreseen lately.
 * Gives  the mode, and why. Pure state, asked after every note.
 *
 * On a short way Live is right: half of what is played on arrival is within 20 ms anyhow. On a long way Live and Tight are
 * equally late with what nobody foresees, but Live is even: a part that is not foreseen at all is played Live, and watched.
 * Each change needs clear evidence, and is not taken back within four seconds.
 */
import { fromMillis, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { ModeInUse, ModeReason } from '../prediction-stats.ts';

export interface ModeEvidence {
  /** Median delay of what arrived lately. */
  readonly delay: Micros;
  /** Notes that came, in all. */
  readonly notes: number;
  readonly beatConfidence: number;
  /** Of the last notes that were sure enough to be played, those that came within 20 ms. */
  readonly precision: number | undefined;
  /** Of the last true notes, those that were foreseen. */
  readonly recall: number | undefined;
}

const FAR: Micros = fromMillis(19);
const NEAR: Micros = fromMillis(15);
const ENOUGH_NOTES = 6;
const BEAT_FOUND = 0.5;
const BEAT_LOST = 0.3;
/** Far away nothing is in time but what is predicted: it takes little to be worth it, and much to give it up. */
const FORESEEN = { precision: 0.4, recall: 0.06 } as const;
const UNFORESEEN = { precision: 0.25, recall: 0.02 } as const;
/** A part is given that many notes to become familiar. */
const FAMILIAR_NOTES = 256;
const STAYS: Micros = fromSeconds(4);

export class AutoMode {
  #mode: Exclude<ModeInUse, 'groove'> = 'live';
  #changedAt = Number.NEGATIVE_INFINITY;
  reason: ModeReason = 'new';

  get mode(): Exclude<ModeInUse, 'groove'> {
    return this.#mode;
  }

  decide(evidence: ModeEvidence, now: Instant): void {
    if (evidence.notes < ENOUGH_NOTES || now < this.#changedAt + STAYS) return;
    const tight = this.#mode === 'tight';
    const reason = reasonFor(evidence, tight);
    const mode = reason === 'predictable' ? 'tight' : 'live';
    this.reason = reason;
    if (mode === this.#mode) return;
    this.#mode = mode;
    this.#changedAt = now;
  }
}

function reasonFor(evidence: ModeEvidence, tight: boolean): ModeReason {
  const { delay, notes, beatConfidence, precision, recall } = evidence;
  if (delay < (tight ? NEAR : FAR)) return 'near';
  if (beatConfidence < (tight ? BEAT_LOST : BEAT_FOUND)) return 'noBeat';
  const least = tight ? UNFORESEEN : FORESEEN;
  if (precision !== undefined && precision < least.precision) return 'unpredictable';
  const isFamiliar = notes >= FAMILIAR_NOTES;
  if (isFamiliar && recall !== undefined && recall < least.recall) return 'unpredictable';
  return 'predictable';
}
