/**
 * How often a source may knock, and how often all of them together: a bounded table of token buckets, one per host.
 *
 * Takes  hosts and times. Gives yes or no. A full table forgets the host that knocked longest ago.
 */
import type { Instant } from '../../../core/time.ts';
import { TokenBucket } from '../../../core/token-bucket.ts';

const HOSTS = 256;
/** Invitations at once, and a second: room for 64 participants behind one address. */
const BURST = 64;
const PER_SECOND = 16;
/** Of all hosts: whoever makes up hosts gets no further. */
const ALL_BURST = 512;
const ALL_PER_SECOND = 128;

export class Admission {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #all = new TokenBucket(ALL_PER_SECOND, ALL_BURST);

  /** False when this host knocks too often: it gets no answer at all. */
  allows(host: string, now: Instant): boolean {
    let bucket = this.#buckets.get(host);
    if (bucket) {
      this.#buckets.delete(host);
    } else {
      bucket = new TokenBucket(PER_SECOND, BURST);
      if (this.#buckets.size >= HOSTS) {
        const longest = this.#buckets.keys().next();
        if (!longest.done) this.#buckets.delete(longest.value);
      }
    }
    this.#buckets.set(host, bucket);
    return bucket.take(1, now) && this.#all.take(1, now);
  }
}
