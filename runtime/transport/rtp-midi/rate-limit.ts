/**
 * A peer's wish not to be sent more than so many bits a second (AppleMIDI RL).
 *
 * Takes  packets to be sent. Gives yes or no. A packet that may not be sent is one that was lost: the journal of the
 *        next one makes up for it.
 */
import type { Instant } from '../../core/time.ts';

/** What it may have saved up, in seconds. */
const BURST = 0.25;
/** A lower wish than this is taken for this: the session itself needs some. */
const LEAST = 8_000;

export class RateLimit {
  #bitsPerSecond = 0;
  #bits = 0;
  #at = 0 as Instant;
  /** Packets held back. */
  withheld = 0;

  set(bitsPerSecond: number, now: Instant): void {
    this.#bitsPerSecond = bitsPerSecond === 0 ? 0 : Math.max(LEAST, bitsPerSecond);
    this.#bits = this.#bitsPerSecond * BURST;
    this.#at = now;
  }

  allows(octets: number, now: Instant): boolean {
    if (this.#bitsPerSecond === 0) return true;
    const earned = ((now - this.#at) / 1_000_000) * this.#bitsPerSecond;
    this.#bits = Math.min(this.#bitsPerSecond * BURST, this.#bits + earned);
    this.#at = now;
    if (this.#bits < octets * 8) {
      this.withheld++;
      return false;
    }
    this.#bits -= octets * 8;
    return true;
  }
}
