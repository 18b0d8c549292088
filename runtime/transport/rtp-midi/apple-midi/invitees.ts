/**
 * Invitations that were accepted on the control port and wait for the one on the data port.
 *
 * Keeps  at most ROOM of them, each for PATIENCE, a quarter of ROOM per host; the oldest gives way.
 */
import { fromSeconds, type Instant } from '../../../core/time.ts';
import type { NetAddress } from '../../../ports/datagram-network.ts';
import { sameAddress, sameHost } from '../host.ts';

const ROOM = 256;
const ROOM_PER_HOST = 64;
/** Twelve tries a second apart, and some. */
const PATIENCE = fromSeconds(15);

export interface Invitee {
  readonly ssrc: number;
  readonly token: number;
  readonly name: string;
  readonly control: NetAddress;
  /** What it was told is ours. */
  readonly ownSsrc: number;
  readonly since: Instant;
}

export class Invitees {
  #waiting: Invitee[] = [];

  add(invitee: Invitee): void {
    const { ssrc, token, control, since } = invitee;
    this.#waiting = this.#waiting.filter(
      (held) => !isSame(held, ssrc, token, control.host) && since - held.since < PATIENCE,
    );
    const near = this.#waiting.filter((held) => sameHost(held.control.host, control.host));
    const first = near.length >= ROOM_PER_HOST ? near[0] : this.#waiting[0];
    if (near.length >= ROOM_PER_HOST || this.#waiting.length >= ROOM)
      this.#waiting = this.#waiting.filter((held) => held !== first);
    this.#waiting.push(invitee);
  }

  /** The invitation that this one on the data port belongs to, if it came in time. */
  take(ssrc: number, token: number, host: string, now: Instant): Invitee | undefined {
    const found = this.#waiting.find((held) => isSame(held, ssrc, token, host));
    if (!found) return undefined;
    // Whoever invited from there before is there no more: its second half, should it still come, is out of date.
    this.#waiting = this.#waiting.filter(
      (held) => held.since > found.since || !sameAddress(held.control, found.control),
    );
    return now - found.since < PATIENCE ? found : undefined;
  }

  /** The inviter thought better of it. */
  drop(ssrc: number, host: string): void {
    this.#waiting = this.#waiting.filter(
      (held) => held.ssrc !== ssrc || !sameHost(held.control.host, host),
    );
  }
}

function isSame(held: Invitee, ssrc: number, token: number, host: string): boolean {
  return held.ssrc === ssrc && held.token === token && sameHost(held.control.host, host);
}
