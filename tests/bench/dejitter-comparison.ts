/**
 * The adaptive de-jitter buffer against playing on arrival and against constants, over profiles, changes and seeds.
 */
import { NETWORK_PROFILES, type ProfileName } from '../../sim/network/profiles.ts';
import {
  equalMedianDelay,
  type Figures,
  hearAdaptive,
  hearFixed,
  hearOnArrival,
  measure,
  medianDelay,
  p99Delay,
  together,
} from './dejitter-measure.ts';
import { type ArrivedEvent, CHANGES, type Change, simulate } from './dejitter-simulation.ts';

export interface Comparison {
  readonly profile: ProfileName;
  /** `all`: every change together, under one constant for the profile. */
  readonly change: Change | 'all';
  readonly adaptive: Figures;
  /** The constant with the same median delay, chosen after the fact: for each run, or once for all. */
  readonly fixed: Figures;
  /** A constant of the 99th percentile of the run's own delays. */
  readonly p99: Figures;
  readonly arrival: Figures;
}

export const BENCH_PROFILES: readonly ProfileName[] = [
  'lan',
  'wifi',
  'city',
  'xcountry',
  'transatlantic',
  'badwifi60',
];

export function compare(profile: ProfileName, seeds: number): Comparison[] {
  const byChange = CHANGES.map((change) =>
    Array.from({ length: seeds }, (_, seed) =>
      simulate(NETWORK_PROFILES[profile], change, seed + 1),
    ),
  );
  const all = byChange.flat();
  const constant = equalMedianDelay(all, medianDelay(all, hearAdaptive));
  return [
    ...CHANGES.map((change, i) =>
      compareRuns(profile, change, byChange[i] ?? [], (run) =>
        equalMedianDelay([run], medianDelay([run], hearAdaptive)),
      ),
    ),
    compareRuns(profile, 'all', all, () => constant),
  ];
}

function compareRuns(
  profile: ProfileName,
  change: Change | 'all',
  runs: readonly ArrivedEvent[][],
  constant: (run: readonly ArrivedEvent[]) => number,
): Comparison {
  const over = (hear: (run: readonly ArrivedEvent[]) => Float64Array): Figures => ({
    ...together(runs.map((run) => measure(run, hear(run)))),
    median: medianDelay(runs, hear) / 1_000,
  });
  return {
    profile,
    change,
    adaptive: over(hearAdaptive),
    fixed: over((run) => hearFixed(run, constant(run))),
    p99: over((run) => hearFixed(run, p99Delay(run))),
    arrival: over(hearOnArrival),
  };
}
