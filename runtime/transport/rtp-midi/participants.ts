/**
 * Who takes part in an end point's session: peers, and the connections that were asked for.
 *
 * Takes  newcomers that were let in or that accepted an invitation of ours, word that a peer is gone, the time.
 * Gives  peers joining and leaving, session messages to send, and what peers play.
 * Keeps  one peer per SSRC, as many as there may be; connections, each with its peer when it has one.
 */
import type { Log } from '../../core/log.ts';
import type { Instant, Micros } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { Randomness } from '../../ports/randomness.ts';
import { MESSAGE_OCTETS, type SessionMessage } from './apple-midi/messages.ts';
import type { ReleasePolicy } from './artifacts.ts';
import {
  type Answer,
  Connection,
  type ConnectionOwner,
  type ConnectOptions,
} from './connection.ts';
import type { FaultCounters } from './faults.ts';
import type { GroupTransport, SharedClock } from './group-transport.ts';
import { sameAddress, sameHost } from './host.ts';
import { Identity } from './identity.ts';
import type { AccessRules, Admitting, Newcomer } from './invitation-responder.ts';
import type { JournalPolicy } from './journal/journal-policy.ts';
import type { StreamState } from './journal/stream-state.ts';
import { PeerSession, type Post } from './peer-session.ts';
import { PeerTable } from './peer-table.ts';
import { SequenceBook } from './sequence-book.ts';
import { StreamGroup } from './stream-group.ts';

/** Why a peer is a peer no more. */
export type LeaveReason = 'bye' | 'timeout' | 'replaced' | 'local';

export interface ParticipantsDeps {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly faults: FaultCounters;
  readonly send: Post['send'];
  /** We are about to leave this peer: the last moment to send it something. */
  readonly onFarewell: (peer: PeerSession) => void;
  readonly onMidi: Post['midi'];
  readonly received: GroupTransport['received'];
  readonly onPeer: (
    peer: PeerSession,
    state: 'joined' | 'left',
    reason: LeaveReason | undefined,
  ) => void;
}

export interface ParticipantsInit extends AccessRules {
  readonly name: string;
  readonly tickOrigin: number;
  readonly state: StreamState;
  readonly journal: JournalPolicy;
  readonly reorderHold: Micros;
  readonly clockInterval: Micros;
  readonly eager: (host: string) => boolean;
  readonly onRelease: ReleasePolicy;
  readonly sharedClock: SharedClock;
}

/** One without an AppleMIDI session: somebody else vouches for it. */
export interface MemberFacts {
  readonly ssrc: number;
  readonly name: string;
  /** Of its control socket. */
  readonly address: NetAddress;
}

export class Participants implements ConnectionOwner, Admitting {
  readonly peers: PeerTable = new PeerTable();
  readonly identity: Identity;
  readonly connections: Set<Connection> = new Set();
  readonly group: StreamGroup;
  readonly #members = new Map<string, PeerSession>();
  readonly #deps: ParticipantsDeps;
  readonly #init: ParticipantsInit;
  readonly #post: Post;
  readonly #sequences = new SequenceBook();

  constructor(deps: ParticipantsDeps, init: ParticipantsInit) {
    this.#deps = deps;
    this.#init = init;
    const isTaken = (ssrc: number): boolean => this.peers.get(ssrc) !== undefined;
    this.identity = new Identity(init.name, deps.randomness, isTaken);
    this.#post = {
      send: deps.send,
      midi: deps.onMidi,
      doubt: (peer) => this.connectionTo(peer)?.doubt(deps.clock.now()),
      timeout: (peer) => this.leave(peer, 'timeout'),
      proven: (peer) => {
        this.peers.refresh();
        this.#supersede(peer, peer);
      },
      gone: (peer) => {
        if (peer.superseded) this.leave(peer, 'replaced');
      },
      received: (peer, sequence) => deps.received(peer.control, sequence),
    };
    this.group = new StreamGroup({
      state: init.state,
      journal: init.journal,
      sequence: deps.randomness.uint32() & 0xffff,
      ssrc: () => this.identity.ssrc,
    });
  }

  get due(): Instant {
    let due = Number.POSITIVE_INFINITY;
    for (const connection of this.connections) due = Math.min(due, connection.due);
    for (const peer of this.peers.all) due = Math.min(due, peer.due);
    return Math.min(due, this.group.sender?.guardDue ?? due) as Instant;
  }

  tick(now: Instant): void {
    for (const connection of this.connections) connection.tick(now);
    for (const peer of this.peers.all) if (this.peers.has(peer)) peer.tick(now);
  }

  connect(to: NetAddress, options: ConnectOptions): Connection {
    const connection = new Connection(this, to, this.#deps.clock.now(), options);
    this.connections.add(connection);
    return connection;
  }

  /** Whether somebody there accepted half of an invitation of ours. */
  isJoining(host: string): boolean {
    for (const connection of this.connections)
      if (connection.isHalfAccepted && sameHost(connection.control.host, host)) return true;
    return false;
  }

  /** The connection whose invitation or session has this token. */
  dialling(token: number): Connection | undefined {
    for (const connection of this.connections) if (connection.token === token) return connection;
    return undefined;
  }

  connectionTo(peer: PeerSession): Connection | undefined {
    for (const connection of this.connections) if (connection.peer === peer) return connection;
    return undefined;
  }

  sayGoodbye(channel: 'control' | 'data', token: number, ssrc: number, to: NetAddress): void {
    this.#deps.send(channel, { kind: 'BY', token, ssrc, name: '' }, to, MESSAGE_OCTETS);
  }

  /** Ends a session. What the peer left sounding is released first. */
  leave(peer: PeerSession, reason: LeaveReason): void {
    if (!this.peers.has(peer)) return;
    const now = this.#deps.clock.now();
    this.peers.remove(peer);
    peer.release(now);
    if (peer.isMember) {
      this.#leaveMember(peer, reason, now);
      return;
    }
    if (reason === 'local' && peer.proven) this.#deps.onFarewell(peer);
    this.#sequences.note(peer.control, peer.ownSsrc, peer.sender.last + 1);
    if (reason !== 'bye' && reason !== 'replaced')
      this.sayGoodbye('control', peer.token, peer.ownSsrc, peer.control);
    this.#deps.log.info('peer left', { name: peer.name, ssrc: peer.ssrc, reason });
    const connection = this.connectionTo(peer);
    if (connection) {
      const isEnd = reason === 'local' || (reason === 'bye' && connection.options.untilGoodbye);
      if (isEnd) {
        connection.close();
        this.connections.delete(connection);
      } else connection.ended(now);
    }
    this.#deps.onPeer(peer, 'left', reason);
  }

  /** Takes in one without a session, or makes a peer one that has none any more: its stream and ours go on. */
  enlist({ ssrc, name, address }: MemberFacts): PeerSession {
    const now = this.#deps.clock.now();
    const there = this.peers.at(address);
    if (there?.isMember) return there;
    if (there) {
      this.#release(there);
      this.#include(there, there.enlist(), now);
      return there;
    }
    const taken = this.peers.get(ssrc) !== undefined;
    const peer = this.#open({
      ssrc: taken ? this.identity.freshSsrc() : ssrc,
      token: this.newToken(),
      name,
      control: address,
      data: { host: address.host, port: address.port + 1 },
      ownSsrc: this.identity.ssrc,
      initiator: false,
      member: true,
    });
    this.#include(peer, undefined, now);
    this.#deps.log.info('member joined', { name, ssrc: peer.ssrc, ...address });
    this.#deps.onPeer(peer, 'joined', undefined);
    return peer;
  }

  memberAt(host: string): PeerSession | undefined {
    return this.#members.get(host);
  }

  #include(peer: PeerSession, since: number | undefined, now: Instant): void {
    this.#members.set(peer.control.host, peer);
    this.group.add(peer, peer.control, since, now);
    if (this.peers.has(peer)) this.peers.refresh();
    else this.peers.add(peer);
  }

  /** The connection is wanted no more, its peer is. */
  #release(peer: PeerSession): void {
    const connection = this.connectionTo(peer);
    connection?.close();
    if (connection) this.connections.delete(connection);
  }

  /** It has a session again. */
  #discharge(peer: PeerSession, now: Instant): void {
    this.#members.delete(peer.control.host);
    peer.discharge(this.group.remove(peer, now) ?? this.#init.state.newest, now);
    this.peers.refresh();
  }

  #leaveMember(peer: PeerSession, reason: LeaveReason, now: Instant): void {
    this.#members.delete(peer.control.host);
    this.group.remove(peer, now);
    this.#deps.log.info('member left', { name: peer.name, ssrc: peer.ssrc, reason });
    this.#deps.onPeer(peer, 'left', reason);
  }

  // What connections ask for.

  newToken(): number {
    return this.identity.newToken();
  }

  ssrcToDial(fresh: boolean): number {
    return fresh ? this.identity.freshSsrc() : this.identity.ssrc;
  }

  invite(channel: 'control' | 'data', token: number, ssrc: number, to: NetAddress): void {
    this.#deps.send(channel, { kind: 'IN', token, ssrc, name: this.identity.name }, to);
  }

  join(
    connection: Connection,
    answer: Answer,
    control: NetAddress,
    data: NetAddress,
  ): PeerSession | undefined {
    const { ssrc: ownSsrc } = connection;
    const peer = this.admit({ ...answer, control, data, ownSsrc, initiator: true });
    if (!peer) this.sayGoodbye('control', answer.token, ownSsrc, control);
    // Whoever was told that it joined may have sent it away at once.
    return peer && this.peers.has(peer) ? peer : undefined;
  }

  collided(connection: Connection): void {
    this.identity.collided(connection.ssrc);
    this.sayGoodbye('control', connection.token, connection.ssrc, connection.control);
  }

  closed(connection: Connection): void {
    this.connections.delete(connection);
    // An invitation that was accepted by half: the other side need not wait.
    if (!connection.peer)
      this.sayGoodbye('control', connection.token, connection.ssrc, connection.control);
  }

  // What the invitation responder asks for.

  send(channel: 'control' | 'data', message: SessionMessage, to: NetAddress, room: number): void {
    this.#deps.send(channel, message, to, room);
  }

  isOwnInvitation(token: number): boolean {
    return this.dialling(token) !== undefined;
  }

  isDialled(host: string): boolean {
    for (const { control } of this.connections) if (sameHost(control.host, host)) return true;
    return false;
  }

  /** A new peer, or one known already that was invited again. */
  admit(newcomer: Newcomer): PeerSession | undefined {
    const { clock, log } = this.#deps;
    const { ssrc, control, initiator } = newcomer;
    const held = this.peers.get(ssrc);
    if (held && sameHost(held.control.host, control.host)) {
      if (held.isMember) this.#discharge(held, clock.now());
      held.renew(newcomer, clock.now());
      if (initiator) held.prove(clock.now());
      held.tick(clock.now());
      return held;
    }
    if (held) this.leave(held, 'replaced');
    // It answered an invitation of ours, or can't be anybody else: who lived there is there no more.
    const believed = initiator || this.#init.near(control.host);
    if (believed) this.#supersede(newcomer, undefined);
    if (this.peers.size >= this.#init.maxPeers) return undefined;
    const peer = this.#open(newcomer);
    this.peers.add(peer);
    log.info('peer joined', { name: peer.name, ssrc: peer.ssrc, ...control });
    this.#deps.onPeer(peer, 'joined', undefined);
    if (!this.peers.has(peer)) return undefined;
    const now = clock.now();
    if (believed) peer.prove(now);
    // The initiator asks for the time at once.
    peer.tick(now);
    return peer;
  }

  #open(newcomer: Newcomer & { readonly member?: boolean }): PeerSession {
    const { clock, randomness, faults } = this.#deps;
    const former = this.#sequences.nextFor(newcomer.control, newcomer.ownSsrc);
    return new PeerSession(
      {
        clock,
        post: this.#post,
        faults,
        onDisconnect: (session) => this.leave(session, 'local'),
      },
      {
        ...this.#init,
        ...newcomer,
        sequence: former ?? randomness.uint32() & 0xffff,
        eager: this.#init.eager(newcomer.control.host),
        crowd: () => this.peers.size,
      },
    );
  }

  /** Whoever was at this address is there no more; whoever has the same name there is asked whether it still lives. */
  #supersede(
    { control, name }: { readonly control: NetAddress; readonly name: string },
    successor: PeerSession | undefined,
  ): void {
    const now = this.#deps.clock.now();
    for (const peer of this.peers.all) {
      if (peer === successor || !sameHost(peer.control.host, control.host)) continue;
      if (sameAddress(peer.control, control)) this.leave(peer, 'replaced');
      else if (peer.name === name) {
        peer.superseded = true;
        if (peer.challenge(now) === 'gone') this.leave(peer, 'replaced');
      }
    }
  }
}
