/**
 * Streams to other boxes and from them, whatever they run over: what links are made of.
 *
 * Three make them: WebRTC connections with their signalling (the usual one), the same in memory (tests), and plain TCP
 * (diagnosis: nothing is encrypted, and RTP-MIDI goes beside it over UDP). Contract: tests/contracts/link.contract.ts.
 */
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { PeerStream } from '../../ports/peer-connection.ts';
import type { StreamListener } from '../../ports/stream-network.ts';

export interface PeerNetwork {
  /**
   * Takes calls on the local network at `port` (0: any free one), and by way of the control plane when there is one.
   * Rejects as StreamNetwork.listen does. Disposing stops listening; streams stay.
   */
  listen(
    init: { readonly port: number; readonly host?: string },
    onStream: (stream: PeerStream) => void,
  ): Promise<StreamListener>;
  /** To an address or a place (place.ts). Rejects with PortError whose message is for people, or the signal's reason. */
  connect(to: NetAddress, signal: AbortSignal, how?: ConnectHow): Promise<PeerStream>;
}

export interface ConnectHow {
  /** Somebody answers: from here on the network itself bounds how long it takes. */
  readonly onReached?: () => void;
  /** Only something better than a tunnel, or than a relay: what is there already may stand meanwhile. */
  readonly better?: 'untunnelled' | 'straight' | undefined;
}
