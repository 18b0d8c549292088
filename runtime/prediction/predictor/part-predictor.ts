/**
 * What predicts the notes of one remote part: the statistical one, or one with a trained model.
 *
 * Takes  the part's notes as they arrive, with their times of performance; the grid and the other parts are given to it when
 *        it is opened.
 * Gives  for a slot of the grid the notes that are expected to start around it, each with time and probabilities.
 * Lane   2. Nothing allocated per event or decision after warm-up. Who asks decides what is played.
 */
import type { Instant } from '../../core/time.ts';

/** Notes a slot: as many as ten fingers and both pedals' drums need, with room for what is only possible. */
export const MAX_EXPECTED = 48;

export interface PartPredictor {
  /** A note-on arrived (or was brought back by the journal); in any order of time. */
  noteOn(channel: number, key: number, velocity: number, performedAt: Instant): void;
  noteOff(channel: number, key: number, performedAt: Instant): void;
  /**
   * Which notes start around slot `slot` (number of the beat times SLOTS_PER_BEAT), as known at `now`. `done` is called with
   * them once, before `decide` returns or later, or never (the model failed, or fell behind: counted there).
   * `slot` may lie ahead: that is how the next bar is shown. What was not performed by `knownUntil` is not looked at.
   */
  decide(
    slot: number,
    now: Instant,
    knownUntil: Instant,
    done: (slot: number, expected: ExpectedNotes) => void,
  ): void;
  /** When the part's events of that slot are expected, were there any: the slot's time and the part's running offset. */
  expectedTime(slot: number): Instant;
  /** Forgets everything: another player, or another song. */
  reset(): void;
}

/** Notes that are expected around a slot. One object that is used again: valid during the call only. */
export class ExpectedNotes {
  count = 0;
  readonly channel: Uint8Array = new Uint8Array(MAX_EXPECTED);
  readonly key: Uint8Array = new Uint8Array(MAX_EXPECTED);
  readonly velocity: Uint8Array = new Uint8Array(MAX_EXPECTED);
  /** The time to play it at, as Instant: most probability lies within 20 ms of it. */
  readonly at: Float64Array = new Float64Array(MAX_EXPECTED);
  /** How long it is held (microseconds). */
  readonly length: Float64Array = new Float64Array(MAX_EXPECTED);
  /** Probability that the note is performed around this slot at all (it is no false note). */
  readonly likely: Float32Array = new Float32Array(MAX_EXPECTED);
  /** Probability that it is performed within 20 ms of `at`. */
  readonly precise: Float32Array = new Float32Array(MAX_EXPECTED);

  clear(): void {
    this.count = 0;
  }

  /** The place for one more note; the last one again when all are taken. */
  next(): number {
    if (this.count < MAX_EXPECTED) this.count++;
    return this.count - 1;
  }
}
