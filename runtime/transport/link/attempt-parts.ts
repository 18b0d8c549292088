/** What both sides of an attempt at a connection need. */
import type { NetAddress } from '../../ports/datagram-network.ts';
import type {
  IceServer,
  PeerConnection,
  PeerConnectionInit,
  PeerSignal,
  PeerStream,
} from '../../ports/peer-connection.ts';

export interface AttemptInit {
  readonly iceServers: readonly IceServer[];
  /** Address to bind. */
  readonly host?: string | undefined;
  readonly relayOnly?: boolean | undefined;
  /** Through no relay, of either end. */
  readonly straight?: boolean | undefined;
}

/** Candidates that came before their description. Bounded by what one exchange may carry. */
export class EarlyCandidates {
  #kept: { readonly attempt: number; readonly signal: PeerSignal }[] = [];

  keep(attempt: number, signal: PeerSignal): void {
    this.#kept.push({ attempt, signal });
  }

  take(attempt: number): readonly PeerSignal[] {
    const taken = this.#kept.filter((kept) => kept.attempt === attempt);
    this.#kept = this.#kept.filter((kept) => kept.attempt !== attempt);
    return taken.map(({ signal }) => signal);
  }
}

export const connectionInit = ({
  iceServers,
  host,
  relayOnly,
  straight,
}: AttemptInit): Omit<PeerConnectionInit, 'role'> => ({
  iceServers: straight ? iceServers.filter(({ url }) => !/^turns?:/i.test(url)) : iceServers,
  ...(host === undefined ? {} : { host }),
  ...(relayOnly === undefined ? {} : { relayOnly }),
});

/** The stream with the connection that carries it: they end together. `remote` is where the far end may be dialed. */
export function ownedStream(
  connection: PeerConnection,
  stream: PeerStream,
  remote: NetAddress,
): PeerStream {
  // A stream that this side closes has its last words to get out first.
  let closing = false;
  stream.onClosed(() => {
    if (!closing) void connection[Symbol.asyncDispose]();
  });
  return {
    remote,
    packets: stream.packets,
    binding: stream.binding,
    get route() {
      return stream.route;
    },
    write: (bytes) => stream.write(bytes),
    onBytes: (listener) => stream.onBytes(listener),
    onClosed: (listener) => stream.onClosed(listener),
    async [Symbol.asyncDispose]() {
      closing = true;
      await stream[Symbol.asyncDispose]();
      await connection[Symbol.asyncDispose]();
    },
  };
}
