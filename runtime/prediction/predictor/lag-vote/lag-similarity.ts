/**
 * How much the last bars of a part are like what it played a number of bars or beats before.
 *
 * Takes  the part's notes by slot, the last slot that is wholly known, and the bar's length.
 * Gives  per lag the share of notes in common (Dice coefficient) over windows of half a bar to four bars, and for how many
 *        notes back both agree without a gap.
 * Lane   2. Allocates nothing after it is made.
 */
import type { SlotKeys } from './slot-keys.ts';

/** Bars that are looked back. */
export const MAX_BAR_LAGS = 100;
/** Beats that are looked back, besides whole bars. */
export const MAX_BEAT_LAGS = 8;
export const MAX_LAGS: number = MAX_BAR_LAGS + MAX_BEAT_LAGS;
/** Windows compared: half a bar, one, two, four. */
export const WINDOWS = 4;
/** Shared notes that are taken for seen before any is: silence is no evidence. */
const PRIOR = 0.5;
/** Notes of the suffix that are counted at most. */
const LONGEST_SUFFIX = 32;

export class LagSimilarity {
  /** Lags in slots: bars first (1, 2, 3 and so on), then beats that are no whole bars. `count` of them are valid. */
  readonly lags: Int32Array = new Int32Array(MAX_LAGS);
  count = 0;
  /** How many of them are whole bars. */
  bars = 0;
  /** By window, then by lag: notes in common, and notes there. */
  readonly matches: Int32Array = new Int32Array(WINDOWS * MAX_LAGS);
  readonly there: Int32Array = new Int32Array(WINDOWS * MAX_LAGS);
  /** By window: notes here. */
  readonly here: Int32Array = new Int32Array(WINDOWS);
  /** By window, then by lag. */
  readonly dice: Float32Array = new Float32Array(WINDOWS * MAX_LAGS);
  /** Notes back from the last known slot that were the same that lag ago, until the first that was not. */
  readonly suffix: Float32Array = new Float32Array(MAX_LAGS);
  readonly #shared: Int32Array = new Int32Array(MAX_LAGS);
  readonly #unbroken: Uint8Array = new Uint8Array(MAX_LAGS);
  readonly #maxBars: number;

  constructor(maxBars: number = MAX_BAR_LAGS) {
    this.#maxBars = Math.min(maxBars, MAX_BAR_LAGS);
  }

  /** `barSlots`: slots a bar; `beatSlots`: slots a beat. Lags that reach before `first` are left out. */
  update(
    keys: SlotKeys,
    known: number,
    barSlots: number,
    beatSlots: number,
    first: number = keys.first,
  ): void {
    this.#chooseLags(known - first, barSlots, beatSlots);
    this.#shared.fill(0, 0, this.count);
    this.#unbroken.fill(1, 0, this.count);
    this.suffix.fill(0, 0, this.count);
    let from = known;
    let length = barSlots >> 1;
    for (let window = 0; window < WINDOWS; window++) {
      const to = known - length;
      for (let slot = from; slot > to; slot--) this.#compare(keys, slot);
      from = to;
      this.#score(keys, known, to, window);
      length *= 2;
    }
  }

  #chooseLags(reach: number, barSlots: number, beatSlots: number): void {
    let count = 0;
    for (let bar = 1; bar <= this.#maxBars && bar * barSlots <= reach; bar++) {
      this.lags[count++] = bar * barSlots;
    }
    this.bars = count;
    for (let beat = 1; beat <= MAX_BEAT_LAGS && beat * beatSlots <= reach; beat++) {
      if ((beat * beatSlots) % barSlots !== 0) this.lags[count++] = beat * beatSlots;
    }
    this.count = count;
  }

  #compare(keys: SlotKeys, slot: number): void {
    const notes = keys.count(slot);
    const { lags, count } = this;
    if (notes === 0) {
      // Silence here against notes there ends a run of agreement, too.
      for (let lag = 0; lag < count; lag++) {
        if (this.#unbroken[lag] === 1 && keys.count(slot - (lags[lag] ?? 0)) > 0) {
          this.#unbroken[lag] = 0;
        }
      }
      return;
    }
    for (let lag = 0; lag < count; lag++) {
      const there = slot - (lags[lag] ?? 0);
      const shared = keys.shared(slot, there);
      this.#shared[lag] = (this.#shared[lag] ?? 0) + shared;
      if (this.#unbroken[lag] === 0) continue;
      if (shared < notes || keys.count(there) > notes) this.#unbroken[lag] = 0;
      const run = (this.suffix[lag] ?? 0) + shared;
      this.suffix[lag] = Math.min(run, LONGEST_SUFFIX);
    }
  }

  #score(keys: SlotKeys, known: number, to: number, window: number): void {
    const base = window * MAX_LAGS;
    const here = keys.between(to, known);
    this.here[window] = here;
    for (let lag = 0; lag < this.count; lag++) {
      const back = this.lags[lag] ?? 0;
      const there = keys.between(to - back, known - back);
      const shared = this.#shared[lag] ?? 0;
      this.matches[base + lag] = shared;
      this.there[base + lag] = there;
      this.dice[base + lag] = diceOf(shared, here + there);
    }
  }
}

/** Twice the notes in common over all notes of both. */
export function diceOf(shared: number, notes: number): number {
  return (2 * shared + PRIOR) / (notes + 2 * PRIOR);
}
