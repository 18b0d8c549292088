/**
 * Whoever speaks to us as if there were a session, and there is none: it is told so, and begins anew at once.
 *
 * Takes  sources of datagrams that belong to no peer. Gives yes or no: answer with BY, token 0.
 *
 * An answer is never longer than what it answers, comes at most twice a second to one source and thirty-two times to all
 * of them together; so it can't be used against anybody.
 */
import { fromMillis, type Instant, type Micros } from '../../../core/time.ts';
import { TokenBucket } from '../../../core/token-bucket.ts';
import type { NetAddress } from '../../../ports/datagram-network.ts';

/** Octets of a BY without name. */
const ANSWER_OCTETS = 16;
const APART: Micros = fromMillis(500);
const SOURCES = 256;
const PER_SECOND = 32;

export class Strangers {
  readonly #answered = new Map<string, Instant>();
  readonly #all = new TokenBucket(PER_SECOND, PER_SECOND);

  answers(from: NetAddress, octets: number, now: Instant): boolean {
    if (octets < ANSWER_OCTETS || !this.#all.has(1, now)) return false;
    const source = `${from.host} ${from.port}`;
    const last = this.#answered.get(source);
    if (last !== undefined && now - last < APART) return false;
    this.#answered.delete(source);
    if (this.#answered.size >= SOURCES) {
      const longest = this.#answered.keys().next();
      if (!longest.done) this.#answered.delete(longest.value);
    }
    this.#answered.set(source, now);
    return this.#all.take(1, now);
  }
}
