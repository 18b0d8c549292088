import type { Instant } from './time.ts';

const SECOND = 1_000_000;

/**
 * A rate bound: `rate` tokens a second, at most `burst` saved up. Full at first; a rate of 0 gives never a token.
 * Allocates nothing.
 */
export class TokenBucket {
  readonly #rate: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: Instant | undefined;

  constructor(rate: number, burst: number) {
    this.#rate = Math.max(0, rate);
    this.#burst = rate > 0 ? burst : 0;
    this.#tokens = this.#burst;
  }

  /** False, having taken nothing, when there are fewer than `tokens`. */
  take(tokens: number, now: Instant): boolean {
    if (!this.has(tokens, now)) return false;
    this.#tokens -= tokens;
    return true;
  }

  has(tokens: number, now: Instant): boolean {
    this.#fill(now);
    return this.#tokens >= tokens;
  }

  /** Takes them even if there are fewer: what is missing is worked off first. */
  spend(tokens: number): void {
    this.#tokens -= tokens;
  }

  /** When there will be one; in a second at the latest, to look again. */
  nextAt(now: Instant): Instant {
    if (this.has(1, now)) return now;
    const wait = Math.ceil(((1 - this.#tokens) / this.#rate) * SECOND);
    return (now + Math.min(wait, SECOND)) as Instant;
  }

  #fill(now: Instant): void {
    if (this.#filledAt !== undefined) {
      const since = now - this.#filledAt;
      if (since <= 0) return;
      this.#tokens = Math.min(this.#burst, this.#tokens + (since * this.#rate) / SECOND);
    }
    this.#filledAt = now;
  }
}
