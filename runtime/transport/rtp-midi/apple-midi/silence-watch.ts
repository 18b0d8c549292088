/**
 * Whether a peer is still there: listens for its silence, and asks before it believes it.
 *
 * Takes  word that something was heard from it, the time, and whether notes of it sound.
 * Gives  questions to send (CK with count 0, which either side answers), word that it is silent, word that it is gone.
 *
 * Two watches. While notes sound, a silence of two seconds is asked about, and some more seconds later those notes are
 * to be ended: the session goes on. A peer that is challenged, because somebody claims its place, has a second to answer.
 * Some peers answer questions only as the invited side: one that never answered any is given until after its next clock
 * exchange would have come, going by how far apart it was heard so far.
 */
import {
  after,
  fromMillis,
  fromSeconds,
  type Instant,
  type Micros,
  micros,
} from '../../../core/time.ts';

const QUIET: Micros = fromSeconds(2);
const ASK_EVERY: Micros = fromMillis(300);
const ASK_SLOWLY: Micros = fromSeconds(2);
const ASK_OFTEN_TIMES = 4;
/** From the last sign of life to the end of its notes. */
const SILENT: Micros = fromMillis(3_500);
const CHALLENGE: Micros = fromSeconds(1);
/** A challenge that was met holds for so long. */
const CHALLENGE_HOLDS: Micros = fromSeconds(3);
/** Between clock exchanges, those that are slowest. */
const USUAL: Micros = fromSeconds(10);
const LONGEST_USUAL: Micros = fromSeconds(30);
const AND_A_HALF = 1.5;

export interface SilenceSink {
  /** Ask it something. */
  ask(): void;
  /** End what it left sounding. */
  silent(): void;
  /** It was challenged, and is not there. */
  gone(): void;
}

export class SilenceWatch {
  readonly #sink: SilenceSink;
  #heardAt: Instant;
  /** The longest silence that it came back from. */
  #longest: Micros = USUAL;
  #answers = false;
  /** Nothing to watch until it is heard again. */
  #asleep = false;
  #asked = 0;
  #due: Instant;
  #challengedAt: Instant | undefined;
  #failed = false;

  constructor(sink: SilenceSink, now: Instant) {
    this.#sink = sink;
    this.#heardAt = now;
    this.#due = after(now, QUIET);
  }

  get heardAt(): Instant {
    return this.#heardAt;
  }

  /** When `tick` has something to do. */
  get due(): Instant {
    return this.#due;
  }

  heard(now: Instant): void {
    const silence = now - this.#heardAt;
    if (silence > this.#longest) this.#longest = micros(Math.min(silence, LONGEST_USUAL));
    this.#heardAt = now;
    this.#asleep = false;
    this.#asked = 0;
    this.#due = after(now, QUIET);
    this.#failed = false;
  }

  /** It answered a question: from now on its silence means more. */
  answered(): void {
    this.#answers = true;
  }

  /** Says whether it is there; begins to find out when that isn't known. */
  challenge(now: Instant): 'there' | 'asking' | 'gone' {
    if (this.#failed) return 'gone';
    const since = this.#challengedAt;
    if (since !== undefined) {
      if (this.#heardAt <= since) return 'asking';
      if (now < after(since, CHALLENGE_HOLDS)) return 'there';
    }
    this.#challengedAt = now;
    // What came in this very instant came before.
    this.#asked = 0;
    this.#due = now;
    return 'asking';
  }

  tick(now: Instant, sounding: () => boolean, rtt: Micros | undefined): void {
    if (now < this.#due) return;
    const since = this.#challengedAt;
    if (since !== undefined && !this.#failed && this.#heardAt <= since) {
      const end = after(since, this.#patience(CHALLENGE, rtt));
      if (now >= end) {
        this.#failed = true;
        this.#rest();
        this.#sink.silent();
        this.#sink.gone();
      } else this.#ask(now, end, rtt);
      return;
    }
    if (this.#asleep || !sounding()) {
      this.#rest();
      return;
    }
    const end = after(this.#heardAt, this.#patience(SILENT, rtt));
    if (now >= end) {
      this.#rest();
      this.#sink.silent();
    } else this.#ask(now, end, rtt);
  }

  /** How long a silence is believed to be none. */
  #patience(usual: Micros, rtt: Micros | undefined): Micros {
    if (this.#answers) return micros(usual + 2 * (rtt ?? 0));
    return micros(usual + AND_A_HALF * this.#longest);
  }

  #ask(now: Instant, end: Instant, rtt: Micros | undefined): void {
    this.#asked++;
    const often = Math.max(ASK_EVERY, (rtt ?? 0) * AND_A_HALF);
    const next = now + (this.#asked < ASK_OFTEN_TIMES ? often : ASK_SLOWLY);
    this.#due = Math.min(next, end) as Instant;
    this.#sink.ask();
  }

  #rest(): void {
    this.#asleep = true;
    this.#due = Number.POSITIVE_INFINITY as Instant;
  }
}
