/**
 * What a network does to the packets of one direction: the pure model behind the virtual and the impaired network.
 *
 * Takes  a profile, seeded randomness and the instants at which packets are sent.
 * Gives  their fates. The same seed, profile and instants give the same fates.
 * Keeps  the state of the loss burst and the last arrival.
 */
import type { Instant, Micros } from '../../runtime/core/time.ts';
import type { Randomness } from '../../runtime/ports/randomness.ts';
import { gamma, uniform } from '../seeded-randomness.ts';
import type { NetworkProfile } from './profiles.ts';

/** Lost, or the delays of the copies that arrive: one, or two of a duplicated packet. The array is used again. */
type Fate = 'lost' | readonly Micros[];

export interface Impairment {
  readonly profile: NetworkProfile;
  /** Takes effect with the next packet; a burst of loss that is going on goes on. */
  setProfile(profile: NetworkProfile): void;
  next(now: Instant): Fate;
  /** For a reliable stream: in order, never lost; each loss costs a retransmission. */
  nextReliable(now: Instant): Micros;
}

/** A retransmission takes a round trip, but no less than this (microseconds). */
const LEAST_RETRANSMISSION = 20_000;
const MOST_RETRANSMISSIONS = 8;

export function openImpairment(deps: {
  readonly randomness: Randomness;
  readonly profile: NetworkProfile;
}): Impairment {
  const { randomness } = deps;
  let profile = deps.profile;
  let bursting = false;
  let lastArrival = Number.NEGATIVE_INFINITY;
  const once: Micros[] = [0 as Micros];
  const twice: Micros[] = [0 as Micros, 0 as Micros];

  const chance = (probability: number): boolean =>
    probability > 0 && uniform(randomness) < probability;

  const lost = (): boolean => {
    bursting = bursting ? !chance(1 / profile.loss.meanBurst) : chance(profile.loss.enter);
    return bursting;
  };

  const delay = (): number => {
    let total = profile.base + gamma(randomness, profile.jitter.shape, profile.jitter.mean);
    if (chance(profile.spikes.probability)) total += uniform(randomness) * profile.spikes.upTo;
    if (chance(profile.reordering.probability)) total += profile.reordering.by;
    return total;
  };

  const queued = (now: number, wanted: number): Micros => {
    lastArrival = Math.max(lastArrival, now + wanted);
    // Clamped, since the difference may come out a hair below what was wanted.
    return Math.max(wanted, lastArrival - now) as Micros;
  };

  const copy = (now: number): Micros => {
    const wanted = delay();
    return profile.inOrder ? queued(now, wanted) : (wanted as Micros);
  };

  return {
    get profile() {
      return profile;
    },
    setProfile(next) {
      profile = next;
    },
    next(now) {
      if (lost()) return 'lost';
      if (!chance(profile.duplicates)) {
        once[0] = copy(now);
        return once;
      }
      twice[0] = copy(now);
      twice[1] = copy(now);
      return twice;
    },
    nextReliable(now) {
      const retransmission = Math.max(
        LEAST_RETRANSMISSION,
        2 * (profile.base + profile.jitter.mean),
      );
      let total = delay();
      for (let tries = 0; tries < MOST_RETRANSMISSIONS && lost(); tries++) total += retransmission;
      return queued(now, total);
    },
  };
}
