import { fromMillis, type Micros } from '../../runtime/core/time.ts';

/** How a network treats packets, one way. */
export interface NetworkProfile {
  /** Every packet takes at least this. */
  readonly base: Micros;
  /** Added to it: gamma distributed. */
  readonly jitter: { readonly mean: Micros; readonly shape: number };
  /** Now and then a packet takes longer by anything up to this. */
  readonly spikes: { readonly probability: number; readonly upTo: Micros };
  /** Gilbert's two states: the probability that a good packet begins a burst of lost ones, and its mean length. */
  readonly loss: { readonly enter: number; readonly meanBurst: number };
  /** Probability that a second copy arrives, with a delay of its own. */
  readonly duplicates: number;
  /** On top of what jitter reorders by itself: a packet is held back so that later ones overtake it. */
  readonly reordering: { readonly probability: number; readonly by: Micros };
  /** Packets wait for those sent before them, as on a single queue. */
  readonly inOrder: boolean;
}

export type ProfileName =
  | 'perfect'
  | 'lan'
  | 'wifi'
  | 'city'
  | 'xcountry'
  | 'transatlantic'
  | 'badwifi60'
  | 'hostile';

/**
 * The profiles that the musical parts are measured with; `perfect`, which delivers everything at once; and `hostile`, which
 * loses five percent in bursts, reorders and sends twice: the one that no note may hang in.
 */
export const NETWORK_PROFILES: Readonly<Record<ProfileName, NetworkProfile>> = {
  perfect: profile(0, [0, 1], [0, 0], [0, 1]),
  lan: profile(1, [0.3, 2], [0, 0], [0, 1]),
  wifi: profile(4, [4, 1.5], [0.01, 60], [0.003, 2]),
  city: profile(20, [3, 2], [0.003, 30], [0.002, 2]),
  xcountry: profile(60, [5, 2], [0.005, 40], [0.004, 2]),
  transatlantic: profile(110, [8, 1.5], [0.01, 60], [0.006, 3]),
  badwifi60: profile(60, [15, 1.2], [0.03, 100], [0.02, 3]),
  hostile: {
    ...profile(10, [6, 1.5], [0.01, 60], [0.0175, 3]),
    duplicates: 0.02,
    reordering: { probability: 0.02, by: fromMillis(15) },
  },
};

export const PROFILE_NAMES: readonly ProfileName[] = [
  'perfect',
  'lan',
  'wifi',
  'city',
  'xcountry',
  'transatlantic',
  'badwifi60',
  'hostile',
];

export function isProfileName(name: string): name is ProfileName {
  return Object.hasOwn(NETWORK_PROFILES, name);
}

/** A profile by name, or as it is. */
export function networkProfile(which: ProfileName | NetworkProfile): NetworkProfile {
  return typeof which === 'string' ? NETWORK_PROFILES[which] : which;
}

/** Milliseconds and probabilities, in the order of the table: base, jitter (mean, shape), spikes, loss. */
function profile(
  base: number,
  [mean, shape]: readonly [number, number],
  [probability, upTo]: readonly [number, number],
  [enter, meanBurst]: readonly [number, number],
): NetworkProfile {
  return {
    base: fromMillis(base),
    jitter: { mean: fromMillis(mean), shape },
    spikes: { probability, upTo: fromMillis(upTo) },
    loss: { enter, meanBurst },
    duplicates: 0,
    reordering: { probability: 0, by: fromMillis(0) },
    inOrder: false,
  };
}
