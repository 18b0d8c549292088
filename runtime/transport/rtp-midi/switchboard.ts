/**
 * The AppleMIDI side of an end point: who is a peer, and which datagram is whose.
 *
 * Takes  datagrams from the control and the data port, and the time.
 * Gives  session messages to send, peers joining and leaving, and what peers play.
 * Keeps  peers by SSRC, connections that were asked for, invitations half accepted. All bounded.
 *
 * A datagram belongs to a peer only if its SSRC and its host are that peer's; everything else is counted and ignored.
 */
import type { Log } from '../../core/log.ts';
import type { Instant, Micros } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { Randomness } from '../../ports/randomness.ts';
import { Admission } from './apple-midi/admission.ts';
import { Invitees } from './apple-midi/invitees.ts';
import {
  decodeSessionMessage,
  isSessionMessage,
  type SessionMessage,
} from './apple-midi/messages.ts';
import { type Answer, Connection, type ConnectionOwner } from './connection.ts';
import { FaultCounters } from './faults.ts';
import type { JournalPolicy } from './journal/journal-policy.ts';
import type { StreamState } from './journal/stream-state.ts';
import { PeerSession, type Post } from './peer-session.ts';
import { emptyRtpHeader, readRtpHeader } from './rtp-header.ts';

/** Another address that claims a peer's SSRC is believed when the peer was silent this long. */
const SILENT: Micros = 15_000_000 as Micros;

/** Why a peer is a peer no more. */
export type LeaveReason = 'bye' | 'timeout' | 'replaced' | 'local';

export interface SwitchboardDeps {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly send: Post['send'];
  readonly onMidi: Post['midi'];
  readonly onPeer: (
    peer: PeerSession,
    state: 'joined' | 'left',
    reason: LeaveReason | undefined,
  ) => void;
}

export interface SwitchboardInit {
  readonly name: string;
  readonly ssrc: number;
  readonly tickOrigin: number;
  readonly state: StreamState;
  readonly journal: JournalPolicy;
  readonly accept: (name: string, from: NetAddress) => boolean;
  readonly reorderHold: Micros;
  readonly clockInterval: Micros;
  readonly maxPeers: number;
}

type Introduction = Extract<SessionMessage, { token: number }>;

export class Switchboard implements ConnectionOwner {
  readonly faults: FaultCounters = new FaultCounters();
  readonly connections: Set<Connection> = new Set();
  refused = 0;
  readonly #deps: SwitchboardDeps;
  readonly #init: SwitchboardInit;
  readonly #peers = new Map<number, PeerSession>();
  readonly #invitees = new Invitees();
  readonly #admission = new Admission();
  readonly #header = emptyRtpHeader();
  readonly #post: Post;
  #list: readonly PeerSession[] = [];

  constructor(deps: SwitchboardDeps, init: SwitchboardInit) {
    this.#deps = deps;
    this.#init = init;
    this.#post = {
      send: deps.send,
      midi: deps.onMidi,
      doubt: (peer) => this.#connectionTo(peer)?.doubt(deps.clock.now()),
      timeout: (peer) => this.leave(peer, 'timeout'),
    };
  }

  /** In order of joining. A new array when it changes. */
  get peers(): readonly PeerSession[] {
    return this.#list;
  }

  get due(): Instant {
    let due = Number.POSITIVE_INFINITY;
    for (const connection of this.connections) due = Math.min(due, connection.due);
    for (const peer of this.#list) due = Math.min(due, peer.due);
    return due as Instant;
  }

  tick(now: Instant): void {
    for (const connection of this.connections) connection.tick(now);
    for (const peer of this.#list) peer.tick(now);
  }

  connect(to: NetAddress): Connection {
    const connection = new Connection(this, to, this.#deps.clock.now());
    this.connections.add(connection);
    return connection;
  }

  take(channel: 'control' | 'data', bytes: Uint8Array, from: NetAddress, at: Instant): void {
    if (isSessionMessage(bytes)) {
      this.#takeSessionMessage(channel, bytes, from, at);
      return;
    }
    const fault = readRtpHeader(bytes, this.#header);
    if (fault) {
      this.faults.count(fault);
      return;
    }
    const peer = this.#peerFrom(this.#header.ssrc, from);
    if (peer) peer.takePacket(bytes, this.#header, at);
  }

  /** Ends a session. What the peer left sounding is released first. */
  leave(peer: PeerSession, reason: LeaveReason): void {
    if (this.#peers.get(peer.ssrc) !== peer) return;
    const now = this.#deps.clock.now();
    this.#peers.delete(peer.ssrc);
    this.#list = [...this.#peers.values()];
    peer.receiver.release(now);
    if (reason !== 'bye' && reason !== 'replaced') {
      const { ssrc } = this.#init;
      const bye: SessionMessage = { kind: 'BY', token: peer.token, ssrc, name: '' };
      this.#deps.send('control', bye, peer.control);
    }
    this.#deps.log.info('peer left', { name: peer.name, ssrc: peer.ssrc, reason });
    const connection = this.#connectionTo(peer);
    if (reason === 'local') {
      connection?.close();
      if (connection) this.connections.delete(connection);
    } else {
      connection?.ended(now);
    }
    this.#deps.onPeer(peer, 'left', reason);
  }

  newToken(): number {
    return this.#deps.randomness.uint32();
  }

  invite(channel: 'control' | 'data', token: number, to: NetAddress): void {
    const { name, ssrc } = this.#init;
    this.#deps.send(channel, { kind: 'IN', token, ssrc, name }, to);
  }

  closed(connection: Connection): void {
    this.connections.delete(connection);
    if (connection.peer) return;
    // An invitation that was accepted by half: the other side need not wait.
    const { ssrc } = this.#init;
    this.#deps.send(
      'control',
      { kind: 'BY', token: connection.token, ssrc, name: '' },
      connection.control,
    );
  }

  join(
    _connection: Connection,
    answer: Answer,
    control: NetAddress,
    data: NetAddress,
  ): PeerSession | undefined {
    const peer = this.#admit(answer, control, data, true);
    // Whoever was told that it joined may have sent it away at once.
    return peer && this.#peers.get(peer.ssrc) === peer ? peer : undefined;
  }

  #takeSessionMessage(
    channel: 'control' | 'data',
    bytes: Uint8Array,
    from: NetAddress,
    at: Instant,
  ): void {
    const decoded = decodeSessionMessage(bytes);
    if (!decoded.ok) {
      this.faults.count(decoded.fault);
      return;
    }
    const message = decoded.value;
    switch (message.kind) {
      case 'IN':
        this.#invited(channel, message, from, at);
        return;
      case 'OK':
        this.#connectionWith(message.token)?.accepted(channel, message, from, at);
        return;
      case 'NO':
        this.#connectionWith(message.token)?.refused(message.token, at);
        return;
      case 'BY':
        this.#bidden(message, from);
        return;
      case 'CK':
        this.#peerFrom(message.ssrc, from)?.takeClock(message, at);
        return;
      case 'RS': {
        const peer = this.#peerFrom(message.ssrc, from);
        if (!peer || peer.sender.report(message.sequence, at)) return;
        // Some peers put the number into the other half.
        if (message.lowHalf !== 0 && peer.sender.report(message.lowHalf, at)) return;
        this.faults.count('badFeedback');
        return;
      }
      case 'RL':
        this.#peerFrom(message.ssrc, from)?.limit.set(message.limit);
        return;
    }
  }

  #invited(
    channel: 'control' | 'data',
    message: Introduction,
    from: NetAddress,
    at: Instant,
  ): void {
    if (!this.#admission.allows(from.host, at)) {
      this.refused++;
      return;
    }
    const { ssrc, token, name } = message;
    if (channel === 'data') {
      const invitee = this.#invitees.take(ssrc, token, from.host, at);
      const live = this.#peers.get(ssrc);
      const known = live !== undefined && live.control.host === from.host && live.knowsToken(token);
      if (!invitee && !known) return;
      this.#answer('OK', 'data', token, from);
      if (invitee)
        this.#admit({ token, ssrc, name: name || invitee.name }, invitee.control, from, false);
      return;
    }
    const held = this.#peers.get(ssrc);
    const isOther = held !== undefined && held.control.host !== from.host;
    const taken = ssrc === this.#init.ssrc || (isOther && at - held.heardAt < SILENT);
    const full = !held && this.#peers.size >= this.#init.maxPeers;
    if (taken || full || !this.#init.accept(name, from)) {
      this.refused++;
      this.#answer('NO', 'control', token, from);
      return;
    }
    this.#answer('OK', 'control', token, from);
    this.#invitees.add({ ssrc, token, name, control: from, since: at });
  }

  #bidden(message: Introduction, from: NetAddress): void {
    const peer = this.#peerFrom(message.ssrc, from);
    if (!peer) {
      this.#invitees.drop(message.ssrc, from.host);
      return;
    }
    // macOS says goodbye with token 0. Another token is that of a session long gone.
    if (message.token !== 0 && !peer.knowsToken(message.token)) return;
    this.leave(peer, 'bye');
  }

  /** A new peer, or one known already that was invited again. */
  #admit(
    answer: Answer,
    control: NetAddress,
    data: NetAddress,
    initiator: boolean,
  ): PeerSession | undefined {
    const { clock, randomness, log } = this.#deps;
    const { ssrc: ownSsrc, tickOrigin, state, journal, reorderHold, clockInterval } = this.#init;
    if (answer.ssrc === ownSsrc) return undefined;
    const held = this.#peers.get(answer.ssrc);
    if (held && held.control.host === control.host) {
      held.renew(answer.token, initiator, control, data, clock.now());
      held.tick(clock.now());
      return held;
    }
    if (held) this.leave(held, 'replaced');
    // The same address under another SSRC has begun anew.
    for (const peer of this.#list) {
      if (peer.control.host === control.host && peer.control.port === control.port)
        this.leave(peer, 'replaced');
    }
    if (this.#peers.size >= this.#init.maxPeers) return undefined;
    const peer = new PeerSession(
      {
        clock,
        post: this.#post,
        faults: this.faults,
        onDisconnect: (session) => this.leave(session, 'local'),
      },
      {
        ...answer,
        initiator,
        control,
        data,
        ownSsrc,
        sequence: randomness.uint32() & 0xffff,
        tickOrigin,
        state,
        journal,
        reorderHold,
        clockInterval,
      },
    );
    this.#peers.set(peer.ssrc, peer);
    this.#list = [...this.#peers.values()];
    log.info('peer joined', { name: peer.name, ssrc: peer.ssrc, ...control });
    this.#deps.onPeer(peer, 'joined', undefined);
    // The initiator asks for the time at once.
    peer.tick(clock.now());
    return peer;
  }

  #answer(kind: 'OK' | 'NO', channel: 'control' | 'data', token: number, to: NetAddress): void {
    const { ssrc, name } = this.#init;
    this.#deps.send(channel, { kind, token, ssrc, name }, to);
  }

  #peerFrom(ssrc: number, from: NetAddress): PeerSession | undefined {
    const peer = this.#peers.get(ssrc);
    if (peer && peer.control.host === from.host) return peer;
    this.faults.count('stranger');
    return undefined;
  }

  #connectionWith(token: number): Connection | undefined {
    for (const connection of this.connections) if (connection.token === token) return connection;
    this.faults.count('stranger');
    return undefined;
  }

  #connectionTo(peer: PeerSession): Connection | undefined {
    for (const connection of this.connections) if (connection.peer === peer) return connection;
    return undefined;
  }
}
