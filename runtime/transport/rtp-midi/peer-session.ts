/**
 * One AppleMIDI peer: its addresses, its clock, what it is sent and what it sends.
 *
 * Takes  datagrams known to be from it, and the time. Gives datagrams to its `Post`, messages to the end point.
 * Keeps  everything that ends with the session. What it left sounding is released by `leave`.
 */
import type { LinkStats } from '../../core/ensemble.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import { fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import { openPeerClock, type PeerClock } from '../clock-sync/peer-clock.ts';
import {
  type ClockExchangeState,
  type ClockStep,
  clockDue,
  startClockExchange,
  takeClockMessage,
  tickClock,
} from './apple-midi/clock-exchange.ts';
import type { SessionMessage } from './apple-midi/messages.ts';
import type { FaultCounters } from './faults.ts';
import type { JournalPolicy } from './journal/journal-policy.ts';
import type { StreamState } from './journal/stream-state.ts';
import { RateLimit } from './rate-limit.ts';
import type { RtpHeader } from './rtp-header.ts';
import { NO_TIME } from './stream-delivery.ts';
import { StreamReceiver } from './stream-receiver.ts';
import { StreamSender } from './stream-sender.ts';
import { remoteInstant, ticksAt, ticksOfRemote, unwrapRtpTime } from './ticks.ts';

/** A mapped time further from the arrival than this is no time of performance. */
const BELIEVABLE = fromSeconds(5);
const TOKENS = 2;

/** What a session may ask of the end point. */
export interface Post {
  send(channel: 'control' | 'data', message: SessionMessage, to: NetAddress): void;
  midi(
    peer: PeerSession,
    message: MidiMessage,
    performedAt: Instant,
    arrivedAt: Instant,
    recovered: boolean,
  ): void;
  /** The peer doesn't answer clock exchanges. */
  doubt(peer: PeerSession): void;
  /** It hasn't for so long that the session is over. */
  timeout(peer: PeerSession): void;
}

export interface PeerSessionInit {
  readonly ssrc: number;
  readonly name: string;
  readonly token: number;
  readonly initiator: boolean;
  readonly control: NetAddress;
  readonly data: NetAddress;
  /** Our own. */
  readonly ownSsrc: number;
  readonly sequence: number;
  readonly tickOrigin: number;
  readonly state: StreamState;
  readonly journal: JournalPolicy;
  readonly reorderHold: Micros;
  readonly clockInterval: Micros;
}

export class PeerSession {
  readonly ssrc: number;
  readonly name: string;
  readonly clock: PeerClock;
  readonly sender: StreamSender;
  readonly receiver: StreamReceiver;
  readonly limit: RateLimit = new RateLimit();
  control: NetAddress;
  data: NetAddress;
  readonly #clock: Clock;
  readonly #post: Post;
  readonly #init: PeerSessionInit;
  readonly #tokens: number[];
  readonly #onDisconnect: (peer: PeerSession) => void;
  #exchange: ClockExchangeState;

  constructor(
    deps: {
      readonly clock: Clock;
      readonly post: Post;
      readonly faults: FaultCounters;
      readonly onDisconnect: (peer: PeerSession) => void;
    },
    init: PeerSessionInit,
  ) {
    const now = deps.clock.now();
    this.ssrc = init.ssrc;
    this.name = init.name;
    this.control = init.control;
    this.data = init.data;
    this.clock = openPeerClock({ clock: deps.clock });
    this.#clock = deps.clock;
    this.#post = deps.post;
    this.#init = init;
    this.#tokens = [init.token];
    this.#onDisconnect = deps.onDisconnect;
    this.#exchange = startClockExchange(init.initiator, now);
    this.sender = new StreamSender(init.ownSsrc, init.sequence, init.state, now, init.journal);
    this.sender.introduce(now);
    this.receiver = new StreamReceiver(
      {
        message: (message, time, arrivedAt, recovered) =>
          this.#post.midi(this, message, this.#performedAt(time, arrivedAt), arrivedAt, recovered),
        report: (sequence) =>
          this.#post.send(
            'control',
            { kind: 'RS', ssrc: init.ownSsrc, sequence, lowHalf: 0 },
            this.control,
          ),
      },
      deps.faults,
      init.reorderHold,
    );
  }

  get address(): NetAddress {
    return this.control;
  }

  get token(): number {
    return this.#tokens.at(-1) ?? 0;
  }

  get stats(): LinkStats {
    return this.receiver.meter.stats(this.clock.rtt, this.#clock.now());
  }

  get packetsLost(): number {
    return this.receiver.meter.lost;
  }

  get heardAt(): Instant {
    return this.#exchange.heardAt;
  }

  disconnect(): void {
    this.#onDisconnect(this);
  }

  /** The token of this session, or of the invitation before it: both ends may have invited. */
  knowsToken(token: number): boolean {
    return this.#tokens.includes(token);
  }

  /** Invited again: the same session under another token, perhaps at other ports. */
  renew(
    token: number,
    initiator: boolean,
    control: NetAddress,
    data: NetAddress,
    now: Instant,
  ): void {
    if (!this.#tokens.includes(token)) this.#tokens.push(token);
    if (this.#tokens.length > TOKENS) this.#tokens.shift();
    this.control = control;
    this.data = data;
    if (initiator) this.#exchange = startClockExchange(true, now);
    else this.#exchange = { ...this.#exchange, heardAt: now };
  }

  get due(): Instant {
    let due: number = clockDue(this.#exchange);
    const guard = this.sender.guardDue;
    const receiver = this.receiver.due;
    if (guard !== undefined && guard < due) due = guard;
    if (receiver !== undefined && receiver < due) due = receiver;
    return due as Instant;
  }

  /** Everything that is due, but for guard packets: the end point writes packets. */
  tick(now: Instant): void {
    this.receiver.tick(now);
    const ticks = ticksAt(now, this.#init.tickOrigin);
    this.#do(tickClock(this.#exchange, now, ticks, this.#init.clockInterval));
  }

  takeClock(message: Extract<SessionMessage, { kind: 'CK' }>, now: Instant): void {
    const ticks = ticksAt(now, this.#init.tickOrigin);
    this.#do(takeClockMessage(this.#exchange, message, now, ticks, this.#init.clockInterval));
  }

  takePacket(bytes: Uint8Array, header: RtpHeader, at: Instant): void {
    this.receiver.receive(bytes, header, at);
  }

  #do(step: ClockStep): void {
    this.#exchange = step.state;
    for (const effect of step.effects) {
      switch (effect.kind) {
        case 'send': {
          const { count, t1, t2, t3 } = effect;
          const ssrc = this.#init.ownSsrc;
          this.#post.send('data', { kind: 'CK', ssrc, count, t1, t2, t3 }, this.data);
          break;
        }
        case 'sample':
          this.clock.add(effect);
          break;
        case 'doubt':
          this.#post.doubt(this);
          break;
        case 'timeout':
          this.#post.timeout(this);
          break;
      }
    }
  }

  #performedAt(time: number, arrivedAt: Instant): Instant {
    if (time === NO_TIME || !this.clock.synced) return arrivedAt;
    const near = ticksOfRemote(this.clock.toRemote(arrivedAt));
    const performedAt = this.clock.toLocal(remoteInstant(unwrapRtpTime(time, near)));
    return Math.abs(performedAt - arrivedAt) <= BELIEVABLE ? performedAt : arrivedAt;
  }
}
