/**
 * What is told of one candidate: votes, at which lags it was played, how long ago, how it lies to what sounds, its timing.
 *
 * Lane 2; allocates nothing after it is made.
 */
import { SLOTS_PER_BEAT } from '../../grid/beat-grid.ts';
import type { PartNotes } from '../lag-vote/part-notes.ts';
import type { Candidates } from './candidates.ts';
import { FeatureRow } from './feature-row.ts';
import {
  ASKED_LAGS,
  BAND_WAY,
  type LagWeights,
  RECENT_WAY,
  SUFFIX_WAY,
  WAYS,
} from './lag-weights.ts';
import { PITCH_CLASSES, type TonalContext } from './tonal-context.ts';

const BAR_LAGS: readonly number[] = [1, 2, 3, 4, 6, 8, 12, 16];
const BEAT_LAGS: readonly number[] = [1, 2, 3];
const BEST_WAYS: readonly number[] = [RECENT_WAY, BAND_WAY, SUFFIX_WAY];
const DEVIATION_UNIT = 40_000;

export const CANDIDATE_SIZE: number =
  WAYS +
  4 +
  3 +
  1 +
  BAR_LAGS.length +
  BEAT_LAGS.length +
  BEST_WAYS.length +
  7 +
  6 +
  7 +
  2 * PITCH_CLASSES +
  6;

export class CandidateFeatures {
  readonly #row = new FeatureRow();
  #notes: PartNotes | undefined;
  #weights: LagWeights | undefined;
  #tonal: TonalContext | undefined;
  #slot = 0;
  #barSlots = 0;
  /** By way of BEST_WAYS: the slot that the best lag points to. */
  readonly #best = new Float64Array(BEST_WAYS.length);
  #lastKey = 0;
  #lowest = 0;
  #highest = 0;

  /** What all candidates of the slot share. */
  begin(
    notes: PartNotes,
    weights: LagWeights,
    tonal: TonalContext,
    slot: number,
    barSlots: number,
  ): void {
    this.#notes = notes;
    this.#weights = weights;
    this.#tonal = tonal;
    this.#slot = slot;
    this.#barSlots = barSlots;
    for (const [place, way] of BEST_WAYS.entries()) {
      let best = -1;
      for (let lag = 0; lag < weights.count; lag++) {
        const weight = weights.weights[way * ASKED_LAGS + lag] as number;
        if (best < 0 || weight > (weights.weights[way * ASKED_LAGS + best] as number)) best = lag;
      }
      this.#best[place] =
        best < 0 ? Number.NEGATIVE_INFINITY : slot - (weights.lags[best] as number);
    }
    this.#findRange(notes);
  }

  write(target: Float32Array, at: number, candidates: Candidates, place: number): void {
    const notes = this.#notes;
    const weights = this.#weights;
    const tonal = this.#tonal;
    if (!notes || !weights || !tonal) return;
    const row = this.#row;
    const key = candidates.keys[place] as number;
    row.begin(target, at);
    this.#writeVotes(candidates, key, place);
    for (const bars of BAR_LAGS) row.flag(notes.keys.has(this.#slot - bars * this.#barSlots, key));
    for (const beats of BEAT_LAGS) {
      row.flag(notes.keys.has(this.#slot - beats * SLOTS_PER_BEAT, key));
    }
    for (const best of this.#best) row.flag(notes.keys.has(best, key));
    this.#writeSupport(notes, weights, key);
    this.#writeRecency(notes, key);
    this.#writePitch(tonal, key);
    this.#writeTiming(notes, candidates, key);
  }

  #writeVotes({ votes, beside, keys }: Candidates, key: number, place: number): void {
    const row = this.#row;
    for (let way = 0; way < WAYS; way++) row.put(votes[key * WAYS + way] as number);
    for (let side = 0; side < 4; side++) row.put(beside[key * 4 + side] as number);
    const first = (keys[0] as number) * WAYS;
    for (const way of BEST_WAYS) {
      row.put((votes[key * WAYS + way] as number) / ((votes[first + way] as number) + 0.01) / 2);
    }
    row.put(1 / (1 + place));
  }

  /** How alike the lags are that point to this key, and those that don't. */
  #writeSupport(notes: PartNotes, weights: LagWeights, key: number): void {
    let forTwo = 0;
    let forFour = 0;
    let forBand = 0;
    let forSuffix = 0;
    let againstTwo = 0;
    let againstBand = 0;
    let againstSuffix = 0;
    for (let lag = 0; lag < weights.count; lag++) {
      const two = weights.own[2 * ASKED_LAGS + lag] as number;
      const four = weights.own[3 * ASKED_LAGS + lag] as number;
      const band = ((weights.band[3 * ASKED_LAGS + lag] as number) + four) / 2;
      const suffix = weights.suffix[lag] as number;
      if (notes.keys.has(this.#slot - (weights.lags[lag] as number), key)) {
        if (two > forTwo) forTwo = two;
        if (four > forFour) forFour = four;
        if (band > forBand) forBand = band;
        if (suffix > forSuffix) forSuffix = suffix;
      } else {
        if (two > againstTwo) againstTwo = two;
        if (band > againstBand) againstBand = band;
        if (suffix > againstSuffix) againstSuffix = suffix;
      }
    }
    const row = this.#row;
    row.put(forTwo);
    row.put(forFour);
    row.put(forBand);
    row.put(forSuffix / 32);
    row.put((forTwo - againstTwo) * 2);
    row.put((forBand - againstBand) * 2);
    row.put((forSuffix - againstSuffix) / 16);
  }

  #writeRecency(notes: PartNotes, key: number): void {
    const row = this.#row;
    const { history } = notes;
    const latest = notes.latest[key] as number;
    const isKept = latest >= history.first;
    const i = latest & history.mask;
    const since = isKept ? this.#slot - (history.slot[i] as number) : 1e6;
    row.put(Math.exp(-since / 4));
    row.put(Math.exp(-since / 16));
    row.put(Math.exp(-since / 64));
    row.flag(isKept && history.length[i] === 0);
    row.put(isKept ? (history.length[i] as number) / 1e6 : 0);
    let inBar = 0;
    for (let back = 1; back <= this.#barSlots; back++) {
      if (notes.keys.has(this.#slot - back, key)) inBar++;
    }
    row.put(inBar / 8);
  }

  #writePitch({ chord, scale }: TonalContext, key: number): void {
    const row = this.#row;
    const step = key - this.#lastKey;
    row.put(step / 12);
    row.put(Math.abs(step) / 12);
    row.flag(step === 0);
    row.flag(Math.abs(step) === 1 || Math.abs(step) === 2);
    row.put((key - this.#lowest) / 24);
    row.put((this.#highest - key) / 24);
    row.put((key - 60) / 48);
    for (let interval = 0; interval < PITCH_CLASSES; interval++) {
      row.put(chord[(key + interval) % PITCH_CLASSES] as number);
    }
    for (let interval = 0; interval < PITCH_CLASSES; interval++) {
      row.put(scale[(key + interval) % PITCH_CLASSES] as number);
    }
  }

  #writeTiming({ history }: PartNotes, candidates: Candidates, key: number): void {
    const row = this.#row;
    const place = this.#slot - history.barStart(this.#slot);
    const events = history.bars.events(key, place);
    row.put(candidates.deviation(key, 0) / DEVIATION_UNIT);
    row.put(candidates.deviation(key, 1) / DEVIATION_UNIT);
    row.put(events === 0 ? 0 : history.bars.residual(key, place) / DEVIATION_UNIT);
    row.put(Math.log2(1 + events) / 6);
    row.put((candidates.score[key] as number) / 4);
    row.put((candidates.velocity(key) || 0) / 127);
  }

  /** The highest and lowest key of the last notes, and the last one. */
  #findRange({ history }: PartNotes): void {
    const kept = history.count - history.first;
    this.#lastKey = 60;
    this.#lowest = 127;
    this.#highest = 0;
    for (let back = 1; back <= Math.min(16, kept); back++) {
      const key = history.key[history.inOrder(kept - back) & history.mask] as number;
      if (back === 1) this.#lastKey = key;
      if (key < this.#lowest) this.#lowest = key;
      if (key > this.#highest) this.#highest = key;
    }
  }
}
