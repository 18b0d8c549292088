/**
 * Invitations that were accepted on the control port and wait for the one on the data port.
 *
 * Keeps  at most ROOM of them, each for PATIENCE; the oldest gives way.
 */
import { fromSeconds, type Instant } from '../../../core/time.ts';
import type { NetAddress } from '../../../ports/datagram-network.ts';

const ROOM = 32;
/** Twelve tries a second apart, and some. */
const PATIENCE = fromSeconds(15);

export interface Invitee {
  readonly ssrc: number;
  readonly token: number;
  readonly name: string;
  readonly control: NetAddress;
  readonly since: Instant;
}

export class Invitees {
  #waiting: Invitee[] = [];

  add(invitee: Invitee): void {
    this.#waiting = this.#waiting.filter(
      (held) =>
        !isSame(held, invitee.ssrc, invitee.token, invitee.control.host) &&
        invitee.since - held.since < PATIENCE,
    );
    if (this.#waiting.length >= ROOM) this.#waiting.shift();
    this.#waiting.push(invitee);
  }

  /** The invitation that this one on the data port belongs to, if it came in time. */
  take(ssrc: number, token: number, host: string, now: Instant): Invitee | undefined {
    const found = this.#waiting.find((held) => isSame(held, ssrc, token, host));
    if (!found) return undefined;
    this.#waiting = this.#waiting.filter((held) => held !== found);
    return now - found.since < PATIENCE ? found : undefined;
  }

  /** The inviter thought better of it. */
  drop(ssrc: number, host: string): void {
    this.#waiting = this.#waiting.filter(
      (held) => held.ssrc !== ssrc || held.control.host !== host,
    );
  }
}

function isSame(held: Invitee, ssrc: number, token: number, host: string): boolean {
  return held.ssrc === ssrc && held.token === token && held.control.host === host;
}
