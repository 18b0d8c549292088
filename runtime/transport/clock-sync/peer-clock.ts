/**
 * A peer's clock, seen from here: maps its times to ours and back.
 *
 * Takes  clock exchanges (AppleMIDI CK, or the same on a link).
 * Gives  a mapping that never steps backwards while the peer's clock runs on; how good it is.
 * Keeps  at least 64 exchanges, whatever route they took (offset-fit.ts) and the mapping's last bends (steered-line.ts).
 * Lane   1. Allocates nothing per exchange.
 *
 * The first exchange is usable at once. A peer whose clock starts anew (it rebooted) is noticed by two exchanges that
 * agree with each other and can't be true of the clock so far; a single such exchange is an outlier and is dropped.
 */
import { type Instant, type Micros, micros } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { OffsetFit } from './offset-fit.ts';
import { SteeredLine } from './steered-line.ts';

/** One exchange: sent by us, stamped by the peer, received by us. */
interface ClockSample {
  /** Local. */
  readonly sentAt: Instant;
  /** On the peer's clock, in microseconds. */
  readonly remoteAt: Instant;
  /** Local. */
  readonly receivedAt: Instant;
}

export interface PeerClock {
  add(sample: ClockSample): void;
  /** At least one exchange since the peer's clock started. */
  readonly synced: boolean;
  /** Median of the last round trips. */
  readonly rtt: Micros | undefined;
  /** How far the mapping may be off now, about 95 of 100 times; a path longer one way than the other can't be seen. */
  readonly uncertainty: Micros | undefined;
  /** How far it can be off at the very most: half of what is known of the round trip, all of it one way. */
  readonly bound: Micros | undefined;
  /** How often the way to the peer was seen to become another. */
  readonly routeChanges: number;
  /** How much faster the peer's clock runs than ours. */
  readonly skewPpm: number;
  /** How often the peer's clock was seen to start anew; the mapping jumps then, and only then. */
  readonly restarts: number;
  /** Exchanges that can't be true, or took longer than ten seconds. */
  readonly rejected: number;
  /** Before the first exchange, the peer's time is taken for ours. */
  toLocal(remote: Instant): Instant;
  toRemote(local: Instant): Instant;
}

const MIN_SAMPLES = 64;
const SAMPLES = 128;
const MAX_ROUND_TRIP = 10_000_000;
/**
 * An exchange may contradict the estimate by this much (microseconds), and by this much per microsecond since the last: a
 * skew that is not known yet, or a route that changed both ways at once, do so. A clock that starts anew is further off.
 */
const TOLERANCE = 30_000;
const DRIFT_TOLERANCE = 300e-6;
const TRIPS = 9;

export function openPeerClock(
  deps: { readonly clock: Clock },
  init?: { readonly samples?: number },
): PeerClock {
  const samples = init?.samples ?? SAMPLES;
  return new FittedPeerClock(deps.clock, Math.max(MIN_SAMPLES, samples));
}

class FittedPeerClock implements PeerClock {
  readonly #clock: Clock;
  readonly #fit: OffsetFit;
  readonly #line = new SteeredLine();
  readonly #trips = new Float64Array(TRIPS);
  readonly #sorted = new Float64Array(TRIPS);
  #tripCount = 0;
  /** The exchange that contradicted the estimate, until the next one confirms or refutes it. */
  #doubt = false;
  #doubtTime = 0;
  #doubtThere = 0;
  #doubtBack = 0;
  /** The next correction starts the mapping anew. */
  #jump = true;
  restarts = 0;
  rejected = 0;

  constructor(clock: Clock, samples: number) {
    this.#clock = clock;
    this.#fit = new OffsetFit(samples);
  }

  get synced(): boolean {
    return this.#fit.count > 0;
  }

  get skewPpm(): number {
    return this.#fit.skew * 1e6;
  }

  get rtt(): Micros | undefined {
    const count = Math.min(this.#tripCount, TRIPS);
    if (count === 0) return undefined;
    // Insertion sort: nine values, no allocation.
    const sorted = this.#sorted;
    for (let i = 0; i < count; i++) {
      const trip = this.#trips[i] ?? 0;
      let at = i;
      for (; at > 0 && (sorted[at - 1] ?? 0) > trip; at--) sorted[at] = sorted[at - 1] ?? 0;
      sorted[at] = trip;
    }
    return micros(sorted[count >> 1] ?? 0);
  }

  get uncertainty(): Micros | undefined {
    return this.synced ? micros(this.#fit.uncertainty(this.#clock.now())) : undefined;
  }

  get bound(): Micros | undefined {
    return this.synced ? micros(this.#fit.bound(this.#clock.now())) : undefined;
  }

  get routeChanges(): number {
    return this.#fit.routeChanges;
  }

  add(sample: ClockSample): void {
    const trip = sample.receivedAt - sample.sentAt;
    // Written so that NaN is rejected too.
    if (!(trip >= 0 && trip <= MAX_ROUND_TRIP && Number.isFinite(sample.remoteAt))) {
      this.rejected++;
      return;
    }
    const time = (sample.sentAt + sample.receivedAt) / 2;
    const there = sample.remoteAt - sample.sentAt;
    const back = sample.receivedAt - sample.remoteAt;
    if (this.#contradicts(time, there, back)) {
      if (!this.#doubt || !this.#confirmsDoubt(time, there, back)) {
        if (this.#doubt) this.rejected++;
        this.#doubt = true;
        this.#doubtTime = time;
        this.#doubtThere = there;
        this.#doubtBack = back;
        return;
      }
      this.restarts++;
      this.#jump = true;
      this.#tripCount = 0;
      this.#fit.clear();
      this.#fit.add(this.#doubtTime, this.#doubtThere, this.#doubtBack);
      this.#noteTrip(this.#doubtThere + this.#doubtBack);
      this.#doubt = false;
    } else if (this.#doubt) {
      this.#doubt = false;
      this.rejected++;
    }
    this.#fit.add(time, there, back);
    this.#noteTrip(trip);
    this.#correct();
  }

  toRemote(local: Instant): Instant {
    return this.#line.forward(local) as Instant;
  }

  toLocal(remote: Instant): Instant {
    return this.#line.inverse(remote) as Instant;
  }

  #correct(): void {
    const now = Math.max(this.#clock.now(), this.#fit.newest);
    const target = now + this.#fit.at(now);
    const slope = 1 + this.#fit.skew;
    if (this.#jump) this.#line.jump(now, target, slope);
    else this.#line.steer(now, target, slope);
    this.#jump = false;
  }

  /** The offset can only lie between what the way back and the way there show. */
  #contradicts(time: number, there: number, back: number): boolean {
    if (this.#fit.count === 0) return false;
    const expected = this.#fit.at(time);
    const tolerance = this.#tolerance(2 * this.#fit.bound(time), time - this.#fit.newest);
    return expected > there + tolerance || expected < -back - tolerance;
  }

  #confirmsDoubt(time: number, there: number, back: number): boolean {
    const trips = there + back + this.#doubtThere + this.#doubtBack;
    const moved = (there - back) / 2 - (this.#doubtThere - this.#doubtBack) / 2;
    return Math.abs(moved) <= this.#tolerance(trips, time - this.#doubtTime);
  }

  #tolerance(trip: number, age: number): number {
    return trip / 2 + TOLERANCE + DRIFT_TOLERANCE * Math.abs(age);
  }

  #noteTrip(trip: number): void {
    this.#trips[this.#tripCount % TRIPS] = trip;
    this.#tripCount++;
  }
}
