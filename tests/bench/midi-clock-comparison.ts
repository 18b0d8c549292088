/**
 * Regenerated MIDI clock beside raw forwarding: how even, how far behind, how right, how soon after a change.
 */
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { ProfileName } from '../../sim/network/profiles.ts';
import { type ClockFigures, measureClock, place } from './midi-clock-measure.ts';
import { type ClockRunResult, simulateClock } from './midi-clock-simulation.ts';

export const CLOCK_PROFILES: readonly ProfileName[] = [
  'lan',
  'wifi',
  'city',
  'transatlantic',
  'badwifi60',
  'hostile',
];
export const STRAYS: readonly number[] = [0, 1];

export interface ClockComparison {
  readonly profile: ProfileName;
  /** Deviation of the source's own clock (milliseconds). */
  readonly stray: number;
  readonly lostPackets: number;
  /** Clocks of the song that were more than half a clock away from their place among those around them. */
  readonly misplaced: number;
  /** Times that the instrument had to be moved. */
  readonly relocations: number;
  readonly regenerated: ClockFigures;
  readonly forwarded: ClockFigures;
}

export interface StepResponse {
  readonly profile: ProfileName;
  readonly stray: number;
  readonly from: number;
  readonly to: number;
  /** From the first clock of the new tempo until its place is right to 3 ms for good (milliseconds, beats). */
  readonly settled: number;
  readonly settledBeats: number;
  /** Largest departure from the constant delay meanwhile (milliseconds). */
  readonly worst: number;
}

const BPM = 120;
const PERIOD = 60e6 / BPM / 24;
const SECONDS = 60;
const WARM = 2e6;
const message = (kind: 'start' | 'stop' | 'continue'): MidiMessage => ({ kind });

/** A minute: Start, Stop off the beat, Continue, a jump while it runs, and an end. */
export async function compareClocks(
  profile: ProfileName,
  stray: number,
  seed: number,
): Promise<ClockComparison> {
  const run = await simulateClock({
    network: profile,
    seed,
    stray,
    seconds: SECONDS,
    bpm: () => BPM,
    score: [
      { at: 0.995, messages: [message('start')] },
      { at: 20.151, messages: [message('stop')] },
      { at: 22.005, messages: [message('continue')] },
      {
        at: 40.005,
        messages: [message('stop'), { kind: 'songPosition', beats: 800 }, message('continue')],
      },
      { at: 58.001, messages: [message('stop')] },
    ],
  });
  return {
    profile,
    stray,
    lostPackets: run.packetsLost,
    misplaced: misplaced(run),
    relocations: run.relocations,
    regenerated: measureClock(run.meant, run.given, PERIOD, WARM),
    forwarded: measureClock(run.meant, run.forwarded, PERIOD, WARM),
  };
}

/** So many clocks around one tell how far behind they are: the delay itself may glide. */
const NEAR = 24;
/** What is further off was played past a Stop that came late. */
const PAST_STOP = 10 * PERIOD;

function misplaced({ meant, given }: ClockRunResult): number {
  const wanted = new Map(place(meant).map(({ position, at }) => [position, at]));
  const from = (meant[0]?.at ?? 0) + WARM;
  const offsets = place(given).flatMap(({ position, at }) => {
    const meantAt = wanted.get(position);
    return meantAt === undefined || meantAt < from ? [] : [at - meantAt];
  });
  return offsets.filter((offset, i) => {
    const near = offsets.slice(Math.max(0, i - NEAR), i + NEAR).sort((a, b) => a - b);
    const off = Math.abs(offset - (near[near.length >> 1] ?? offset));
    return off > PERIOD / 2 && off < PAST_STOP;
  }).length;
}

const STEP_AT = 20;
const RIGHT = 3_000;

export async function stepResponse(
  profile: ProfileName,
  stray: number,
  from: number,
  to: number,
  seed: number,
): Promise<StepResponse> {
  const run = await simulateClock({
    network: profile,
    seed,
    stray,
    seconds: 2 * STEP_AT,
    bpm: (second) => (second < STEP_AT ? from : to),
    score: [{ at: 0.995, messages: [message('start')] }],
  });
  const wanted = new Map(place(run.meant).map(({ position, at }) => [position, at]));
  const stepAt = (run.meant[0]?.at ?? 0) + STEP_AT * 1e6;
  const offsets = place(run.given).flatMap(({ position, at }) => {
    const meantAt = wanted.get(position);
    return meantAt === undefined ? [] : [{ meantAt, offset: at - meantAt }];
  });
  const before = offsets.filter(({ meantAt }) => meantAt < stepAt && meantAt > stepAt - 2e6);
  const usual = before.map(({ offset }) => offset).sort((a, b) => a - b)[before.length >> 1] ?? 0;
  // The delay itself may glide later on: four beats are enough to see the response.
  const after = offsets.filter(
    ({ meantAt }) => meantAt >= stepAt && meantAt < stepAt + (4 * 60e6) / to,
  );
  const wrong = after.filter(({ offset }) => Math.abs(offset - usual) > RIGHT);
  const settled = (wrong.at(-1)?.meantAt ?? stepAt) - stepAt;
  return {
    profile,
    stray,
    from,
    to,
    settled: settled / 1_000,
    settledBeats: settled / (60e6 / to),
    worst: Math.max(0, ...after.map(({ offset }) => Math.abs(offset - usual))) / 1_000,
  };
}

/** From the first clock of a source that was silent until its clock is right to 3 ms for good (milliseconds). */
export async function timeToLock(
  profile: ProfileName,
  stray: number,
  seed: number,
): Promise<number> {
  const run = await simulateClock({
    network: profile,
    seed,
    stray,
    seconds: 10,
    bpm: () => BPM,
    score: [{ at: 0, messages: [message('start')] }],
  });
  const clocks = run.given.filter((given) => given.message.kind === 'timingClock');
  let last = clocks[0]?.at ?? 0;
  for (let i = 1; i < clocks.length; i++) {
    const at = clocks[i]?.at ?? 0;
    if (Math.abs(at - (clocks[i - 1]?.at ?? at) - PERIOD) > RIGHT) last = at;
  }
  return (last - (clocks[0]?.at ?? 0)) / 1_000;
}
