/**
 * A peer's wish not to be sent more than so many bits a second (AppleMIDI RL).
 *
 * Takes  packets to be sent. Gives yes or no. A packet that may not be sent is one that was lost: the journal of the
 *        next one makes up for it.
 */
import type { Instant } from '../../core/time.ts';
import { TokenBucket } from '../../core/token-bucket.ts';

/** What it may have saved up, in seconds. */
const BURST = 0.25;
/** A lower wish than this is taken for this: the session itself needs some. */
const LEAST = 8_000;

export class RateLimit {
  #bits: TokenBucket | undefined;
  /** Packets held back. */
  withheld = 0;

  /** 0: no limit. */
  set(bitsPerSecond: number): void {
    const rate = Math.max(LEAST, bitsPerSecond);
    this.#bits = bitsPerSecond === 0 ? undefined : new TokenBucket(rate, rate * BURST);
  }

  allows(octets: number, now: Instant): boolean {
    if (this.#bits === undefined || this.#bits.take(octets * 8, now)) return true;
    this.withheld++;
    return false;
  }
}
