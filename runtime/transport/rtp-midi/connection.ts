/**
 * A connection that was asked for: a dialer, and the peer it reached.
 *
 * Takes  the time, answers to its invitations, and word that its session ended or is doubtful.
 * Gives  invitations, and the peer to take in, to its owner.
 */
import { after, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import {
  type DialerInput,
  type DialerManner,
  type DialerState,
  startDialer,
  stepDialer,
} from './apple-midi/dialer.ts';
import type { PeerSession } from './peer-session.ts';

export interface ConnectionOwner {
  newToken(): number;
  /** Under which an invitation goes out. `fresh`: not the one it was refused under, if that may be why. */
  ssrcToDial(fresh: boolean): number;
  invite(channel: 'control' | 'data', token: number, ssrc: number, to: NetAddress): void;
  /** Both ports were accepted. Undefined: this peer is not wanted after all. */
  join(
    connection: Connection,
    answer: Answer,
    control: NetAddress,
    data: NetAddress,
  ): PeerSession | undefined;
  /** Whoever accepted has our own SSRC. */
  collided(connection: Connection): void;
  /** The connection is wanted no more. */
  closed(connection: Connection): void;
}

export interface Answer {
  readonly token: number;
  readonly ssrc: number;
  readonly name: string;
}

/** Default: asks once a second, always, and the second port when the first has accepted. */
export interface ConnectOptions extends DialerManner {
  /** A goodbye of the peer is the end of it. Default: it is invited again. */
  readonly untilGoodbye?: boolean;
}

/** Doubts are this far apart, whoever raises them. */
const DOUBT_APART: Micros = fromSeconds(1);
const MOST_COLLISIONS = 3;
const MANY_REFUSALS = 2;

export class Connection implements AsyncDisposable {
  readonly options: ConnectOptions;
  readonly #owner: ConnectionOwner;
  readonly #to: NetAddress;
  /** As dialled until an answer shows the numeric address behind a name. */
  #host: string;
  #dialer: DialerState;
  #ssrc: number;
  #peer: PeerSession | undefined;
  #doubtedAt = Number.NEGATIVE_INFINITY as Instant;
  #collisions = 0;
  #refusals = 0;
  #joining = false;
  #closed = false;

  constructor(owner: ConnectionOwner, to: NetAddress, now: Instant, options: ConnectOptions) {
    this.options = options;
    this.#owner = owner;
    this.#to = to;
    this.#host = to.host;
    this.#ssrc = owner.ssrcToDial(false);
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

  /** On the control port, or perhaps on both: whoever was invited to both at once may have begun to send. */
  get isHalfAccepted(): boolean {
    const { phase } = this.#dialer;
    return phase === 'data' || (phase === 'control' && this.options.proven === true);
  }

  /** The token of the invitation or the session. */
  get token(): number {
    return this.#dialer.token;
  }

  /** What the one invited knows us by. */
  get ssrc(): number {
    return this.#ssrc;
  }

  get control(): NetAddress {
    return { host: this.#host, port: this.#to.port };
  }

  get data(): NetAddress {
    return { host: this.#host, port: this.#to.port + 1 };
  }

  tick(now: Instant): void {
    // Most ticks are for others; a step draws a token.
    if (now >= this.due) this.#step({ kind: 'time' }, now);
  }

  accepted(channel: 'control' | 'data', answer: Answer, from: NetAddress, now: Instant): void {
    if (this.#dialer.phase === 'joined' || answer.token !== this.#dialer.token) return;
    this.#host = from.host;
    if (answer.ssrc !== this.#ssrc) {
      this.#step({ kind: 'accepted', token: answer.token, channel }, now, answer);
      return;
    }
    this.#owner.collided(this);
    if (++this.#collisions > MOST_COLLISIONS) {
      this.refused(answer.token, now);
      return;
    }
    this.#ssrc = this.#owner.ssrcToDial(false);
    this.#dialer = startDialer(now, this.#owner.newToken());
  }

  refused(token: number, now: Instant): void {
    if (token !== this.#dialer.token) return;
    // Refused again and again: it may be that somebody else there has the same SSRC.
    if (!this.#peer && ++this.#refusals > MANY_REFUSALS) this.#ssrc = this.#owner.ssrcToDial(true);
    this.#step({ kind: 'refused', token }, now);
  }

  /** The session is over; it is wanted again. */
  ended(now: Instant): void {
    this.#peer = undefined;
    if (this.#joining) return;
    this.#ssrc = this.#owner.ssrcToDial(false);
    this.#step({ kind: 'ended' }, now);
  }

  /** The peer may have begun anew: it is invited again while the session goes on. */
  doubt(now: Instant): void {
    if (now < after(this.#doubtedAt, DOUBT_APART)) return;
    this.#doubtedAt = now;
    if (this.#dialer.phase !== 'joined') this.#step({ kind: 'hurry' }, now);
    else this.#dialer = startDialer(now, this.#owner.newToken());
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
    const step = stepDialer(this.#dialer, input, now, this.#owner.newToken(), this.options);
    this.#dialer = step.state;
    for (const effect of step.effects) {
      if (effect.kind === 'invite') {
        const to = effect.channel === 'control' ? this.control : this.data;
        this.#owner.invite(effect.channel, effect.token, this.#ssrc, to);
      } else if (effect.kind === 'gaveUp' && !this.#peer) {
        // The name may stand for another address by now.
        this.#host = this.#to.host;
      } else if (effect.kind === 'join' && answer) this.#join(answer, now);
    }
  }

  #join(answer: Answer, now: Instant): void {
    this.#joining = true;
    this.#peer = this.#owner.join(this, answer, this.control, this.data);
    this.#joining = false;
    this.#collisions = 0;
    this.#refusals = 0;
    if (!this.#peer) this.#step({ kind: 'refused', token: answer.token }, now);
  }
}
