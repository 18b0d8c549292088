/**
 * The click of whole boxes, each with a crystal of its own, over a seeded network: how far apart it is heard.
 *
 * Takes  the network, one way and the other; how much faster each box's clock runs; what happens while a song plays.
 * Gives  for each beat when each box clicked, in true time, and what the boxes say of their own accuracy.
 */
import { fromMillis, fromSeconds, type Micros } from '../../runtime/core/time.ts';
import { openDriftingClock } from '../../sim/drifting-clock.ts';
import {
  NETWORK_PROFILES,
  type NetworkProfile,
  type ProfileName,
} from '../../sim/network/profiles.ts';
import { type Band, openBand } from '../scenarios/band.ts';

export interface MetronomeRun {
  /** From box 1 (which keeps the time) to the others, and back. */
  readonly there: NetworkProfile;
  readonly back: NetworkProfile;
  readonly seed: number;
  /** Of each box, in millionths. */
  readonly ppm: readonly number[];
  /** From the start of the song. */
  readonly seconds: number;
  readonly during?: readonly { readonly at: number; readonly act: (band: Band) => void }[];
}

export interface HeardClick {
  /** Seconds of true time since the song was asked for. */
  readonly at: number;
  readonly accent: boolean;
}

export interface MetronomeResult {
  /** By box. */
  readonly clicks: readonly (readonly HeardClick[])[];
  /** Of box 2, in milliseconds: what it says at the end. */
  readonly uncertainty: number;
  readonly bound: number;
  readonly missed: number;
}

const ACCENT = 76;
const CHANNEL = 9;

export async function simulateMetronome(run: MetronomeRun): Promise<MetronomeResult> {
  const boxes = run.ppm.length;
  await using band = await openBand({
    boxes,
    seed: run.seed,
    settings: { midi: { click: { mode: 'on' } } },
    step: fromMillis(2),
    clockOf: (number, clock) =>
      openDriftingClock(clock, run.ppm[number - 1] ?? 0, number * 1_234_567_891),
  });
  for (let other = 2; other <= boxes; other++) {
    band.network.setProfile(run.there, '10.0.0.1', `10.0.0.${other}`);
    band.network.setProfile(run.back, `10.0.0.${other}`, '10.0.0.1');
  }
  await band.gather();
  const began = band.clock.now();
  band.box(1).box.session.setPlaying(true);
  let at = 0;
  for (const event of [...(run.during ?? []), { at: run.seconds, act: () => {} }]) {
    await band.run(fromSeconds(event.at - at));
    at = event.at;
    event.act(band);
  }
  const { accuracy } = band.box(2).box.ensembleClock;
  return {
    clicks: band.members.map(({ heard }) =>
      heard.noteOns.flatMap((note) =>
        note.message.kind === 'noteOn' && note.message.channel === CHANNEL
          ? [{ at: (note.at - began) / 1e6, accent: note.message.key === ACCENT }]
          : [],
      ),
    ),
    uncertainty: (accuracy?.uncertainty ?? Number.NaN) / 1_000,
    bound: (accuracy?.bound ?? Number.NaN) / 1_000,
    missed: band.members.reduce((sum, { box }) => sum + box.metronome.stats.missed, 0),
  };
}

/** A profile whose every packet takes another time at the least. */
export function slower(profile: ProfileName, base: number): NetworkProfile {
  return { ...NETWORK_PROFILES[profile], base: fromMillis(base) as Micros };
}

export interface PhaseError {
  /** Seconds. */
  readonly at: number;
  /** Milliseconds that the second box is behind the first. */
  readonly error: number;
}

/** Click by click, the nearest of one box to each of another; those that have none within 200 ms are `alone`. */
export function phaseErrors(
  first: readonly HeardClick[],
  second: readonly HeardClick[],
): { readonly errors: readonly PhaseError[]; readonly alone: number; readonly otherBeat: number } {
  const errors: PhaseError[] = [];
  let alone = 0;
  let otherBeat = 0;
  let next = 0;
  for (const click of first) {
    while (next < second.length && (second[next]?.at ?? 0) < click.at - 0.2) next++;
    const partner = second[next];
    if (partner === undefined || partner.at > click.at + 0.2) {
      alone++;
      continue;
    }
    if (partner.accent !== click.accent) otherBeat++;
    errors.push({ at: click.at, error: (partner.at - click.at) * 1_000 });
    next++;
  }
  return { errors, alone, otherBeat };
}

export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
}
