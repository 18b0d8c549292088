/**
 * Where the sequence numbers of streams to former peers ended: a new session with one goes on from there, after a gap.
 *
 * Takes  the next number for an address when a session ends. Gives one a little further on when another begins.
 * Keeps  at most ADDRESSES; the one that was noted first is forgotten.
 * Spec   RFC 3550 section 5.1: one SSRC has one line of sequence numbers. What is still on its way from the session before
 *        can then be told from what is new; and by the gap a receiver sees that it has to be told all again.
 */
import type { NetAddress } from '../../ports/datagram-network.ts';

const ADDRESSES = 64;
const GAP = 2;
const MASK = 0xffff;

export class SequenceBook {
  readonly #next = new Map<string, number>();

  note(to: NetAddress, ssrc: number, next: number): void {
    const key = keyOf(to, ssrc);
    this.#next.delete(key);
    this.#next.set(key, (next + GAP) & MASK);
    if (this.#next.size <= ADDRESSES) return;
    for (const oldest of this.#next.keys()) {
      this.#next.delete(oldest);
      return;
    }
  }

  /** Undefined: there was no session, or it is forgotten. `ssrc` is our own in it. */
  nextFor(to: NetAddress, ssrc: number): number | undefined {
    return this.#next.get(keyOf(to, ssrc));
  }
}

function keyOf({ host, port }: NetAddress, ssrc: number): string {
  return `${host} ${port} ${ssrc}`;
}
