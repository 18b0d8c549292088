import type { Instant } from '../../core/time.ts';
import { TokenBucket } from '../../core/token-bucket.ts';

/** How often callers may call, each by itself. Bounded: with more callers than that, the one longest quiet is forgotten. */
export class CallerRates {
  readonly #buckets = new Map<string, TokenBucket>();
  readonly #perSecond: number;
  readonly #burst: number;

  constructor(perSecond: number, burst: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
  }

  take(caller: string, now: Instant): boolean {
    const bucket = this.#buckets.get(caller) ?? new TokenBucket(this.#perSecond, this.#burst);
    // Entered anew, so that the map is in order of the last call.
    this.#buckets.delete(caller);
    this.#buckets.set(caller, bucket);
    if (this.#buckets.size > MAX_CALLERS) {
      const [longest] = this.#buckets.keys();
      if (longest !== undefined) this.#buckets.delete(longest);
    }
    return bucket.take(1, now);
  }
}

const MAX_CALLERS = 256;
