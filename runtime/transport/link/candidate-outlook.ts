/** What the candidates of one end tell of the network around it. They are a stranger's words: nothing hangs on them but haste. */
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { PeerSignal } from '../../ports/peer-connection.ts';
import { type Candidate, readCandidate } from '../peer-connection/session-description.ts';

export class Outlook {
  readonly #relays = new Set<string>();
  #reachesServer = false;

  see(signal: PeerSignal): void {
    const candidate = candidateOf(signal);
    if (!candidate || candidate.type === 'host') return;
    this.#reachesServer = true;
    if (candidate.type === 'relay') this.#relays.add(textOf(candidate.address));
  }

  /** A STUN or TURN server has answered it over UDP. */
  get reachesServer(): boolean {
    return this.#reachesServer;
  }

  /** Whether that address is one that a relay has lent it. */
  relays(address: NetAddress): boolean {
    return this.#relays.has(textOf(address));
  }
}

export const isRelay = (signal: PeerSignal): boolean => candidateOf(signal)?.type === 'relay';

const candidateOf = (signal: PeerSignal): Candidate | undefined =>
  signal.kind === 'candidate' ? readCandidate(signal.candidate, signal.mid) : undefined;

const textOf = ({ host, port }: NetAddress): string => `${host} ${port}`;
