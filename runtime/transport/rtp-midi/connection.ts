/**
 * A connection that was asked for: a dialer, and the peer it reached.
 *
 * Takes  the time, answers to its invitations, and word that its session ended.
 * Gives  invitations, and the peer to take in, to its owner.
 */
import type { Instant } from '../../core/time.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import {
  type DialerInput,
  type DialerState,
  startDialer,
  stepDialer,
} from './apple-midi/dialer.ts';
import type { PeerSession } from './peer-session.ts';

export interface ConnectionOwner {
  newToken(): number;
  invite(channel: 'control' | 'data', token: number, to: NetAddress): void;
  /** Both ports were accepted. Undefined: this peer is not wanted after all. */
  join(
    connection: Connection,
    answer: Answer,
    control: NetAddress,
    data: NetAddress,
  ): PeerSession | undefined;
  /** The connection is wanted no more. */
  closed(connection: Connection): void;
}

export interface Answer {
  readonly token: number;
  readonly ssrc: number;
  readonly name: string;
}

export class Connection implements AsyncDisposable {
  readonly #owner: ConnectionOwner;
  readonly #to: NetAddress;
  /** As dialled until an answer shows the numeric address behind a name. */
  #host: string;
  #dialer: DialerState;
  #peer: PeerSession | undefined;
  #closed = false;

  constructor(owner: ConnectionOwner, to: NetAddress, now: Instant) {
    this.#owner = owner;
    this.#to = to;
    this.#host = to.host;
    this.#dialer = startDialer(now, owner.newToken());
  }

  get peer(): PeerSession | undefined {
    return this.#peer;
  }

  get state(): 'inviting' | 'refused' | 'connected' | 'closed' {
    if (this.#closed) return 'closed';
    if (this.#peer) return 'connected';
    return this.#dialer.phase !== 'joined' && this.#dialer.refused ? 'refused' : 'inviting';
  }

  get due(): Instant {
    if (this.#closed || this.#dialer.phase === 'joined') return Number.POSITIVE_INFINITY as Instant;
    return this.#dialer.due;
  }

  /** The token of the invitation or the session. */
  get token(): number {
    return this.#dialer.token;
  }

  get control(): NetAddress {
    return { host: this.#host, port: this.#to.port };
  }

  get data(): NetAddress {
    return { host: this.#host, port: this.#to.port + 1 };
  }

  tick(now: Instant): void {
    this.#step({ kind: 'time' }, now);
  }

  accepted(channel: 'control' | 'data', answer: Answer, from: NetAddress, now: Instant): void {
    if (this.#dialer.phase === 'joined' || answer.token !== this.#dialer.token) return;
    this.#host = from.host;
    this.#step({ kind: 'accepted', token: answer.token, channel }, now, answer);
  }

  refused(token: number, now: Instant): void {
    this.#step({ kind: 'refused', token }, now);
  }

  /** The session is over; it is wanted again. */
  ended(now: Instant): void {
    this.#peer = undefined;
    this.#step({ kind: 'ended' }, now);
  }

  /** The peer is silent: it is invited again while the session goes on. */
  doubt(now: Instant): void {
    if (this.#dialer.phase === 'joined') this.#dialer = startDialer(now, this.#owner.newToken());
  }

  /** For good, without a word to anyone. */
  close(): void {
    this.#closed = true;
    this.#peer = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    const peer = this.#peer;
    this.close();
    this.#owner.closed(this);
    peer?.disconnect();
  }

  #step(input: DialerInput, now: Instant, answer?: Answer): void {
    if (this.#closed) return;
    const step = stepDialer(this.#dialer, input, now, this.#owner.newToken());
    this.#dialer = step.state;
    for (const effect of step.effects) {
      if (effect.kind === 'invite') {
        const to = effect.channel === 'control' ? this.control : this.data;
        this.#owner.invite(effect.channel, effect.token, to);
      } else if (effect.kind === 'join' && answer) {
        this.#peer = this.#owner.join(this, answer, this.control, this.data);
        if (!this.#peer) this.#step({ kind: 'refused', token: effect.token }, now);
      }
    }
  }
}
