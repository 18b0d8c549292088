/**
 * An end point at work: two sockets, one alarm, the participants and what is sent to it.
 *
 * Takes  MidiMessages played here, and datagrams from peers.
 * Gives  datagrams to every peer, and each peer's messages with the time when they were performed.
 * Keeps  the sockets and when to wake up next. The protocol is in the files beside this one.
 * Lane   1.
 */
import { Listeners } from '../../core/listeners.ts';
import type { Log } from '../../core/log.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import { after, type Instant, type Micros, micros } from '../../core/time.ts';
import type { Alarm, Clock } from '../../ports/clock.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { Randomness } from '../../ports/randomness.ts';
import { MESSAGE_OCTETS, type SessionMessage, writeSessionMessage } from './apple-midi/messages.ts';
import { endings } from './artifacts.ts';
import { Broadcast } from './broadcast.ts';
import type { Connection, ConnectOptions } from './connection.ts';
import { FaultCounters } from './faults.ts';
import type { GroupTransport } from './group-transport.ts';
import type { Redundancy } from './packet-copies.ts';
import {
  type LeaveReason,
  type MemberFacts,
  Participants,
  type ParticipantsInit,
} from './participants.ts';
import type { PeerSession } from './peer-session.ts';
import { type PortPair, releasePortPair } from './port-pair.ts';
import { emptyRtpHeader, readRtpHeader } from './rtp-header.ts';
import { Switchboard } from './switchboard.ts';
import { ticksAsMicros } from './ticks.ts';

/** Between two alarms: whatever goes wrong, the end point doesn't go round in circles. */
const LEAST_SLEEP = micros(100);

export interface StationDeps {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly sockets: PortPair;
}

export interface UdpEndpointInit extends Omit<ParticipantsInit, 'tickOrigin' | 'state'> {
  readonly group: GroupTransport | undefined;
  readonly redundancy: Redundancy;
  readonly dropsDuplicates: (ssrc: number) => boolean;
}

/** For the status page; counted since the start. */
export interface UdpEndpointStats {
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

type PeerListener = [peer: PeerSession, state: 'joined' | 'left', reason: LeaveReason | undefined];
type MidiListener = [
  peer: PeerSession,
  message: MidiMessage,
  performedAt: Instant,
  arrivedAt: Instant,
  recovered: boolean,
];

export class UdpEndpoint implements AsyncDisposable {
  readonly controlPort: number;
  readonly clockOffset: Micros;
  readonly #clock: Clock;
  readonly #sockets: PortPair;
  readonly #faults = new FaultCounters();
  readonly #broadcast: Broadcast;
  readonly #participants: Participants;
  readonly #board: Switchboard;
  readonly #alarm: Alarm;
  readonly #listening: Disposable[];
  readonly #message = new Uint8Array(MESSAGE_OCTETS);
  readonly #header = emptyRtpHeader();
  readonly #onPeer = new Listeners<PeerListener>();
  readonly #onMidi = new Listeners<MidiListener>();
  /** When the alarm is set to go off; Infinity when it isn't. */
  #alarmAt = Number.POSITIVE_INFINITY;
  #flushQueued = false;
  #disposed = false;
  #datagrams = 0;
  #messagesReceived = 0;

  constructor(deps: StationDeps, init: UdpEndpointInit) {
    const { clock, randomness, sockets } = deps;
    this.controlPort = sockets.control.local.port;
    this.#clock = clock;
    this.#sockets = sockets;
    const tickOrigin = randomness.uint32();
    this.clockOffset = ticksAsMicros(tickOrigin);
    this.#broadcast = new Broadcast(
      {
        clock,
        socket: sockets.data,
        peers: () => this.#participants.peers.audience,
        group: () => this.#participants.group,
        sendToGroup: (packet, length, at) => {
          const { sharedClock, group } = init;
          const time = sharedClock.synced ? sharedClock.toEnsemble(at) : Number.NaN;
          group?.send(this.#participants.group.addresses, packet, length, time);
        },
      },
      { tickOrigin, redundancy: init.redundancy, dropsDuplicates: init.dropsDuplicates },
    );
    this.#participants = new Participants(
      {
        clock,
        randomness,
        log: deps.log,
        faults: this.#faults,
        send: (channel, message, to, room) => this.#post(channel, message, to, room),
        // A peer that we leave may not end by itself what we left sounding there.
        onFarewell: (peer) => this.#broadcast.sendLast(peer, endings(this.#broadcast.state)),
        onMidi: (peer, message, performedAt, arrivedAt, recovered) => {
          this.#messagesReceived++;
          this.#onMidi.emit(peer, message, performedAt, arrivedAt, recovered);
        },
        onPeer: (peer, state, reason) => this.#onPeer.emit(peer, state, reason),
        received: (from, sequence) => init.group?.received(from, sequence),
      },
      { ...init, tickOrigin, state: this.#broadcast.state },
    );
    this.#board = new Switchboard(this.#participants, this.#faults, init);
    this.#alarm = clock.alarm(() => this.#wake());
    this.#listening = [
      sockets.control.onDatagram((bytes, from, at) => this.#take('control', bytes, from, at)),
      sockets.data.onDatagram((bytes, from, at) => this.#take('data', bytes, from, at)),
      ...(init.group ? this.#joinGroup(init.group) : []),
    ];
  }

  get name(): string {
    return this.#participants.identity.name;
  }

  get ssrc(): number {
    return this.#participants.identity.ssrc;
  }

  get peers(): readonly PeerSession[] {
    return this.#participants.peers.all;
  }

  get stats(): UdpEndpointStats {
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
      faults: { ...this.#faults.counts },
      refused: this.#board.refused,
      unsent: this.#sockets.control.unsent + this.#sockets.data.unsent,
    };
  }

  connect(to: NetAddress, options: ConnectOptions = {}): Connection {
    const connection = this.#participants.connect(to, options);
    connection.tick(this.#clock.now());
    this.#wakeAt(this.#due());
    return connection;
  }

  enlist(member: MemberFacts): PeerSession {
    const peer = this.#participants.enlist(member);
    this.#wakeAt(this.#due());
    return peer;
  }

  send(message: MidiMessage, at: Instant): void {
    if (this.#disposed) return;
    this.#broadcast.add(message, at);
    if (this.#flushQueued) return;
    this.#flushQueued = true;
    void BURST_ENDS.then(this.#flushQueuedBurst);
  }

  readonly flush = (): void => {
    if (!this.#disposed && this.#broadcast.flush()) this.#wakeAt(this.#due());
  };

  onPeer(listener: (...args: PeerListener) => void): Disposable {
    return this.#onPeer.add(listener);
  }

  onMidi(listener: (...args: MidiListener) => void): Disposable {
    return this.#onMidi.add(listener);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#disposed) return;
    this.flush();
    this.#broadcast.cancelSysEx();
    this.flush();
    for (const connection of this.#participants.connections)
      await connection[Symbol.asyncDispose]();
    for (const peer of this.#participants.peers.all) this.#participants.leave(peer, 'local');
    this.#disposed = true;
    this.#alarm[Symbol.dispose]();
    for (const listening of this.#listening) listening[Symbol.dispose]();
    await releasePortPair(this.#sockets);
  }

  readonly #flushQueuedBurst = (): void => {
    this.#flushQueued = false;
    this.flush();
  };

  #post(
    channel: 'control' | 'data',
    message: SessionMessage,
    to: NetAddress,
    room: number = MESSAGE_OCTETS,
  ): void {
    const length = writeSessionMessage(message, this.#message, room);
    this.#sockets[channel].send(this.#message, to, length);
  }

  #take(channel: 'control' | 'data', bytes: Uint8Array, from: NetAddress, at: Instant): void {
    this.#datagrams++;
    const due = this.#board.take(channel, bytes, from, at);
    // It may have been the report that a SysEx waits for.
    if (this.#broadcast.isStalled) this.flush();
    this.#wakeAt(due);
  }

  #joinGroup(group: GroupTransport): readonly Disposable[] {
    return [
      group.onPacket((bytes, from, time, at) => this.#takeShared(bytes, from, time, at)),
      group.onReceived((by, sequence, at) => {
        const member = this.#participants.memberAt(by.host);
        if (!member || !this.#participants.group.has(member)) this.#faults.count('stranger');
        else if (!this.#participants.group.report(member, sequence, at))
          this.#faults.count('badFeedback');
        if (this.#broadcast.isStalled) this.flush();
      }),
    ];
  }

  #takeShared(bytes: Uint8Array, from: NetAddress, time: number, at: Instant): void {
    this.#datagrams++;
    const member = this.#participants.memberAt(from.host);
    if (!member) {
      this.#faults.count('stranger');
      return;
    }
    const fault = readRtpHeader(bytes, this.#header);
    if (fault) this.#faults.count(fault);
    else member.takeShared(bytes, this.#header, time, at);
    this.#wakeAt(member.due);
  }

  #wake(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    this.flush();
    const now = this.#clock.now();
    this.#participants.tick(now);
    this.#broadcast.tick(now);
    this.#wakeAt(Math.max(this.#due(), after(now, LEAST_SLEEP)) as Instant);
  }

  #due(): Instant {
    return Math.min(this.#participants.due, this.#broadcast.due) as Instant;
  }

  /** An alarm too early costs a look around; so it is only ever moved forward until it goes off. */
  #wakeAt(due: Instant): void {
    if (due >= this.#alarmAt || this.#disposed) return;
    this.#alarmAt = due;
    this.#alarm.set(due);
  }
}

/** Settled already: what is chained to it runs when the present burst of calls is over. */
const BURST_ENDS = Promise.resolve();
