/**
 * An RTP-MIDI end point: one pair of UDP ports, one SSRC, any number of AppleMIDI peers.
 *
 * Takes  MidiMessages played here, and datagrams from peers.
 * Gives  datagrams to every peer, and each peer's messages with the time when they were performed.
 * Keeps  sockets, one alarm, the peers and what each of them left sounding. The protocol itself is in the pure files beside this one.
 * Lane   1.
 */
import type { LinkStats } from '../../core/ensemble.ts';
import type { Log } from '../../core/log.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import type { Instant, Micros } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DatagramNetwork, NetAddress } from '../../ports/datagram-network.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { PeerClock } from '../clock-sync/peer-clock.ts';

/** Why a peer is a peer no more. */
export type LeaveReason = 'bye' | 'timeout' | 'replaced' | 'local';

export interface RtpMidiPeer {
  readonly ssrc: number;
  readonly name: string;
  readonly address: NetAddress;
  readonly clock: PeerClock;
  readonly stats: LinkStats;
  disconnect(): void;
}

export interface RtpMidiConnection extends AsyncDisposable {
  readonly peer: RtpMidiPeer | undefined;
  readonly state: 'inviting' | 'refused' | 'connected' | 'closed';
}

export interface RtpMidiEndpointStats {
  readonly datagrams: number;
  readonly packetsSent: number;
  readonly messagesSent: number;
  readonly messagesReceived: number;
  /** Packets or messages that were not what they should be, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Invitations answered with NO or with silence. */
  readonly refused: number;
}

export interface RtpMidiEndpoint extends AsyncDisposable {
  readonly name: string;
  readonly ssrc: number;
  /** The data port is the next one. */
  readonly controlPort: number;
  /** Invites, and keeps inviting: retries, and reconnects with a new token, until disposed. */
  connect(to: NetAddress): RtpMidiConnection;
  /** To every connected peer. `at` is when it was performed. Messages of one burst share a packet. */
  send(message: MidiMessage, at: Instant): void;
  /** Sends now what was to be sent at the end of this burst. */
  flush(): void;
  onPeer(
    listener: (
      peer: RtpMidiPeer,
      state: 'joined' | 'left',
      reason: LeaveReason | undefined,
    ) => void,
  ): Disposable;
  /** `recovered`: brought back by the recovery journal, or a release of what a lost peer left sounding. */
  onMidi(
    listener: (
      peer: RtpMidiPeer,
      message: MidiMessage,
      performedAt: Instant,
      arrivedAt: Instant,
      recovered: boolean,
    ) => void,
  ): Disposable;
  readonly peers: readonly RtpMidiPeer[];
  readonly stats: RtpMidiEndpointStats;
}

export interface RtpMidiDeps {
  readonly clock: Clock;
  readonly network: DatagramNetwork;
  readonly randomness: Randomness;
  readonly log: Log;
}

export interface RtpMidiInit {
  readonly name: string;
  /** Of control; data is the next one. 0: any free pair. */
  readonly port: number;
  readonly host?: string;
  /** Whether to let this one in. Default: everyone. */
  readonly accept?: (name: string, from: NetAddress) => boolean;
  /** How long a packet may wait for one that is missing before it. Default 3 ms; 0: not at all. */
  readonly reorderHold?: Micros;
  readonly maxPeers?: number;
}

export function openRtpMidiEndpoint(
  _deps: RtpMidiDeps,
  _init: RtpMidiInit,
): Promise<RtpMidiEndpoint> {
  throw new Error('not open yet');
}
