/**
 * Those who are sent one stream together: the journal reaches back to what the last of them has received.
 *
 * Takes  members as they come and go, each with what it knows of the stream; word of what each received; the time.
 * Gives  one sender, whose peer is all of them; which of them to send to.
 * Keeps  the last packet that each has reported. One that lags behind is waited for no longer than LAG; when it is heard
 *        again it is told all anew, as one that joins late is (RFC 6295 appendix C.2.2.2).
 */

import {
  after,
  elapsed,
  fromMillis,
  fromSeconds,
  type Instant,
  type Micros,
  micros,
} from '../../core/time.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { GuardPace } from './guard-schedule.ts';
import type { JournalPolicy } from './journal/journal-policy.ts';
import type { StreamState } from './journal/stream-state.ts';
import { extendSequence } from './sequence-number.ts';
import { StreamSender } from './stream-sender.ts';

/** Longer than most losses; a box that is gone is noticed by then, too. */
const LAG: Micros = fromSeconds(4);
/** Reports come together, by way of others, and later than those of a peer: so do guard packets. */
const FIRST_GUARD: Micros = fromMillis(150);
/** Where it takes longer until all have reported, guard packets wait twice as long as that. */
const LATEST_GUARD: Micros = fromSeconds(1.5);
const KEPT = 0.9;

/** Those who come within this are introduced together. */
const TOGETHER: Micros = fromSeconds(1);

/** What is known of one member. */
interface Member {
  readonly address: NetAddress;
  /** The first packet that it can have got. */
  from: number;
  /** Extended number; less than `from`: it has reported nothing yet. */
  reported: number;
  /** The stamp up to which it has all, before it has reported anything. */
  since: number;
  heardAt: Instant;
  lags: boolean;
}

export class StreamGroup {
  readonly #state: StreamState;
  readonly #journal: JournalPolicy;
  readonly #members = new Map<object, Member>();
  #addresses: readonly NetAddress[] = [];
  #sender: StreamSender | undefined;
  readonly #pace: { -readonly [Field in keyof GuardPace]: GuardPace[Field] } = {
    first: FIRST_GUARD,
    steady: 1,
  };
  /** When the packet went out that all had not reported before. */
  #awaitedSince: Instant | undefined;
  #awaited = 0;
  /** How long it took until all had reported, lately at most. */
  #slowness = 0 as Micros;
  readonly #ssrc: () => number;
  /** Of the next packet's number, when there is no sender. */
  #next: number;

  constructor(init: {
    readonly state: StreamState;
    readonly journal: JournalPolicy;
    readonly sequence: number;
    /** Under which it is sent. */
    readonly ssrc: () => number;
  }) {
    this.#state = init.state;
    this.#journal = init.journal;
    this.#next = init.sequence;
    this.#ssrc = init.ssrc;
  }

  /** Undefined: there is nobody to send to. */
  get sender(): StreamSender | undefined {
    return this.#sender;
  }

  /** A new list whenever it changes. */
  get addresses(): readonly NetAddress[] {
    return this.#addresses;
  }

  has(member: object): boolean {
    return this.#members.has(member);
  }

  /** `since`: the stamp up to which it has all of the stream; undefined: it knows nothing of it. */
  add(member: object, address: NetAddress, since: number | undefined, now: Instant): void {
    const known = since ?? this.#state.newest;
    if (!this.#sender) {
      const crowd = (): number => this.#members.size;
      const first = this.#next & 0xffff;
      this.#sender = new StreamSender(
        this.#ssrc(),
        first,
        this.#state,
        now,
        this.#journal,
        crowd,
        known,
        this.#pace,
      );
    }
    this.#sender.admit(known, this.#introduceBy(known, now), now);
    this.#members.set(member, {
      address,
      from: this.#sender.last + 1,
      reported: this.#sender.last,
      since: known,
      heardAt: now,
      lags: false,
    });
    this.#list();
  }

  /** The stamp up to which it has all, as far as is known; undefined: it was none. */
  remove(member: object, now: Instant): number | undefined {
    const known = this.#members.get(member);
    const sender = this.#sender;
    if (!known || !sender) return undefined;
    const received = this.#receivedBy(known, sender);
    this.#members.delete(member);
    this.#list();
    if (this.#members.size === 0) {
      this.#next = sender.last + 1;
      this.#sender = undefined;
    } else this.#advance(now);
    return received;
  }

  /** False when it can't be true. */
  report(member: object, sequence: number, now: Instant): boolean {
    const sender = this.#sender;
    const known = this.#members.get(member);
    if (!sender || !known) return false;
    const packet = extendSequence(sequence, sender.last);
    if (packet > sender.last) return false;
    known.heardAt = now;
    // Overtaken, or from before it was a member.
    if (packet < known.from || (packet <= known.reported && !known.lags)) return true;
    if (known.lags) {
      known.lags = false;
      known.since = this.#receivedBy(known, sender);
      known.from = sender.last + 1;
      known.reported = sender.last;
      sender.admit(known.since, this.#introduceBy(known.since, now), now, true);
      return true;
    }
    known.reported = packet;
    this.#advance(now);
    return true;
  }

  /** A packet is about to be sent: who has all so far need not have said anything since. */
  sending(now: Instant): void {
    const last = this.#sender?.last;
    if (this.#awaitedSince === undefined && last !== undefined) {
      this.#awaitedSince = now;
      this.#awaited = last + 1;
    }
    let lagging = false;
    for (const member of this.#members.values()) {
      if (member.reported === last && member.reported >= member.from) member.heardAt = now;
      else if (!member.lags && now > after(member.heardAt, LAG)) lagging = member.lags = true;
    }
    if (lagging) this.#advance(now);
  }

  #receivedBy({ reported, from, since }: Member, sender: StreamSender): number {
    return reported < from ? since : sender.stampAfter(reported);
  }

  /** Whoever lacks something is told soon; what lasts and sounds is told to several at a time, since all get it. */
  #introduceBy(since: number, now: Instant): Instant | undefined {
    const { newest } = this.#state;
    if (newest === 0) return undefined;
    return after(now, since < newest ? FIRST_GUARD : TOGETHER);
  }

  /** As far as all have it that can be waited for. */
  #advance(now: Instant): void {
    const sender = this.#sender;
    if (!sender) return;
    let least = Number.POSITIVE_INFINITY;
    for (const { lags, reported, from } of this.#members.values()) {
      if (lags) continue;
      // Whoever is new is told all that lasts, until it says that it got it.
      if (reported < from) return;
      least = Math.min(least, reported);
    }
    if (least === Number.POSITIVE_INFINITY) return;
    sender.report(least & 0xffff, now);
    if (this.#awaitedSince === undefined || least < this.#awaited) return;
    const took = elapsed(this.#awaitedSince, now);
    this.#slowness = micros(Math.max(took, this.#slowness * KEPT));
    this.#pace.first = micros(Math.max(FIRST_GUARD, Math.min(2 * this.#slowness, LATEST_GUARD)));
    this.#awaitedSince = undefined;
  }

  #list(): void {
    this.#addresses = [...this.#members.values()].map(({ address }) => address);
  }
}
