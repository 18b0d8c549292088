/**
 * One AppleMIDI peer: its addresses, its clock, what it is sent and what it sends.
 *
 * Takes  datagrams known to be from it, and the time. Gives datagrams to its `Post`, messages to the end point.
 * Keeps  everything that ends with the session. What it left sounding is ended when it leaves, and when it is silent.
 *
 * A member of the group is one without an AppleMIDI session: somebody else vouches for it and tells of its end; it gets the
 * group's stream, and is heard by way of the group, too. It becomes one and ceases to be one while it plays.
 *
 * A peer that invited us is proven once it answers something that only reaches it if it is where it says; until then it
 * gets answers, no stream.
 */
import type { LinkStats } from '../../core/ensemble.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import { after, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import { openPeerClock, type PeerClock } from '../clock-sync/peer-clock.ts';
import type { SessionMessage } from './apple-midi/messages.ts';
import { type ReleasePolicy, releaseMessages, sounds } from './artifacts.ts';
import type { FaultCounters } from './faults.ts';
import type { SharedClock } from './group-transport.ts';
import type { Newcomer } from './invitation-responder.ts';
import type { JournalPolicy } from './journal/journal-policy.ts';
import type { StreamState } from './journal/stream-state.ts';
import { Liveness } from './liveness.ts';
import { RateLimit } from './rate-limit.ts';
import type { RtpHeader } from './rtp-header.ts';
import { NO_TIME } from './stream-delivery.ts';
import { StreamReceiver } from './stream-receiver.ts';
import { StreamSender } from './stream-sender.ts';
import { remoteInstant, ticksAsMicros, ticksOfRemote, unwrapRtpTime } from './ticks.ts';

/** A mapped time further from the arrival than this is no time of performance. */
const BELIEVABLE = fromSeconds(5);
const TOKENS = 2;
/** A peer that has not shown by then that it hears us makes room for another. */
const PROOF_PATIENCE = fromSeconds(5);

/** Between the stream of a session before and its continuation. */
const GAP = 2;

/** What a session may ask of the end point. */
export interface Post {
  send(
    channel: 'control' | 'data',
    message: SessionMessage,
    to: NetAddress,
    /** The most octets it may take. */
    room?: number,
  ): void;
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
  /** It hears us. */
  proven(peer: PeerSession): void;
  /** It was challenged and is not there. */
  gone(peer: PeerSession): void;
  /** A member has sent all up to this packet. */
  received(peer: PeerSession, sequence: number): void;
}

export interface PeerSessionInit extends Newcomer {
  readonly sequence: number;
  readonly tickOrigin: number;
  readonly state: StreamState;
  readonly journal: JournalPolicy;
  readonly reorderHold: Micros;
  readonly clockInterval: Micros;
  readonly eager: boolean;
  readonly crowd: () => number;
  readonly onRelease: ReleasePolicy;
  readonly sharedClock: SharedClock;
  /** It is a member from the beginning. */
  readonly member?: boolean;
}

export class PeerSession {
  readonly ssrc: number;
  /** Ours, as this peer knows it. */
  readonly ownSsrc: number;
  readonly name: string;
  readonly clock: PeerClock;
  readonly receiver: StreamReceiver;
  readonly limit: RateLimit = new RateLimit();
  sender: StreamSender;
  control: NetAddress;
  data: NetAddress;
  /** Another session of what seems to be the same peer has begun. */
  superseded = false;
  readonly #clock: Clock;
  readonly #post: Post;
  readonly #init: PeerSessionInit;
  readonly #tokens: number[];
  readonly #onDisconnect: (peer: PeerSession) => void;
  readonly #liveness: Liveness;
  readonly #joinedAt: Instant;
  #proven = false;
  #member: boolean;
  /** Its clock is compared although it is a member. */
  #asksTime = false;
  /** Ensemble time of one of its timestamps; NaN: not known. */
  #sharedTime = Number.NaN;
  #sharedTimestamp = 0;

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
    this.ownSsrc = init.ownSsrc;
    this.name = init.name;
    this.control = init.control;
    this.data = init.data;
    this.clock = openPeerClock({ clock: deps.clock });
    this.#clock = deps.clock;
    this.#post = deps.post;
    this.#init = init;
    this.#tokens = [init.token];
    this.#onDisconnect = deps.onDisconnect;
    this.#joinedAt = now;
    this.#member = init.member === true;
    this.#proven = this.#member;
    this.#liveness = new Liveness(
      deps.clock,
      this.clock,
      {
        send: (message, to) =>
          this.#post.send(to?.channel ?? 'data', message, to?.from ?? this.data),
        hearsUs: (at) => this.prove(at),
        doubt: () => {
          if (!this.#member) this.#post.doubt(this);
        },
        timeout: () => {
          if (this.#member) this.#liveness.renew(true, this.#clock.now());
          else this.#post.timeout(this);
        },
        silent: () => this.release(this.#clock.now()),
        gone: () => this.#post.gone(this),
        sounds: () => sounds(this.receiver.state),
      },
      init,
    );
    this.sender = this.#openSender(now);
    this.receiver = new StreamReceiver(
      {
        message: (message, time, arrivedAt, recovered) =>
          this.#post.midi(this, message, this.#performedAt(time, arrivedAt), arrivedAt, recovered),
        report: (sequence) => {
          if (this.#member) this.#post.received(this, sequence);
          else
            this.#post.send(
              'control',
              { kind: 'RS', ssrc: init.ownSsrc, sequence, lowHalf: 0 },
              this.control,
            );
        },
      },
      deps.faults,
      init.reorderHold,
      init.crowd,
    );
    this.receiver.reportsAtOnce = this.#member;
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

  /** It is where it says: it may be sent the stream. */
  get proven(): boolean {
    return this.#proven;
  }

  /** It gets the group's stream, and has no AppleMIDI session. */
  get isMember(): boolean {
    return this.#member;
  }

  /** Times of performance are known here. */
  get synced(): boolean {
    return this.#member ? this.#init.sharedClock.synced : this.clock.synced;
  }

  /** From now on it is a member; what it plays goes on. Gives the stamp up to which it has our stream. */
  enlist(): number {
    this.#member = true;
    this.#proven = true;
    this.receiver.reportsAtOnce = true;
    this.receiver.turn();
    return this.sender.received;
  }

  /** It has a session again: it has our stream up to this stamp. */
  discharge(received: number, now: Instant): void {
    this.#member = false;
    this.receiver.reportsAtOnce = false;
    this.receiver.turn();
    this.sender = this.#openSender(now, this.sender.last + 1 + GAP, received);
  }

  /** Whether a member's clock is compared with ours, in turn. */
  followTime(on: boolean): void {
    if (this.#asksTime === on) return;
    this.#asksTime = on;
    if (on && this.#member) this.#liveness.renew(true, this.#clock.now());
  }

  isUnproven(now: Instant): boolean {
    return !this.#proven && now >= after(this.#joinedAt, PROOF_PATIENCE);
  }

  disconnect(): void {
    this.#onDisconnect(this);
  }

  /** The token of this session, or of the invitation before it: both ends may have invited. */
  knowsToken(token: number): boolean {
    return this.#tokens.includes(token);
  }

  /** Invited again: the same session under another token, perhaps at other ports. */
  renew({ token, initiator, control, data }: Newcomer, now: Instant): void {
    if (!this.#tokens.includes(token)) {
      this.#tokens.push(token);
      this.sender.reintroduce(now);
    }
    if (this.#tokens.length > TOKENS) this.#tokens.shift();
    this.control = control;
    this.data = data;
    this.#liveness.renew(initiator, now);
  }

  /** It asks for our answer again: it has joined only now, and hasn't heard what it was sent so far. */
  greet(now: Instant): void {
    this.sender.reintroduce(now);
  }

  /** Asks whether it is there, unless that is known. */
  challenge(now: Instant): 'there' | 'asking' | 'gone' {
    return this.#liveness.challenge(now);
  }

  /** The stream to it begins. */
  prove(now: Instant): void {
    if (this.#proven) return;
    this.#proven = true;
    this.sender = this.#openSender(now);
    this.#post.proven(this);
    // Whether it answers questions tells what its silence means one day.
    if (!this.#liveness.asks) this.#liveness.ask(now);
  }

  get due(): Instant {
    let due: number = this.#member ? this.#memberDue : this.#liveness.due;
    const guard = this.#proven && !this.#member ? this.sender.guardDue : undefined;
    const receiver = this.receiver.due;
    if (guard !== undefined && guard < due) due = guard;
    if (receiver !== undefined && receiver < due) due = receiver;
    return due as Instant;
  }

  /** Everything that is due, but for guard packets: the end point writes packets. */
  tick(now: Instant): void {
    this.receiver.tick(now);
    if (!this.#member) this.#liveness.tick(now);
    else if (this.#asksTime) this.#liveness.tickClock(now);
  }

  takeClock(
    message: Extract<SessionMessage, { kind: 'CK' }>,
    channel: 'control' | 'data',
    from: NetAddress,
    now: Instant,
  ): void {
    this.#follow(channel, from);
    this.#liveness.take(message, { channel, from }, now);
  }

  takePacket(
    bytes: Uint8Array,
    header: RtpHeader,
    channel: 'control' | 'data',
    from: NetAddress,
    at: Instant,
  ): void {
    // What is still on its way from the session before.
    if (this.#member) return;
    this.#follow(channel, from);
    this.#liveness.heard(at);
    this.receiver.receive(bytes, header, at);
  }

  /** A packet of its group's stream. `time`: ensemble time of its timestamp. */
  takeShared(bytes: Uint8Array, header: RtpHeader, time: number, at: Instant): void {
    if (!this.#member) return;
    this.#sharedTime = time;
    this.#sharedTimestamp = header.timestamp;
    this.receiver.receive(bytes, header, at);
  }

  takeReport(sequence: number, lowHalf: number, now: Instant): boolean {
    this.#liveness.heard(now);
    // Some peers put the number into the other half.
    return this.sender.report(sequence, now) || (lowHalf !== 0 && this.sender.report(lowHalf, now));
  }

  /** Ends what it left sounding. */
  release(now: Instant): void {
    this.receiver.release(now);
    for (const message of releaseMessages(this.#init.onRelease, this.receiver.state))
      this.#post.midi(this, message, now, now, true);
  }

  /** A data packet shows where data packets go: the port may be any, and a router may change it. */
  #follow(channel: 'control' | 'data', from: NetAddress): void {
    if (channel === 'data' && from !== this.data) this.data = from;
  }

  get #memberDue(): number {
    return this.#asksTime ? this.#liveness.clockDue : Number.POSITIVE_INFINITY;
  }

  #openSender(
    now: Instant,
    sequence: number = this.#init.sequence,
    received: number = this.#init.state.newest,
  ): StreamSender {
    const { state, journal, crowd } = this.#init;
    const first = sequence & 0xffff;
    const sender = new StreamSender(this.ownSsrc, first, state, now, journal, crowd, received);
    sender.introduce(now);
    return sender;
  }

  #performedAt(time: number, arrivedAt: Instant): Instant {
    if (time === NO_TIME || !this.synced) return arrivedAt;
    const performedAt = this.#member ? this.#bySharedTime(time) : this.#byItsClock(time, arrivedAt);
    return Math.abs(performedAt - arrivedAt) <= BELIEVABLE ? performedAt : arrivedAt;
  }

  #byItsClock(time: number, arrivedAt: Instant): Instant {
    const near = ticksOfRemote(this.clock.toRemote(arrivedAt));
    return this.clock.toLocal(remoteInstant(unwrapRtpTime(time, near)));
  }

  /** NaN when the sender does not know ensemble time. */
  #bySharedTime(time: number): Instant {
    const later = ticksAsMicros((time - this.#sharedTimestamp) | 0);
    return this.#init.sharedClock.toLocal(this.#sharedTime + later);
  }
}
