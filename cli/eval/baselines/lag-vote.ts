/**
 * Predicts a part from itself some bars ago, as a baseline: a vote of all lags from 1 to 32 bars.
 *
 * Takes  a part on the grid, how long notes are on their way, and the share of votes from which a note is played.
 * Gives  the notes that it would play.
 *
 * A lag counts exp(8 x similarity): of the last known bar to itself that lag ago, twice the notes in common over all notes.
 * With one lag and no threshold this is the last bar played again.
 */
import type { SentPart } from '../arrivals/transmission.ts';
import type { HeardNote } from '../scoring/heard-notes.ts';
import type { PartSlots } from './part-slots.ts';

const SHARPNESS = 8;
const VELOCITY = 80;
const DURATION = 0.1;

export interface LagVoteInit {
  /** Bars. */
  readonly lags: number;
  /** Share of votes, 0 to 1. */
  readonly threshold: number;
  /** What was performed less than this ago is not known yet (seconds). */
  readonly delay: number;
}

export function predictByLags(
  part: SentPart,
  slots: PartSlots,
  { lags, threshold, delay }: LagVoteInit,
): readonly HeardNote[] {
  const bar = slots.grid.slotsPerBar;
  const inCommon = Array.from({ length: lags }, (_, lag) => commonUpTo(slots, (lag + 1) * bar));
  const struckUpTo = commonUpTo(slots, 0);
  const played: HeardNote[] = [];
  for (let slot = bar; slot < slots.count; slot++) {
    const at = slots.timeOf(slot);
    const known = Math.min(slot - 1, slots.slotBefore(at - delay));
    const votes = new Map<number, number>();
    const keys = new Map<number, number>();
    let all = 0;
    for (let lag = 1; lag <= lags && lag * bar <= slot; lag++) {
      const back = lag * bar;
      if (slot - back > known) continue;
      const from = Math.max(known - bar, back - 1);
      const common = between(inCommon[lag - 1], from, known);
      const notes =
        between(struckUpTo, from, known) + between(struckUpTo, from - back, known - back);
      const weight = Math.exp((SHARPNESS * 2 * common) / Math.max(1, notes));
      all += weight;
      for (const index of slots.struck[slot - back] ?? []) {
        const of = slots.classes[index] ?? 0;
        votes.set(of, (votes.get(of) ?? 0) + weight);
        if (!keys.has(of)) keys.set(of, part.notes[index]?.key ?? 0);
      }
    }
    const expected = at + slots.meanDeviation(at - delay);
    for (const [of, vote] of votes) {
      if (vote < threshold * all) continue;
      const key = keys.get(of) ?? 0;
      const end = expected + DURATION;
      played.push({ at: expected, key, velocity: VELOCITY, cause: 'predicted', end });
    }
  }
  return played.toSorted((a, b) => a.at - b.at);
}

/** For each slot: classes struck both in it and `back` slots before, of all slots up to it. */
function commonUpTo(slots: PartSlots, back: number): Int32Array {
  const sums = new Int32Array(slots.count);
  let sum = 0;
  for (let slot = 0; slot < slots.count; slot++) {
    const before = slots.struck[slot - back] ?? [];
    for (const index of slots.struck[slot] ?? []) {
      if (before.some((other) => slots.classes[other] === slots.classes[index])) sum++;
    }
    sums[slot] = sum;
  }
  return sums;
}

function between(sums: Int32Array | undefined, after: number, upTo: number): number {
  return (sums?.[upTo] ?? 0) - (after < 0 ? 0 : (sums?.[after] ?? 0));
}
