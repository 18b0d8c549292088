/** A token bucket: so many a second, a burst at once, and debt when one takes more than there is. */
import { elapsed, fromSeconds, type Instant } from '../core/time.ts';

const SECOND = fromSeconds(1);

export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: Instant | undefined;

  /** `perSecond` 0: never a token. */
  constructor(perSecond: number, burst: number) {
    this.#perSecond = Math.max(0, perSecond);
    this.#burst = perSecond > 0 ? burst : 0;
    this.#tokens = this.#burst;
  }

  has(now: Instant): boolean {
    this.#fill(now);
    return this.#tokens >= 1;
  }

  take(amount: number): void {
    this.#tokens -= amount;
  }

  /** When there will be one (in a second at the latest, to look again). */
  nextAt(now: Instant): Instant {
    this.#fill(now);
    if (this.#tokens >= 1) return now;
    const wait = Math.ceil(((1 - this.#tokens) / this.#perSecond) * SECOND);
    return (now + Math.min(wait, SECOND)) as Instant;
  }

  #fill(now: Instant): void {
    if (this.#filledAt !== undefined) {
      const since = elapsed(this.#filledAt, now);
      if (since <= 0) return;
      this.#tokens = Math.min(this.#burst, this.#tokens + (since * this.#perSecond) / SECOND);
    }
    this.#filledAt = now;
  }
}
