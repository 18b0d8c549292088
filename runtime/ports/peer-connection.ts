import type { Instant } from '../core/time.ts';
import type { NetAddress } from './datagram-network.ts';
import type { ByteStream } from './stream-network.ts';

/**
 * Encrypted connections between two machines that know each other only by messages passed through somebody else:
 * WebRTC in a box, seeded and in memory in tests. Contract: tests/contracts/peer-connection.contract.ts.
 */
export interface PeerConnections {
  /** Begins at once. Rejecting is not its way: what goes wrong ends the connection (`onFailed`). */
  open(init: PeerConnectionInit): PeerConnection;
}

export interface PeerConnectionInit {
  /** The offerer makes the first description. */
  readonly role: 'offerer' | 'answerer';
  /** STUN and TURN servers; none: host candidates only. */
  readonly iceServers: readonly IceServer[];
  /** Only through a TURN server. */
  readonly relayOnly?: boolean;
  /** Address to bind; default: all interfaces. */
  readonly host?: string;
}

/** RFC 8839, RFC 7064/7065: `stun:host:port` or `turn:host:port?transport=udp`, with the credentials of the latter. */
export interface IceServer {
  readonly url: string;
  readonly username?: string;
  readonly credential?: string;
}

/** What the two ends have to tell each other through somebody else, in order (RFC 8829). */
export type PeerSignal =
  | { readonly kind: 'description'; readonly type: 'offer' | 'answer'; readonly sdp: string }
  | { readonly kind: 'candidate'; readonly candidate: string; readonly mid: string };

/** Disposing it ends its stream; disposing its stream releases it. Before it is open, `onFailed` is told of that too. */
export interface PeerConnection extends AsyncDisposable {
  /** What to tell the far end. What came before the first listener is kept for it. */
  onSignal(listener: (signal: PeerSignal) => void): Disposable;
  /** What the far end told. Never throws: what can't be used fails the connection, or is passed over (a candidate). */
  signal(signal: PeerSignal): void;
  /** Told once, soon, when both lanes are open; or when it is clear that they will never be, with words for people. */
  onOpen(listener: (stream: PeerStream) => void): Disposable;
  onFailed(listener: (reason: string) => void): Disposable;
}

/** An ordered, reliable byte stream with a fast lane beside it: what a link runs over. */
export interface PeerStream extends ByteStream {
  /** Undefined: it has none, and RTP-MIDI goes over plain UDP (diagnosis only). */
  readonly packets: PacketLane | undefined;
  /**
   * 32 octets that both ends have alike and that no other connection has (channel binding: whoever sits in the middle
   * has two connections and two of them). Undefined: nothing is encrypted.
   */
  readonly binding: Uint8Array | undefined;
  /** How the octets go just now; it may change while the stream is open. */
  readonly route: Route;
}

/** Single packets that may be lost, doubled or overtaken, but never wait for one another. */
export interface PacketLane {
  /**
   * Sends the first `length` octets (default: all), copied before the call returns: an RTP packet of at most 1200
   * octets (RFC 3550: version 2). Never throws: what can't be sent is lost, as on a network, and counted.
   */
  send(packet: Uint8Array, length?: number): void;
  /** `packet` is valid during the call only. */
  onPacket(listener: (packet: Uint8Array, at: Instant) => void): Disposable;
  readonly unsent: number;
}

export interface Route {
  /**
   * `local`: straight, on the same network. `direct`: straight, through NATs. `relayed`: through a TURN server.
   * `tunnelled`: through the control plane, since UDP is blocked.
   */
  readonly kind: 'local' | 'direct' | 'relayed' | 'tunnelled';
  readonly local: NetAddress;
  readonly remote: NetAddress;
}
