/**
 * When guard packets follow the last command: packets without commands, so that a loss shows and is repaired.
 *
 * Takes  each packet that was sent, word that the peer has confirmed the last command, and the time.
 * Gives  when the next guard packet is due.
 *
 * A peer that reports is sent them quickly until it does. One that doesn't may not even read journals: it gets few.
 * Spec   RFC 4696 section 4.2. The first one comes sooner here, so that a lost NoteOff is heard of in less than 100 ms.
 */
import { after, fromMillis, fromSeconds, type Instant, type Micros } from '../../core/time.ts';

/** From the last command to the first guard packet, and between as many as STEADY. Then intervals double. */
const FIRST = fromMillis(15);
const STEADY = 8;
/** As many, where many are sent them: what comes before the answer of somebody far away adds up. */
const STEADY_IN_CROWD = 1;
/** The same for a peer that doesn't report. */
const FIRST_UNREPORTED = fromMillis(45);
const STEADY_UNREPORTED = 1;
const LONGEST = fromSeconds(1);
/** After this long without a report, what is lost is lost. */
const PATIENCE = fromSeconds(5);

/** Of what is sent to many by way of others. */
export interface GuardPace {
  readonly first: Micros;
  readonly steady: number;
}

export class GuardSchedule {
  readonly #pace: GuardPace | undefined;
  #due: Instant | undefined;
  #since = 0 as Instant;
  #first: Micros = FIRST;
  #steady = STEADY;
  #sent = 0;

  constructor(pace?: GuardPace) {
    this.#pace = pace;
  }

  get due(): Instant | undefined {
    return this.#due;
  }

  /** A packet with commands was sent. `keep`: a guard packet that is due already stays due. */
  begin(now: Instant, reports: boolean, keep: boolean, crowded: boolean = false): void {
    this.#since = now;
    const usual = crowded ? STEADY_IN_CROWD : STEADY;
    this.#first = this.#pace?.first ?? (reports ? FIRST : FIRST_UNREPORTED);
    this.#steady = this.#pace?.steady ?? (reports ? usual : STEADY_UNREPORTED);
    const due = after(now, this.#first);
    if (keep && this.#due !== undefined && this.#due < due) return;
    this.#sent = 0;
    this.#due = due;
  }

  /** The peer is new: the first one at once, and more as if it reports, unless one is enough. */
  introduce(now: Instant, more: boolean): void {
    this.begin(now, true, false);
    this.#due = now;
    if (!more) this.#steady = 0;
  }

  /** Others are new among many: at the latest then. */
  introduceBy(at: Instant, now: Instant): void {
    const due = this.#due;
    this.begin(now, true, false);
    this.#due = due === undefined || at < due ? at : due;
  }

  /** A guard packet was sent. */
  sent(now: Instant): void {
    if (this.#due === undefined) return;
    this.#sent++;
    const doublings = Math.min(20, Math.max(0, this.#sent + 1 - this.#steady));
    const interval = Math.min(LONGEST, this.#first * 2 ** doublings) as Micros;
    const due = after(now, interval);
    this.#due = this.#steady > 0 && due - this.#since <= PATIENCE ? due : undefined;
  }

  postpone(at: Instant): void {
    if (this.#due !== undefined && this.#due < at) this.#due = at;
  }

  /** The peer has answered, and there is more to tell it. */
  hasten(now: Instant): void {
    if (this.#due === undefined || this.#due > now) this.#due = now;
    this.#since = now;
    this.#sent = 0;
  }

  end(): void {
    this.#due = undefined;
  }
}
