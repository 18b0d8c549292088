/**
 * An RTP-MIDI end point: one pair of UDP ports, one SSRC, any number of AppleMIDI peers.
 *
 * Takes  MidiMessages played here, and datagrams from peers.
 * Gives  datagrams to every peer, and each peer's messages with the time when they were performed.
 * Keeps  sockets, one alarm, the peers and what each of them left sounding. The protocol itself is in the pure files beside this one.
 * Lane   1.
 */
import type { LinkStats } from '../../core/ensemble.ts';
import { Listeners } from '../../core/listeners.ts';
import type { Log } from '../../core/log.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import {
  after,
  fromMillis,
  fromSeconds,
  type Instant,
  type Micros,
  micros,
} from '../../core/time.ts';
import type { Alarm, Clock } from '../../ports/clock.ts';
import type { DatagramNetwork, NetAddress } from '../../ports/datagram-network.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { PeerClock } from '../clock-sync/peer-clock.ts';
import { MESSAGE_OCTETS, type SessionMessage, writeSessionMessage } from './apple-midi/messages.ts';
import { Broadcast } from './broadcast.ts';
import type { JournalPolicy } from './journal/journal-policy.ts';
import type { Redundancy } from './packet-copies.ts';
import { bindPortPair, type PortPair, releasePortPair } from './port-pair.ts';
import { type LeaveReason, Switchboard } from './switchboard.ts';
import { ticksAsMicros } from './ticks.ts';

export interface RtpMidiPeer {
  readonly ssrc: number;
  readonly name: string;
  readonly address: NetAddress;
  readonly clock: PeerClock;
  readonly stats: LinkStats;
  /** Of what it sent, in all; those of a gap count before what the next packet brings. */
  readonly packetsLost: number;
  disconnect(): void;
}

export interface RtpMidiConnection extends AsyncDisposable {
  readonly peer: RtpMidiPeer | undefined;
  readonly state: 'inviting' | 'refused' | 'connected' | 'closed';
}

export interface RtpMidiEndpointStats {
  readonly datagrams: number;
  readonly packetsSent: number;
  /** Of these: without commands, so that losses show. */
  readonly guardsSent: number;
  /** Of these: what was sent before, once more. */
  readonly copiesSent: number;
  /** Copies that there was no room to keep. */
  readonly copiesDropped: number;
  /** Packets held back because a peer wants to be sent less; its next journal makes up for them. */
  readonly withheld: number;
  /** Packets whose journal was too big and held a part of it. */
  readonly journalsSplit: number;
  /** Packets that fell out of the history unconfirmed. */
  readonly historyForced: number;
  /** Times that a journal had to leave a SysEx command out, or a part of it. */
  readonly sysExUnprotected: number;
  /** SysEx commands that were given up before they were sent as a whole. */
  readonly sysExCancelled: number;
  /** Messages that there was no room for while a SysEx was held up. */
  readonly messagesDropped: number;
  readonly messagesSent: number;
  readonly messagesReceived: number;
  /** Packets or messages that were not what they should be, by kind. */
  readonly faults: Readonly<Record<string, number>>;
  /** Invitations answered with NO or with silence. */
  readonly refused: number;
  /** Datagrams that the network would not take. */
  readonly unsent: number;
}

export interface RtpMidiEndpoint extends AsyncDisposable {
  readonly name: string;
  readonly ssrc: number;
  /** The data port is the next one. */
  readonly controlPort: number;
  /** The clock that peers see (PeerClock), less this box's own. */
  readonly clockOffset: Micros;
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
  /** Between clock exchanges once the first ones are done. Default 10 s. */
  readonly clockInterval?: Micros;
  /** What journals reach back to. Default closed-loop. */
  readonly journal?: JournalPolicy;
  /** How often each packet of commands is sent again, to peers that report what they get. Default 0. */
  readonly redundancy?: Redundancy;
  /**
   * Whether the peer with this SSRC is known to drop a packet that came before: some programs play it once more. Default:
   * all that report are taken for that.
   */
  readonly dropsDuplicates?: (ssrc: number) => boolean;
}

const REORDER_HOLD = fromMillis(3);
const CLOCK_INTERVAL = fromSeconds(10);
const MAX_PEERS = 32;
/** Between two alarms: whatever goes wrong, the end point doesn't go round in circles. */
const LEAST_SLEEP = micros(100);

/** Resolves when both ports are bound. Rejects with PortError as `network.bind` does. */
export async function openRtpMidiEndpoint(
  deps: RtpMidiDeps,
  init: RtpMidiInit,
): Promise<RtpMidiEndpoint> {
  const sockets = await bindPortPair(deps, init);
  return new Endpoint(deps, init, sockets);
}

class Endpoint implements RtpMidiEndpoint {
  readonly name: string;
  readonly ssrc: number;
  readonly controlPort: number;
  readonly clockOffset: Micros;
  readonly #clock: Clock;
  readonly #sockets: PortPair;
  readonly #broadcast: Broadcast;
  readonly #board: Switchboard;
  readonly #alarm: Alarm;
  readonly #listening: Disposable[];
  readonly #message = new Uint8Array(MESSAGE_OCTETS);
  readonly #onPeer = new Listeners<Parameters<Parameters<RtpMidiEndpoint['onPeer']>[0]>>();
  readonly #onMidi = new Listeners<Parameters<Parameters<RtpMidiEndpoint['onMidi']>[0]>>();
  /** When the alarm is set to go off; Infinity when it isn't. */
  #alarmAt = Number.POSITIVE_INFINITY;
  #flushQueued = false;
  #disposed = false;
  #datagrams = 0;
  #messagesReceived = 0;

  constructor(deps: RtpMidiDeps, init: RtpMidiInit, sockets: PortPair) {
    this.name = init.name;
    this.ssrc = deps.randomness.uint32();
    this.controlPort = sockets.control.local.port;
    this.#clock = deps.clock;
    this.#sockets = sockets;
    const tickOrigin = deps.randomness.uint32();
    this.clockOffset = ticksAsMicros(tickOrigin);
    this.#broadcast = new Broadcast(
      { clock: deps.clock, socket: sockets.data, peers: () => this.#board.peers },
      {
        tickOrigin,
        redundancy: init.redundancy ?? 0,
        dropsDuplicates: init.dropsDuplicates ?? (() => true),
      },
    );
    this.#board = new Switchboard(
      {
        clock: deps.clock,
        randomness: deps.randomness,
        log: deps.log,
        send: (channel, message, to) => this.#post(channel, message, to),
        onMidi: (peer, message, performedAt, arrivedAt, recovered) => {
          this.#messagesReceived++;
          this.#onMidi.emit(peer, message, performedAt, arrivedAt, recovered);
        },
        onPeer: (peer, state, reason) => this.#onPeer.emit(peer, state, reason),
      },
      {
        name: init.name,
        ssrc: this.ssrc,
        tickOrigin,
        state: this.#broadcast.state,
        journal: init.journal ?? 'closed-loop',
        accept: init.accept ?? (() => true),
        reorderHold: init.reorderHold ?? REORDER_HOLD,
        clockInterval: init.clockInterval ?? CLOCK_INTERVAL,
        maxPeers: init.maxPeers ?? MAX_PEERS,
      },
    );
    this.#alarm = deps.clock.alarm(() => this.#wake());
    this.#listening = [
      sockets.control.onDatagram((bytes, from, at) => this.#take('control', bytes, from, at)),
      sockets.data.onDatagram((bytes, from, at) => this.#take('data', bytes, from, at)),
    ];
  }

  get peers(): readonly RtpMidiPeer[] {
    return this.#board.peers;
  }

  get stats(): RtpMidiEndpointStats {
    return {
      datagrams: this.#datagrams,
      packetsSent: this.#broadcast.packetsSent,
      guardsSent: this.#broadcast.guardsSent,
      copiesSent: this.#broadcast.copiesSent,
      copiesDropped: this.#broadcast.copiesDropped,
      withheld: this.#broadcast.withheld,
      journalsSplit: this.#broadcast.journalsSplit,
      historyForced: this.#broadcast.historyForced,
      sysExUnprotected: this.#broadcast.state.system.sysEx.shed,
      sysExCancelled: this.#broadcast.sysExCancelled,
      messagesDropped: this.#broadcast.messagesDropped,
      messagesSent: this.#broadcast.messagesSent,
      messagesReceived: this.#messagesReceived,
      faults: { ...this.#board.faults.counts },
      refused: this.#board.refused,
      unsent: this.#sockets.control.unsent + this.#sockets.data.unsent,
    };
  }

  connect(to: NetAddress): RtpMidiConnection {
    const connection = this.#board.connect(to);
    connection.tick(this.#clock.now());
    this.#setAlarm();
    return connection;
  }

  send(message: MidiMessage, at: Instant): void {
    if (this.#disposed) return;
    this.#broadcast.add(message, at);
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    void BURST_ENDS.then(this.#flushQueuedBurst);
  }

  readonly flush = (): void => {
    if (!this.#disposed && this.#broadcast.flush()) this.#setAlarm();
  };

  onPeer(listener: Parameters<RtpMidiEndpoint['onPeer']>[0]): Disposable {
    return this.#onPeer.add(listener);
  }

  onMidi(listener: Parameters<RtpMidiEndpoint['onMidi']>[0]): Disposable {
    return this.#onMidi.add(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.flush();
    this.#broadcast.cancelSysEx();
    this.flush();
    for (const connection of this.#board.connections) await connection[Symbol.asyncDispose]();
    for (const peer of this.#board.peers) this.#board.leave(peer, 'local');
    this.#disposed = true;
    this.#alarm[Symbol.dispose]();
    for (const listening of this.#listening) listening[Symbol.dispose]();
    await releasePortPair(this.#sockets);
  }

  readonly #flushQueuedBurst = (): void => {
    this.#flushQueued = false;
    this.flush();
  };

  #post(channel: 'control' | 'data', message: SessionMessage, to: NetAddress): void {
    const length = writeSessionMessage(message, this.#message);
    this.#sockets[channel].send(this.#message, to, length);
  }

  #take(channel: 'control' | 'data', bytes: Uint8Array, from: NetAddress, at: Instant): void {
    this.#datagrams++;
    this.#board.take(channel, bytes, from, at);
    if (this.#broadcast.isStalled) this.flush();
    this.#setAlarm();
  }

  #wake(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    this.flush();
    const now = this.#clock.now();
    this.#board.tick(now);
    this.#broadcast.tick(now);
    this.#setAlarm(after(now, LEAST_SLEEP));
  }

  /** An alarm too early costs a look around; so it is only ever moved forward until it goes off. */
  #setAlarm(earliest: Instant = Number.NEGATIVE_INFINITY as Instant): void {
    const due = Math.max(Math.min(this.#board.due, this.#broadcast.due), earliest) as Instant;
    if (due >= this.#alarmAt || this.#disposed) return;
    this.#alarmAt = due;
    this.#alarm.set(due);
  }
}

/** Settled already: what is chained to it runs when the present burst of calls is over. */
const BURST_ENDS = Promise.resolve();
