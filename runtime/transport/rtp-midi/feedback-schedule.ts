/**
 * When a receiver reports (RS): soon where the sender waits for it, else now and then, never per packet of a dense stream.
 *
 * Takes  each packet that was taken, and why it may be worth a report. Gives when a report is due.
 * Spec   RFC 6295 section 4 and appendix C.2.2.2: only what was repaired is reported, so that the sender may forget it.
 *
 * In a crowd a sender that follows commands with empty packets (guard-schedule.ts) is told of them as soon as there is a
 * pause, before the first of those is due: one packet instead of two, for each event and each listener.
 */
import { after, fromMillis, type Instant } from '../../core/time.ts';

/** New packets are reported within this. */
const WITHIN = fromMillis(200);
/** Reports are at least this far apart. */
const APART = fromMillis(30);
/** So long without a packet is a pause. */
const PAUSE = fromMillis(5);
/** More peers than these are a crowd. */
const CROWD = 8;

/** `guard`: without commands. `awaited`: it ends a gap, or carries SysEx that more waits behind. */
export type PacketWorth = 'guard' | 'awaited' | 'commands';

export class FeedbackSchedule {
  #due: Instant | undefined;
  /** When the first packet came that is not reported yet. */
  #since: Instant | undefined;
  #guarded = false;
  #reported = -1;
  #reportedAt = Number.NEGATIVE_INFINITY as Instant;
  readonly #crowd: () => number;

  constructor(crowd: () => number) {
    this.#crowd = crowd;
  }

  get due(): Instant | undefined {
    return this.#due;
  }

  /** A packet was taken. */
  note(at: Instant, worth: PacketWorth): void {
    const earliest = after(this.#reportedAt, APART);
    this.#since ??= at;
    const latest = after(this.#since, WITHIN);
    if (worth === 'guard') this.#guarded = true;
    if (worth !== 'commands') {
      this.#setBefore(Math.max(at, earliest) as Instant);
    } else if (!this.#guarded || this.#crowd() <= CROWD) {
      this.#setBefore(latest);
    } else if (this.#due === undefined || this.#due > at) {
      const pause = Math.max(after(at, PAUSE), earliest);
      this.#due = Math.min(pause, latest) as Instant;
    }
  }

  /** True when all up to packet `highest` is to be reported now. */
  take(highest: number, now: Instant): boolean {
    if (this.#due === undefined || now < this.#due) return false;
    this.#due = undefined;
    this.#since = undefined;
    if (this.#reported === highest) return false;
    this.#reported = highest;
    this.#reportedAt = now;
    return true;
  }

  #setBefore(due: Instant): void {
    if (this.#due === undefined || due < this.#due) this.#due = due;
  }
}
