/**
 * Whom an end point lets in: invitations from others.
 *
 * Takes  IN messages, the port they came to and how long they were.
 * Gives  OK and NO, and whoever was let in on both ports to the participants.
 * Keeps  how often each host knocked, and invitations half accepted. All bounded.
 *
 * No answer is longer than its question, but for a name told to somebody near. What a newcomer is sent after that is kept
 * back until it has shown that it hears us (peer-session.ts): so nobody can have it sent to somebody else.
 */
import type { Instant } from '../../core/time.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import { Admission } from './apple-midi/admission.ts';
import { Invitees } from './apple-midi/invitees.ts';
import { MESSAGE_OCTETS, type SessionMessage } from './apple-midi/messages.ts';
import { sameHost } from './host.ts';
import type { Identity } from './identity.ts';
import type { PeerSession } from './peer-session.ts';
import type { PeerTable } from './peer-table.ts';

export type Introduction = Extract<SessionMessage, { token: number }>;

export interface Newcomer {
  readonly ssrc: number;
  readonly token: number;
  readonly name: string;
  readonly control: NetAddress;
  readonly data: NetAddress;
  /** What it knows us by. */
  readonly ownSsrc: number;
  /** We invited it. */
  readonly initiator: boolean;
}

export interface AccessRules {
  readonly accept: (name: string, from: NetAddress) => boolean;
  readonly near: (host: string) => boolean;
  readonly maxPeers: number;
}

/** What it needs of the participants. */
export interface Admitting {
  readonly peers: PeerTable;
  readonly identity: Identity;
  send(channel: 'control' | 'data', message: SessionMessage, to: NetAddress, room: number): void;
  /** Whether one of our own invitations has this token: then we invited ourselves. */
  isOwnInvitation(token: number): boolean;
  /** Whether we want to be connected with somebody there. */
  isDialled(host: string): boolean;
  admit(newcomer: Newcomer): void;
  leave(peer: PeerSession, reason: 'replaced' | 'timeout'): void;
}

export class InvitationResponder {
  /** Invitations answered with NO or with silence. */
  refused = 0;
  readonly #admitting: Admitting;
  readonly #rules: AccessRules;
  readonly #admission = new Admission();
  readonly #invitees = new Invitees();

  constructor(admitting: Admitting, rules: AccessRules) {
    this.#admitting = admitting;
    this.#rules = rules;
  }

  /** `octets`: how long the message was. */
  invited(
    channel: 'control' | 'data',
    message: Introduction,
    from: NetAddress,
    octets: number,
    at: Instant,
  ): void {
    // The second half of an invitation is not another one.
    if (channel === 'data' && this.#invitedOnData(message, from, octets, at)) return;
    if (!this.#admission.allows(from.host, at)) this.refused++;
    else if (channel === 'control') this.#invitedOnControl(message, from, octets, at);
    else this.#invitedAgain(message, from, octets, at);
  }

  /** An inviter said goodbye before it was in. */
  bidden(ssrc: number, host: string): void {
    this.#invitees.drop(ssrc, host);
  }

  #invitedOnData(message: Introduction, from: NetAddress, octets: number, at: Instant): boolean {
    const { ssrc, token } = message;
    const invitee = this.#invitees.take(ssrc, token, from.host, at);
    if (!invitee) return false;
    const { control, ownSsrc } = invitee;
    this.#answer('OK', 'data', token, ownSsrc, from, octets);
    const name = message.name || invitee.name;
    this.#admitting.admit({ ssrc, token, name, control, data: from, ownSsrc, initiator: false });
    return true;
  }

  /** Our answer was lost. */
  #invitedAgain(
    { ssrc, token }: Introduction,
    from: NetAddress,
    octets: number,
    at: Instant,
  ): void {
    const live = this.#admitting.peers.from(ssrc, from.host);
    if (!live?.knowsToken(token)) return;
    this.#answer('OK', 'data', token, live.ownSsrc, from, octets);
    live.greet(at);
  }

  #invitedOnControl(message: Introduction, from: NetAddress, octets: number, at: Instant): void {
    const { ssrc, token, name } = message;
    const { peers, identity } = this.#admitting;
    const held = peers.get(ssrc);
    // Invited again by a peer that is one: its session goes on.
    const known = held !== undefined && sameHost(held.control.host, from.host);
    const verdict = known ? 'in' : this.#judge(message, held, from, at);
    if (verdict === 'wait') return;
    if (verdict === 'out') {
      this.refused++;
      this.#answer('NO', 'control', token, identity.ssrc, from, octets);
      return;
    }
    if (!known) identity.collided(ssrc);
    const ownSsrc = known ? held.ownSsrc : identity.ssrc;
    this.#answer('OK', 'control', token, ownSsrc, from, octets);
    this.#invitees.add({ ssrc, token, name, control: from, ownSsrc, since: at });
  }

  /** `wait`: no answer yet; it will ask again in a second, and by then we know more. */
  #judge(
    { ssrc, token, name }: Introduction,
    held: PeerSession | undefined,
    from: NetAddress,
    at: Instant,
  ): 'in' | 'out' | 'wait' {
    const { peers, identity } = this.#admitting;
    if (ssrc === identity.ssrc && this.#admitting.isOwnInvitation(token)) return 'out';
    if (!this.#admitting.isDialled(from.host) && !this.#rules.accept(name, from)) return 'out';
    if (held) {
      // A peer that moved to another address, or another one that has the same SSRC.
      const state = held.challenge(at);
      if (state !== 'gone') return state === 'asking' ? 'wait' : 'out';
      this.#admitting.leave(held, 'replaced');
    }
    if (peers.size < this.#rules.maxPeers) return 'in';
    return this.#makeRoom(name, from, at);
  }

  /** Full: but some who are here may have gone without a word, the one who knocks among them. */
  #makeRoom(name: string, from: NetAddress, at: Instant): 'in' | 'out' | 'wait' {
    let verdict: 'out' | 'wait' = 'out';
    for (const peer of this.#admitting.peers.all) {
      const former = sameHost(peer.control.host, from.host) && peer.name === name;
      const state = peer.isUnproven(at) ? 'gone' : former ? peer.challenge(at) : 'there';
      if (state === 'gone') {
        this.#admitting.leave(peer, 'timeout');
        return 'in';
      }
      if (state === 'asking') verdict = 'wait';
    }
    return verdict;
  }

  #answer(
    kind: 'OK' | 'NO',
    channel: 'control' | 'data',
    token: number,
    ssrc: number,
    to: NetAddress,
    octets: number,
  ): void {
    const { identity } = this.#admitting;
    const name = kind === 'OK' ? identity.name : '';
    const isNear =
      kind === 'OK' && (this.#admitting.isDialled(to.host) || this.#rules.near(to.host));
    const room = isNear ? MESSAGE_OCTETS : octets;
    this.#admitting.send(channel, { kind, token, ssrc, name }, to, room);
  }
}
