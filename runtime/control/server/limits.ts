/**
 * What one address, one account and one connection may do, and who has done how much of it.
 *
 * Gives  limits with their usual values, and rates by name: so many a second for each, the least recently seen forgotten
 *        first when there are too many names.
 */
import type { Instant } from '../../core/time.ts';
import { TokenBucket } from '../../core/token-bucket.ts';

export interface ServerLimits {
  readonly connections: number;
  /** An IPv4 address, or an IPv6 /64. A school or a festival may share one. */
  readonly connectionsPerAddress: number;
  /** New connections of one address, a minute. */
  readonly dialsPerMinute: number;
  readonly accountsPerAddressPerHour: number;
  /** Text frames of one connection, a second; and signalling messages of one account. */
  readonly messagesPerSecond: number;
  readonly signalsPerSecond: number;
  /** Invitations that one account, and one address, may try to open, a minute. */
  readonly opensPerMinute: number;
  /** Of one account, at a time. */
  readonly invitations: number;
  readonly tunnels: number;
  /** Of one account, all tunnels together. */
  readonly tunnelOctetsPerSecond: number;
  readonly tunnelFramesPerSecond: number;
  /** A connection that leaves more than that waiting is cut off. */
  readonly unsent: number;
}

export const USUAL_LIMITS: ServerLimits = {
  connections: 10_000,
  connectionsPerAddress: 128,
  dialsPerMinute: 300,
  accountsPerAddressPerHour: 60,
  // A box that joins 32 others sends each an offer and about ten candidates.
  messagesPerSecond: 100,
  signalsPerSecond: 50,
  opensPerMinute: 10,
  invitations: 50,
  tunnels: 40,
  tunnelOctetsPerSecond: 512 * 1_024,
  tunnelFramesPerSecond: 4_000,
  unsent: 8 << 20,
};

/** Seconds of the rate that may be saved up. */
export const MESSAGE_BURST = 6;
export const SIGNAL_BURST = 10;
export const TUNNEL_BURST = 8;

const MOST_NAMES = 20_000;

export class Rates {
  readonly #rate: number;
  readonly #burst: number;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(perSecond: number, burst: number) {
    this.#rate = perSecond;
    this.#burst = burst;
  }

  static perMinute(count: number): Rates {
    return new Rates(count / 60, count);
  }

  static perHour(count: number): Rates {
    return new Rates(count / 3_600, count);
  }

  of(name: string): TokenBucket {
    const held = this.#buckets.get(name) ?? new TokenBucket(this.#rate, this.#burst);
    this.#buckets.delete(name);
    this.#buckets.set(name, held);
    if (this.#buckets.size > MOST_NAMES) {
      const [oldest = name] = this.#buckets.keys();
      this.#buckets.delete(oldest);
    }
    return held;
  }

  take(name: string, now: Instant): boolean {
    return this.of(name).take(1, now);
  }
}
