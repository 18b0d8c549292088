/**
 * What holds for all candidates of a slot: place in the bar, how much the past repeats, what was heard last, the player's
 * timing, the role.
 *
 * Lane 2; allocates nothing after it is made.
 */
import type { Role } from '../../../core/ensemble.ts';
import { SLOTS_PER_BEAT } from '../../grid/beat-grid.ts';
import type { StreamHistory } from '../../history/stream-history.ts';
import { WINDOWS } from '../lag-vote/lag-similarity.ts';
import type { BandHistory, BandPart } from './band-history.ts';
import { FeatureRow } from './feature-row.ts';
import { ASKED_LAGS, BAND_WAY, WAYS } from './lag-weights.ts';
import type { PitchedFeatures } from './pitched-features.ts';

/** Slots before the one asked about whose notes are told. */
const RECENT_SLOTS = 8;
/** Groups of notes (chords count as one) whose deviations are told. */
const RECENT_GROUPS = 4;
/** Microseconds that are told as 1. */
const DEVIATION_UNIT = 40_000;

export const CONTEXT_SIZE: number =
  WAYS + 2 + SLOTS_PER_BEAT + 4 + 2 * WINDOWS + 4 + RECENT_SLOTS + 2 * RECENT_GROUPS + 8;

export class ContextFeatures {
  /** The last slot that is wholly known. */
  known = 0;
  readonly #role: Role;
  readonly #row = new FeatureRow();

  constructor(role: Role) {
    this.#role = role;
  }

  write(
    target: Float32Array,
    band: BandHistory,
    part: BandPart,
    { candidates, weights, spread }: PitchedFeatures,
    slot: number,
  ): void {
    const row = this.#row;
    const { history, keys } = part.notes;
    row.begin(target, 0);
    for (let way = 0; way < WAYS; way++) row.put(candidates.any[way] as number);
    let expected = 0;
    for (let place = 0; place < candidates.count; place++) {
      expected += candidates.votes[(candidates.keys[place] as number) * WAYS + BAND_WAY] as number;
    }
    row.put(expected / 4);
    row.put(candidates.count / 16);
    this.#writePlace(history, slot);
    for (let window = 0; window < WINDOWS; window++) {
      row.put(largest(weights.own, window * ASKED_LAGS, weights.count));
      row.put(largest(weights.band, window * ASKED_LAGS, weights.count));
    }
    row.put(largest(weights.suffix, 0, weights.count) / 32);
    row.put(Math.log2(1 + weights.count) / 7);
    row.put((slot - this.known) / 8);
    row.put((history.slotTime(slot + 1) - history.slotTime(slot)) / 125_000);
    for (let back = 1; back <= RECENT_SLOTS; back++) row.put(keys.count(slot - back) / 3);
    this.#writeTiming(history, slot);
    row.put(history.offset / DEVIATION_UNIT);
    row.put(spread.value / DEVIATION_UNIT);
    row.flag(this.#role === 'bass');
    row.flag(this.#role === 'harmony');
    row.flag(this.#role === 'melody');
    row.put((band.parts.length - 1) / 4);
    row.put(keys.between(this.known - history.slotsInBar(slot), this.known) / 24);
    row.flag(hasOneKey(history));
  }

  #writePlace(history: StreamHistory, slot: number): void {
    const row = this.#row;
    const place = slot - history.barStart(slot);
    const beat = Math.floor(place / SLOTS_PER_BEAT);
    const beats = history.slotsInBar(slot) / SLOTS_PER_BEAT;
    const within = place - beat * SLOTS_PER_BEAT;
    for (let each = 0; each < SLOTS_PER_BEAT; each++) row.flag(each === within);
    row.flag(beat === 0);
    row.flag(beat * 2 === beats);
    row.flag(beat % 2 === 1);
    row.flag(beats === 3);
  }

  /** Deviations of the last groups of notes, and how long ago each was. */
  #writeTiming(history: StreamHistory, slot: number): void {
    const row = this.#row;
    let place = history.count - history.first - 1;
    for (let group = 0; group < RECENT_GROUPS; group++) {
      if (place < 0) {
        row.put(0);
        row.put(0);
        continue;
      }
      const there = history.slot[history.inOrder(place) & history.mask] as number;
      let sum = 0;
      let notes = 0;
      while (place >= 0) {
        const i = history.inOrder(place) & history.mask;
        if (history.slot[i] !== there) break;
        sum += history.residual[i] as number;
        notes++;
        place--;
      }
      row.put(sum / notes / DEVIATION_UNIT);
      row.put(Math.exp((there - slot) / 16));
    }
  }
}

function largest(values: Float32Array, from: number, count: number): number {
  let most = 0;
  for (let i = from; i < from + count; i++) most = Math.max(most, values[i] as number);
  return most;
}

/** Parts that are known by their onsets only play one key. */
function hasOneKey(history: StreamHistory): boolean {
  const kept = history.count - history.first;
  if (kept < 4) return false;
  const key = history.key[history.inOrder(kept - 1) & history.mask];
  for (let back = 2; back <= Math.min(8, kept); back++) {
    if (history.key[history.inOrder(kept - back) & history.mask] !== key) return false;
  }
  return true;
}
