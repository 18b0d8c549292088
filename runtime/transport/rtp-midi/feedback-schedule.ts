/**
 * When a receiver reports (RS): soon where the sender waits for it, else now and then, never per packet.
 *
 * Takes  each packet that was taken, and whether it is worth a report. Gives when a report is due.
 * Spec   RFC 6295 section 4 and appendix C.2.2.2: only what was repaired is reported, so that the sender may forget it.
 */
import { after, fromMillis, type Instant } from '../../core/time.ts';

/** New packets are reported within this. */
const WITHIN = fromMillis(200);
/** Reports are at least this far apart. */
const APART = fromMillis(30);

export class FeedbackSchedule {
  #due: Instant | undefined;
  #reported = -1;
  #reportedAt = Number.NEGATIVE_INFINITY as Instant;

  get due(): Instant | undefined {
    return this.#due;
  }

  /** A packet was taken. `soon`: it asks for confirmation, or ends a gap, or carries SysEx that more waits behind. */
  note(at: Instant, soon: boolean): void {
    const earliest = after(this.#reportedAt, APART);
    const due = soon ? (Math.max(at, earliest) as Instant) : after(at, WITHIN);
    if (this.#due === undefined || due < this.#due) this.#due = due;
  }

  /** True when all up to packet `highest` is to be reported now. */
  take(highest: number, now: Instant): boolean {
    if (this.#due === undefined || now < this.#due) return false;
    this.#due = undefined;
    if (this.#reported === highest) return false;
    this.#reported = highest;
    this.#reportedAt = now;
    return true;
  }
}
