/**
 * What this end point calls itself: its name, and the SSRC under which it is known in sessions that begin now.
 *
 * Keeps  one SSRC until somebody turns up who has the same. A session goes on under the SSRC that it began with: a
 *        collision is of two, and the others hear nothing of it.
 * Spec   RFC 3550 sections 8.1 and 8.2.
 */
import type { Randomness } from '../../ports/randomness.ts';

export class Identity {
  readonly name: string;
  readonly #randomness: Randomness;
  readonly #isTaken: (ssrc: number) => boolean;
  #ssrc: number;
  /** How often another one was chosen. */
  renewals = 0;

  constructor(name: string, randomness: Randomness, isTaken: (ssrc: number) => boolean) {
    this.name = name;
    this.#randomness = randomness;
    this.#isTaken = isTaken;
    this.#ssrc = randomness.uint32();
  }

  get ssrc(): number {
    return this.#ssrc;
  }

  /** Somebody else has this SSRC too. Harmless when another one was chosen since. */
  collided(ssrc: number): void {
    if (ssrc !== this.#ssrc) return;
    this.#ssrc = this.freshSsrc();
    this.renewals++;
  }

  freshSsrc(): number {
    for (;;) {
      const ssrc = this.#randomness.uint32();
      if (ssrc !== this.#ssrc && !this.#isTaken(ssrc)) return ssrc;
    }
  }

  newToken(): number {
    return this.#randomness.uint32();
  }
}
