/**
 * An RTP-MIDI end point: one pair of UDP ports, any number of AppleMIDI peers. What others see of it.
 *
 * Takes  MidiMessages played here, and datagrams from peers.
 * Gives  datagrams to every peer, and each peer's messages with the time when they were performed.
 * Lane   1.
 */
import type { LinkStats } from '../../core/ensemble.ts';
import type { Log } from '../../core/log.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import { fromMillis, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DatagramNetwork, NetAddress } from '../../ports/datagram-network.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { PeerClock } from '../clock-sync/peer-clock.ts';
import type { ReleasePolicy } from './artifacts.ts';
import type { ConnectOptions } from './connection.ts';
import type { GroupTransport, SharedClock } from './group-transport.ts';
import type { JournalPolicy } from './journal/journal-policy.ts';
import type { Redundancy } from './packet-copies.ts';
import type { LeaveReason, MemberFacts } from './participants.ts';
import { bindPortPair } from './port-pair.ts';
import { UdpEndpoint, type UdpEndpointStats } from './udp-endpoint.ts';

export interface RtpMidiPeer {
  readonly ssrc: number;
  readonly name: string;
  readonly address: NetAddress;
  readonly clock: PeerClock;
  /** When its messages were performed is known here. */
  readonly synced: boolean;
  readonly stats: LinkStats;
  /** Of what it sent, in all; those of a gap count before what the next packet brings. */
  readonly packetsLost: number;
  disconnect(): void;
  /** Of a member: its clock is compared with ours, which takes packets of their own. Of others it always is. */
  followTime(on: boolean): void;
}

export interface RtpMidiConnection extends AsyncDisposable {
  readonly peer: RtpMidiPeer | undefined;
  readonly state: 'inviting' | 'refused' | 'connected' | 'closed';
}

export interface RtpMidiEndpoint extends AsyncDisposable {
  readonly name: string;
  /** For sessions that begin now; a session keeps its own. Another one once somebody turns up who has the same. */
  readonly ssrc: number;
  /** The data port is the next one. */
  readonly controlPort: number;
  /** The clock that peers see (PeerClock), less this box's own. */
  readonly clockOffset: Micros;
  /** Invites, and keeps inviting: retries, and reconnects with a new token, until disposed. */
  connect(to: NetAddress, options?: ConnectOptions): RtpMidiConnection;
  /**
   * A box for which somebody else vouches is a peer without an AppleMIDI session, or goes on without: all such members are
   * sent one stream together, by the group's transport. It ends with `disconnect`, or when it connects again.
   */
  enlist(member: MemberFacts): RtpMidiPeer;
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
  readonly stats: UdpEndpointStats;
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
  /**
   * Whether this host is where nobody speaks in another's name; default: they all are. Others get no answer longer than
   * their question (our name may be cut), and the stream once they have shown that they hear us.
   */
  readonly near?: (host: string) => boolean;
  /** How long a packet may wait for one that is missing before it. Default 3 ms; 0: not at all. */
  readonly reorderHold?: Micros;
  /** Default 64. */
  readonly maxPeers?: number;
  /** Between clock exchanges once the first ones are done. Default 1 s. */
  readonly clockInterval?: Micros;
  /** Hosts whose clock is compared often at first: boxes like this one. Default: none. */
  readonly eager?: (host: string) => boolean;
  /** What journals reach back to. Default closed-loop. */
  readonly journal?: JournalPolicy;
  /** How often each packet of commands is sent again, to peers that report what they get. Default 0. */
  readonly redundancy?: Redundancy;
  /**
   * Whether the peer with this SSRC is known to drop a packet that came before: some programs play it once more. Default:
   * all that report are taken for that.
   */
  readonly dropsDuplicates?: (ssrc: number) => boolean;
  /** How members are sent a stream together; without it, they are sent nothing. */
  readonly group?: GroupTransport;
  /** By which members tell when something was performed. Default: it is when it arrives. */
  readonly sharedClock?: SharedClock;
  /** What follows the note-offs when a peer is gone. Default: nothing. */
  readonly onRelease?: ReleasePolicy;
}

const DEFAULTS = {
  accept: (): boolean => true,
  near: (): boolean => true,
  reorderHold: fromMillis(3),
  maxPeers: 64,
  clockInterval: fromSeconds(1),
  eager: (): boolean => false,
  journal: 'closed-loop',
  redundancy: 0,
  dropsDuplicates: (): boolean => true,
  onRelease: 'notes',
  group: undefined,
  sharedClock: {
    synced: false,
    toEnsemble: (): number => Number.NaN,
    toLocal: (time: number): Instant => time as Instant,
  },
} as const;

/** Resolves when both ports are bound. Rejects with PortError as `network.bind` does. */
export async function openRtpMidiEndpoint(
  deps: RtpMidiDeps,
  init: RtpMidiInit,
): Promise<RtpMidiEndpoint> {
  const { clock, randomness, log } = deps;
  const sockets = await bindPortPair(deps, init);
  return new UdpEndpoint({ clock, randomness, log, sockets }, { ...DEFAULTS, ...init });
}
