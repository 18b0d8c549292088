import type { Instant } from './time.ts';

/**
 * A rate bound: `rate` tokens a second, at most `burst` saved up. Full at first. Allocates nothing.
 */
export class TokenBucket {
  readonly #perMicro: number;
  readonly #burst: number;
  #tokens: number;
  #at: Instant;

  constructor(rate: number, burst: number, now: Instant) {
    this.#perMicro = rate / 1_000_000;
    this.#burst = burst;
    this.#tokens = burst;
    this.#at = now;
  }

  /** False, having taken nothing, when there are fewer than `tokens`. */
  take(tokens: number, now: Instant): boolean {
    const saved = this.#tokens + Math.max(0, now - this.#at) * this.#perMicro;
    this.#tokens = Math.min(saved, this.#burst);
    this.#at = now;
    if (this.#tokens < tokens) return false;
    this.#tokens -= tokens;
    return true;
  }
}
