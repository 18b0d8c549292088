/**
 * Which datagram is whose.
 *
 * Takes  datagrams from the control and the data port.
 * Gives  each to the peer, the connection or the invitation responder whom it is for; a goodbye to strangers, now and then.
 * Keeps  counts of what was not as it should be.
 *
 * A datagram belongs to a peer only if its SSRC and its host are that peer's; everything else is counted, and at most
 * raises a doubt. Commands are understood on either port.
 */
import type { Instant } from '../../core/time.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import { decodeSessionMessage, isSessionMessage } from './apple-midi/messages.ts';
import { Strangers } from './apple-midi/strangers.ts';
import type { Connection } from './connection.ts';
import type { FaultCounters } from './faults.ts';
import { sameHost } from './host.ts';
import {
  type AccessRules,
  type Introduction,
  InvitationResponder,
} from './invitation-responder.ts';
import type { Participants } from './participants.ts';
import type { PeerSession } from './peer-session.ts';
import { emptyRtpHeader, readRtpHeader } from './rtp-header.ts';

type Channel = 'control' | 'data';

export class Switchboard {
  readonly #participants: Participants;
  readonly faults: FaultCounters;
  readonly #responder: InvitationResponder;
  readonly #strangers = new Strangers();
  readonly #header = emptyRtpHeader();

  constructor(participants: Participants, faults: FaultCounters, rules: AccessRules) {
    this.#participants = participants;
    this.faults = faults;
    this.#responder = new InvitationResponder(participants, rules);
  }

  /** Invitations answered with NO or with silence. */
  get refused(): number {
    return this.#responder.refused;
  }

  /** Returns when there may be something to do. */
  take(channel: Channel, bytes: Uint8Array, from: NetAddress, at: Instant): Instant {
    if (isSessionMessage(bytes)) {
      this.#takeSessionMessage(channel, bytes, from, at);
      return this.#participants.due;
    }
    const fault = readRtpHeader(bytes, this.#header);
    if (fault) {
      this.faults.count(fault);
      return Number.POSITIVE_INFINITY as Instant;
    }
    const peer = this.#participants.peers.from(this.#header.ssrc, from.host);
    if (!peer) {
      this.#stray(channel, bytes.length, from, at);
      return this.#participants.due;
    }
    peer.takePacket(bytes, this.#header, channel, from, at);
    return peer.due;
  }

  #takeSessionMessage(channel: Channel, bytes: Uint8Array, from: NetAddress, at: Instant): void {
    const decoded = decodeSessionMessage(bytes);
    if (!decoded.ok) {
      this.faults.count(decoded.fault);
      return;
    }
    const message = decoded.value;
    switch (message.kind) {
      case 'IN':
        this.#responder.invited(channel, message, from, bytes.length, at);
        return;
      case 'OK':
        this.#connectionWith(message.token)?.accepted(channel, message, from, at);
        return;
      case 'NO':
        this.#connectionWith(message.token)?.refused(message.token, at);
        return;
      case 'BY':
        this.#bidden(message, from, at);
        return;
      case 'CK': {
        const peer = this.#participants.peers.from(message.ssrc, from.host);
        if (peer) peer.takeClock(message, channel, from, at);
        else this.#stray(channel, bytes.length, from, at);
        return;
      }
      case 'RS': {
        const peer = this.#participants.peers.from(message.ssrc, from.host);
        if (!peer) this.faults.count('stranger');
        else if (!peer.takeReport(message.sequence, message.lowHalf, at))
          this.faults.count('badFeedback');
        return;
      }
      case 'RL': {
        const peer = this.#participants.peers.from(message.ssrc, from.host);
        if (peer) peer.limit.set(message.limit);
        else this.faults.count('stranger');
        return;
      }
    }
  }

  #bidden({ ssrc, token }: Introduction, from: NetAddress, at: Instant): void {
    const peer = this.#participants.peers.from(ssrc, from.host);
    if (peer) {
      // macOS says goodbye with token 0. Another token is that of a session long gone.
      if (token === 0 || peer.knowsToken(token)) this.#participants.leave(peer, 'bye');
      return;
    }
    this.#responder.bidden(ssrc, from.host);
    const connection = token === 0 ? undefined : this.#participants.dialling(token);
    if (connection && sameHost(connection.control.host, from.host)) {
      connection.refused(token, at);
      return;
    }
    this.faults.count('stranger');
    // It says that it knows nothing of us. That ends nothing; but it may be that the peer there began anew.
    const doubted = this.#participants.peers.at(from);
    if (doubted) this.#doubt(doubted, at);
    else for (const dialling of this.#participants.connections) this.#hurry(dialling, from, at);
  }

  /** Somebody speaks as if there were a session. */
  #stray(channel: Channel, octets: number, from: NetAddress, at: Instant): void {
    this.faults.count('stranger');
    const live = this.#participants.peers.at(from);
    // To a peer's address no goodbye is sent for a stranger's sake: it would end that peer's session.
    if (live) this.#doubt(live, at);
    // Nor to one who may have accepted our invitation: its answer may have been overtaken by what came after it.
    else if (!this.#participants.isJoining(from.host) && this.#strangers.answers(from, octets, at))
      this.#participants.sayGoodbye(channel, 0, this.#participants.identity.ssrc, from);
  }

  #doubt(peer: PeerSession, at: Instant): void {
    peer.challenge(at);
    this.#participants.connectionTo(peer)?.doubt(at);
  }

  #hurry(connection: Connection, from: NetAddress, at: Instant): void {
    if (!connection.peer && sameHost(connection.control.host, from.host)) connection.doubt(at);
  }

  #connectionWith(token: number): Connection | undefined {
    const connection = this.#participants.dialling(token);
    if (!connection) this.faults.count('stranger');
    return connection;
  }
}
