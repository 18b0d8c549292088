/**
 * A peer's wish not to be sent more than so many bits a second (AppleMIDI RL).
 *
 * Takes  packets to be sent. Gives yes or no. A packet that may not be sent is one that was lost: the journal of the
 *        next one makes up for it. Session messages are not asked about, so a session outlives any limit.
 *
 * Apple doesn't say what the field's unit is; those who name it call it a bit rate, so it is taken for bits a second of
 * UDP payload. A packet may go into debt, which is worked off before the next: however low the limit is, one of any
 * size gets through in the end.
 */
import { after, type Instant, micros } from '../../core/time.ts';
import { TokenBucket } from '../../core/token-bucket.ts';

/** What may have been saved up, in seconds. */
const BURST = 0.25;
/** A lower wish than this is taken for this: some 25 guard packets a second. */
const LEAST = 8_000;
/** A guard packet that was held back asks again after this. */
const LOOK_AGAIN = micros(20_000);

export class RateLimit {
  #bits: TokenBucket | undefined;
  #burst = 0;

  /** 0: no limit. */
  set(bitsPerSecond: number): void {
    const rate = Math.max(LEAST, bitsPerSecond);
    this.#burst = rate * BURST;
    this.#bits = bitsPerSecond === 0 ? undefined : new TokenBucket(rate, this.#burst);
  }

  /** Whether a packet may be sent now; it then counts. */
  allows(octets: number, now: Instant): boolean {
    if (this.#bits === undefined) return true;
    if (!this.#bits.has(1, now)) return false;
    this.#bits.spend(octets * 8);
    return true;
  }

  /** The same for one that matters less, like a copy: it leaves half of what was saved up to others. */
  allowsExtra(octets: number, now: Instant): boolean {
    if (this.#bits === undefined) return true;
    if (!this.#bits.has(this.#burst / 2, now)) return false;
    this.#bits.spend(octets * 8);
    return true;
  }

  /** Now, or when a packet that can wait should ask again. */
  readyAt(now: Instant): Instant {
    return this.#bits === undefined || this.#bits.has(1, now) ? now : after(now, LOOK_AGAIN);
  }
}
