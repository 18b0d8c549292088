/**
 * The session's clock on this box: the reference's clock plus the session's shift.
 *
 * Takes  the clock to follow: our own, or a peer's as PeerClock sees it.
 * Gives  ensemble time for local time and back, and how far it may be off. A change of reference is slewed in, without a
 *        step; when the new one is further off than a fifth of a second, it is another session's time and the clock jumps.
 * Keeps  a steered line that is renewed as time is asked for. A reference that is known less well than the time so far, as
 *        after a link was cut, moves it only where they contradict each other.
 * Lane   1. Allocates nothing when asked.
 */
import {
  type EnsembleTime,
  fromSeconds,
  type Instant,
  type Micros,
  micros,
} from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { PeerClock } from './peer-clock.ts';
import { SteeredLine } from './steered-line.ts';

export interface EnsembleClock {
  toEnsemble(local: Instant): EnsembleTime;
  toLocal(time: EnsembleTime): Instant;
  /** Ensemble time = the reference's time + `shift`, from now on. */
  follow(reference: PeerClock | 'self', shift: Micros): void;
  /** The reference is our own clock, or a peer's that is known. */
  readonly synced: boolean;
  /** Undefined as long as it was never synced. */
  readonly accuracy: TimeAccuracy | undefined;
}

/** How far ensemble time here may be from what it is at the reference; 0 where that is our own clock. */
export interface TimeAccuracy {
  /** About 95 of 100 times, were both ways equally long. */
  readonly uncertainty: Micros;
  /** At the very most, when one way takes all of the round trip. */
  readonly bound: Micros;
}

/** A reference that is off by more is not the same time line. */
const JUMP = 200_000;
/** How often a peer's mapping is read again: its corrections are slower than that (microseconds). */
const RENEW = 50_000;
/**
 * A correction is worked off within that time: a few hundredths of a second are a hundredth of the tempo then. Sooner while
 * the session's time has only just been learnt, and nobody plays to it yet.
 */
const SLEW_TIME: Micros = fromSeconds(4);
const LEARNING: Micros = fromSeconds(8);
const LEARNING_SLEW_TIME: Micros = fromSeconds(0.7);
/** What was known is known less well with time (microseconds per microsecond): two crystals, unattended. */
const FORGETTING = 100e-6;

export function openEnsembleClock(deps: { readonly clock: Clock }): EnsembleClock {
  return new FollowingClock(deps.clock);
}

class FollowingClock implements EnsembleClock {
  readonly #clock: Clock;
  readonly #line = new SteeredLine();
  #reference: PeerClock | 'self' = 'self';
  #shift = 0;
  /** The reference's restarts when it was followed: a peer that started anew is not followed until the session says so. */
  #restarts = 0;
  #renewAt = Number.NEGATIVE_INFINITY;
  /** How far the line may have been off when it was steered last. */
  #trust = Number.POSITIVE_INFINITY;
  #trustAt = 0;
  #jumpedAt = Number.NEGATIVE_INFINITY;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get synced(): boolean {
    const reference = this.#reference;
    return reference === 'self' || (reference.synced && reference.restarts === this.#restarts);
  }

  get accuracy(): TimeAccuracy | undefined {
    this.#renew();
    if (this.#trust === Number.POSITIVE_INFINITY) return undefined;
    const reference = this.#reference;
    const now = this.#clock.now();
    const uncertainty = this.#held(now);
    const bound = reference === 'self' ? 0 : (reference.bound ?? uncertainty);
    return { uncertainty: micros(uncertainty), bound: micros(Math.max(bound, uncertainty)) };
  }

  follow(reference: PeerClock | 'self', shift: Micros): void {
    this.#reference = reference;
    this.#shift = shift;
    this.#restarts = reference === 'self' ? 0 : reference.restarts;
    this.#renewAt = Number.NEGATIVE_INFINITY;
    this.#renew();
  }

  toEnsemble(local: Instant): EnsembleTime {
    this.#renew();
    return this.#line.forward(local) as EnsembleTime;
  }

  toLocal(time: EnsembleTime): Instant {
    this.#renew();
    return this.#line.inverse(time) as Instant;
  }

  #renew(): void {
    const now = this.#clock.now();
    if (now < this.#renewAt) return;
    // Without a reference the clock runs on as it ran.
    if (!this.synced) return;
    this.#renewAt = now + RENEW;
    const reference = this.#reference;
    const target = (reference === 'self' ? now : reference.toRemote(now)) + this.#shift;
    const slope = reference === 'self' ? 1 : 1 + reference.skewPpm / 1e6;
    const unsure = reference === 'self' ? 0 : (reference.uncertainty ?? 0);
    const off = Math.abs(target - this.#line.forward(now));
    if (off > JUMP) {
      this.#line.jump(now, target, slope);
      this.#jumpedAt = now;
    } else if (unsure <= this.#held(now) || off > unsure + this.#held(now)) {
      const isLearning = now - this.#jumpedAt < LEARNING;
      this.#line.steer(now, target, slope, isLearning ? LEARNING_SLEW_TIME : SLEW_TIME);
    } else return;
    this.#trust = unsure + (off > JUMP ? 0 : off);
    this.#trustAt = now;
  }

  #held(now: number): number {
    return this.#trust + FORGETTING * (now - this.#trustAt);
  }
}
