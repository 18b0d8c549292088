/**
 * The peers of an end point, in order of joining.
 *
 * Keeps  one peer per SSRC. The lists are new arrays when they change, so that whoever goes through one is not disturbed.
 */
import type { NetAddress } from '../../ports/datagram-network.ts';
import { sameAddress, sameHost } from './host.ts';
import type { PeerSession } from './peer-session.ts';

export class PeerTable {
  readonly #bySsrc = new Map<number, PeerSession>();
  #all: readonly PeerSession[] = [];
  #audience: readonly PeerSession[] = [];

  get all(): readonly PeerSession[] {
    return this.#all;
  }

  /** Those who have shown that they are where they say: they are sent what is played here. */
  get audience(): readonly PeerSession[] {
    return this.#audience;
  }

  get size(): number {
    return this.#all.length;
  }

  get(ssrc: number): PeerSession | undefined {
    return this.#bySsrc.get(ssrc);
  }

  has(peer: PeerSession): boolean {
    return this.#bySsrc.get(peer.ssrc) === peer;
  }

  /** Whose datagram it is: the SSRC and the host must be the peer's. */
  from(ssrc: number, host: string): PeerSession | undefined {
    const peer = this.#bySsrc.get(ssrc);
    return peer && sameHost(peer.control.host, host) ? peer : undefined;
  }

  /** Who lives at this address, by either port. */
  at(address: NetAddress): PeerSession | undefined {
    return this.#all.find(
      (peer) => sameAddress(peer.control, address) || sameAddress(peer.data, address),
    );
  }

  add(peer: PeerSession): void {
    this.#bySsrc.set(peer.ssrc, peer);
    this.refresh();
  }

  remove(peer: PeerSession): void {
    this.#bySsrc.delete(peer.ssrc);
    this.refresh();
  }

  /** Somebody joined the audience. */
  refresh(): void {
    this.#all = [...this.#bySsrc.values()];
    this.#audience = this.#all.filter((peer) => peer.proven && !peer.isMember);
  }
}
