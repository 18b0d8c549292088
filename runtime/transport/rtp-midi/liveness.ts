/**
 * Whether a peer lives, and its clock: clock exchanges with it, and the watch over its silence, with one clock and one way to ask.
 *
 * Takes  CK messages, word of anything heard from the peer, the time.
 * Gives  CK messages to send, samples of the peer's clock, and word of what they show.
 */
import { type Instant, type Micros, micros } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { PeerClock } from '../clock-sync/peer-clock.ts';
import {
  askClock,
  type ClockExchangeState,
  type ClockPace,
  type ClockStep,
  clockDue,
  renewClockExchange,
  startClockExchange,
  takeClockMessage,
  tickClock,
} from './apple-midi/clock-exchange.ts';
import type { SessionMessage } from './apple-midi/messages.ts';
import { type SilenceSink, SilenceWatch } from './apple-midi/silence-watch.ts';
import { type Ticks, ticksAt } from './ticks.ts';

type ClockMessage = Extract<SessionMessage, { kind: 'CK' }>;

/** Where a question came from, which is where its answer goes. */
export interface Asker {
  readonly channel: 'control' | 'data';
  readonly from: NetAddress;
}

export interface LivenessSink extends Omit<SilenceSink, 'ask'> {
  /** `to`: whoever asked; undefined: the peer's data port. */
  send(message: ClockMessage, to: Asker | undefined): void;
  /** It answered something that only reaches it where it says that it is. */
  hearsUs(now: Instant): void;
  /** It doesn't answer. */
  doubt(): void;
  /** It hasn't for so long that the session is over. */
  timeout(): void;
  /** Whether something of it sounds. */
  readonly sounds: () => boolean;
}

export interface LivenessInit {
  readonly ownSsrc: number;
  readonly initiator: boolean;
  readonly tickOrigin: number;
  readonly clockInterval: Micros;
  readonly eager: boolean;
  /** How many peers are asked for the time. */
  readonly crowd: () => number;
}

/** With more peers than this each is asked more rarely: all of them as often as so many. */
const ASKED_OFTEN = 10;

export class Liveness {
  readonly #clock: Clock;
  readonly #peerClock: PeerClock;
  readonly #sink: LivenessSink;
  readonly #init: LivenessInit;
  readonly #silence: SilenceWatch;
  #exchange: ClockExchangeState;

  constructor(clock: Clock, peerClock: PeerClock, sink: LivenessSink, init: LivenessInit) {
    const now = clock.now();
    this.#clock = clock;
    this.#peerClock = peerClock;
    this.#sink = sink;
    this.#init = init;
    this.#exchange = startClockExchange(init.initiator, now);
    this.#silence = new SilenceWatch(
      { ask: () => this.ask(clock.now()), silent: sink.silent, gone: sink.gone },
      now,
    );
  }

  /** Of its clock alone. */
  get clockDue(): Instant {
    return clockDue(this.#exchange);
  }

  get due(): Instant {
    return Math.min(clockDue(this.#exchange), this.#silence.due) as Instant;
  }

  /** We are the one who asks in turn. */
  get asks(): boolean {
    return this.#exchange.initiator;
  }

  /** Asks for its time in turn; of its silence somebody else tells. */
  tickClock(now: Instant): void {
    this.#do(tickClock(this.#exchange, now, this.#ticks(), this.#pace()));
  }

  tick(now: Instant): void {
    this.#do(tickClock(this.#exchange, now, this.#ticks(), this.#pace()));
    this.#silence.tick(now, this.#sink.sounds, this.#peerClock.rtt);
  }

  /** Anything that shows that it is there. */
  heard(now: Instant): void {
    this.#silence.heard(now);
  }

  take(message: ClockMessage, asker: Asker, now: Instant): void {
    this.#silence.heard(now);
    const pace = this.#pace();
    this.#do(takeClockMessage(this.#exchange, message, now, this.#ticks(), pace), asker);
  }

  ask(now: Instant): void {
    this.#do(askClock(this.#exchange, now, this.#ticks()));
  }

  challenge(now: Instant): 'there' | 'asking' | 'gone' {
    return this.#silence.challenge(now);
  }

  renew(initiator: boolean, now: Instant): void {
    this.#silence.heard(now);
    this.#exchange = renewClockExchange(this.#exchange, initiator, now);
  }

  #do(step: ClockStep, asker?: Asker): void {
    this.#exchange = step.state;
    for (const effect of step.effects) {
      switch (effect.kind) {
        case 'send': {
          const { count, t1, t2, t3 } = effect;
          this.#sink.send({ kind: 'CK', ssrc: this.#init.ownSsrc, count, t1, t2, t3 }, asker);
          break;
        }
        case 'sample':
          this.#peerClock.add(effect);
          if (effect.asked) this.#silence.answered();
          this.#sink.hearsUs(effect.receivedAt);
          break;
        case 'doubt':
          this.#sink.doubt();
          break;
        case 'timeout':
          this.#sink.timeout();
          break;
      }
    }
  }

  #ticks(): Ticks {
    return ticksAt(this.#clock.now(), this.#init.tickOrigin);
  }

  #pace(): ClockPace {
    const { clockInterval, eager, crowd } = this.#init;
    const interval = micros(clockInterval * Math.max(1, crowd() / ASKED_OFTEN));
    return { interval, rtt: this.#peerClock.rtt, eager };
  }
}
