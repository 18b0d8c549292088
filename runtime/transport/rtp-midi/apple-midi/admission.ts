/**
 * How often a source may knock: a bounded table of token buckets, one per host.
 *
 * Takes  hosts and times. Gives yes or no. A full table forgets the host that knocked longest ago.
 */
import type { Instant } from '../../../core/time.ts';

const HOSTS = 256;
/** Invitations at once, and a second. */
const BURST = 64;
const PER_SECOND = 10;

interface Bucket {
  tokens: number;
  at: Instant;
}

export class Admission {
  readonly #buckets = new Map<string, Bucket>();

  /** False when this host knocks too often: it gets no answer at all. */
  allows(host: string, now: Instant): boolean {
    let bucket = this.#buckets.get(host);
    if (bucket) {
      this.#buckets.delete(host);
      const earned = ((now - bucket.at) / 1_000_000) * PER_SECOND;
      bucket.tokens = Math.min(BURST, bucket.tokens + earned);
      bucket.at = now;
    } else {
      bucket = { tokens: BURST, at: now };
      if (this.#buckets.size >= HOSTS) {
        const longest = this.#buckets.keys().next();
        if (!longest.done) this.#buckets.delete(longest.value);
      }
    }
    this.#buckets.set(host, bucket);
    if (bucket.tokens < 1) return false;
    bucket.tokens--;
    return true;
  }
}
