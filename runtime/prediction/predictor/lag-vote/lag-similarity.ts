/**
 * How much the last bars of a part are like what it played a number of bars or beats before.
 *
 * Takes  the part's notes by slot, the last slot that is wholly known, and the bar's length.
 * Gives  per lag the share of notes in common (Dice coefficient) over windows of half a bar to four bars, and for how many
 *        notes back both agree without a gap.
 * Keeps  sums that move on slot by slot; counted anew when something changed in what they cover.
 * Lane   2. Allocates nothing after it is made. One of these for each SlotKeys.
 */
import { SLOTS_KEPT, type SlotKeys } from './slot-keys.ts';

/** Lags that are compared at most: all beats of a hundred bars of four, since songs have odd bars between their parts. */
export const MAX_LAGS = 400;
/** Windows compared: half a bar, one, two, four. */
export const WINDOWS = 4;
/** Shared notes that are taken for seen before any is: silence is no evidence. */
const PRIOR = 0.5;
/** Notes of the suffix that are counted at most. */
const LONGEST_SUFFIX = 32;
/** Slots whose comparison is kept, to be taken off the sums again: four bars of four beats, or two of eight. */
const KEPT = 256;
const LONGEST_WINDOW: number = KEPT - 1;
/** Longer lags would reach past what is kept of slots. */
const LONGEST_LAG: number = SLOTS_KEPT - 2 * KEPT;
const NEVER: number = Number.POSITIVE_INFINITY;

export class LagSimilarity {
  /** Lags in slots, the shortest first: bars, and among the first of them beats. `count` of them are within reach. */
  readonly lags: Int32Array = new Int32Array(MAX_LAGS);
  count = 0;
  /** By window, then by lag: notes in common, and notes there. */
  readonly matches: Int32Array = new Int32Array(WINDOWS * MAX_LAGS);
  readonly there: Int32Array = new Int32Array(WINDOWS * MAX_LAGS);
  /** By window: notes here. */
  readonly here: Int32Array = new Int32Array(WINDOWS);
  /** By window, then by lag. */
  readonly dice: Float32Array = new Float32Array(WINDOWS * MAX_LAGS);
  /** Notes back from the last known slot that were the same that lag ago, until the first that was not. */
  readonly suffix: Float32Array = new Float32Array(MAX_LAGS);
  readonly #shared: Uint8Array = new Uint8Array(KEPT * MAX_LAGS);
  readonly #notes: Uint8Array = new Uint8Array(KEPT * MAX_LAGS);
  readonly #windows: Int32Array = new Int32Array(WINDOWS);
  readonly #maxBars: number;
  readonly #maxBeats: number;
  readonly #maxHalves: number;
  #known = 0;
  #first = Number.NaN;
  #barSlots = 0;
  #beatSlots = 0;
  #listed = 0;

  /** Lags of up to so many bars, of up to so many beats, and of up to so many half beats. */
  constructor(maxBars: number = MAX_LAGS, maxBeats: number = MAX_LAGS, maxHalves: number = 0) {
    this.#maxBars = maxBars;
    this.#maxBeats = maxBeats;
    this.#maxHalves = maxHalves;
  }

  /** `barSlots`: slots a bar; `beatSlots`: slots a beat. Lags that reach before `first` are left out. */
  update(
    keys: SlotKeys,
    known: number,
    barSlots: number,
    beatSlots: number,
    first: number = keys.first,
  ): void {
    const isSameFrame =
      first >= this.#first && barSlots === this.#barSlots && beatSlots === this.#beatSlots;
    const hasMovedOn = known >= this.#known && known - this.#known < KEPT;
    if (!isSameFrame || !hasMovedOn || keys.changedFrom <= this.#known) {
      this.#begin(known, barSlots, beatSlots, first);
    }
    keys.changedFrom = Number.POSITIVE_INFINITY;
    for (let slot = this.#known + 1; slot <= known; slot++) {
      this.#addLags(slot - first);
      this.#advance(keys, slot);
    }
    this.#known = known;
    this.#score(keys);
  }

  /** Starts where the longest window begins. */
  #begin(known: number, barSlots: number, beatSlots: number, first: number): void {
    for (let window = 0; window < WINDOWS; window++) {
      this.#windows[window] = Math.min((barSlots >> 1) << window, LONGEST_WINDOW);
    }
    this.#first = first;
    if (barSlots !== this.#barSlots || beatSlots !== this.#beatSlots) {
      this.#barSlots = barSlots;
      this.#beatSlots = beatSlots;
      this.#listLags();
    }
    this.count = 0;
    this.#shared.fill(0);
    this.#notes.fill(0);
    this.#known = known - (this.#windows[WINDOWS - 1] as number);
  }

  #listLags(): void {
    let bar = 1;
    let beat = 1;
    let half = 1;
    this.#listed = 0;
    while (this.#listed < MAX_LAGS) {
      const byBar = bar <= this.#maxBars ? bar * this.#barSlots : NEVER;
      const byBeat = beat <= this.#maxBeats ? beat * this.#beatSlots : NEVER;
      const byHalf = half <= this.#maxHalves ? half * (this.#beatSlots >> 1) : NEVER;
      const next = Math.min(byBar, byBeat, byHalf);
      if (next > LONGEST_LAG) return;
      this.lags[this.#listed++] = next;
      if (byBar === next) bar++;
      if (byBeat === next) beat++;
      if (byHalf === next) half++;
    }
  }

  /** Lags that have come within reach: before, there was nothing to compare with. */
  #addLags(reach: number): void {
    while (this.count < this.#listed && reach >= (this.lags[this.count] as number)) {
      const lag = this.count++;
      this.suffix[lag] = 0;
      for (let window = 0; window < WINDOWS; window++) {
        this.matches[window * MAX_LAGS + lag] = 0;
        this.there[window * MAX_LAGS + lag] = 0;
      }
    }
  }

  /** Takes in one more slot, and takes off what leaves the windows with it. */
  #advance(keys: SlotKeys, slot: number): void {
    const { lags, count, suffix } = this;
    const notes = keys.count(slot);
    const base = (slot & (KEPT - 1)) * MAX_LAGS;
    for (let lag = 0; lag < count; lag++) {
      const there = slot - (lags[lag] as number);
      const notesThere = keys.count(there);
      const shared = notes === 0 || notesThere === 0 ? 0 : keys.shared(slot, there);
      this.#shared[base + lag] = shared;
      this.#notes[base + lag] = notesThere;
      const isSame = shared === notes && shared === notesThere;
      if (isSame) suffix[lag] = Math.min((suffix[lag] as number) + shared, LONGEST_SUFFIX);
      else suffix[lag] = shared;
    }
    for (let window = 0; window < WINDOWS; window++) {
      const leaving = ((slot - (this.#windows[window] as number)) & (KEPT - 1)) * MAX_LAGS;
      this.#slide(window * MAX_LAGS, base, leaving);
    }
  }

  #slide(sums: number, coming: number, leaving: number): void {
    const { matches, there, count } = this;
    const shared = this.#shared;
    const notes = this.#notes;
    for (let lag = 0; lag < count; lag++) {
      const at = sums + lag;
      matches[at] =
        (matches[at] as number) +
        (shared[coming + lag] as number) -
        (shared[leaving + lag] as number);
      there[at] =
        (there[at] as number) + (notes[coming + lag] as number) - (notes[leaving + lag] as number);
    }
  }

  #score(keys: SlotKeys): void {
    for (let window = 0; window < WINDOWS; window++) {
      const base = window * MAX_LAGS;
      const from = this.#known - (this.#windows[window] as number);
      const here = keys.between(from, this.#known);
      this.here[window] = here;
      for (let at = base; at < base + this.count; at++) {
        this.dice[at] = diceOf(this.matches[at] as number, here + (this.there[at] as number));
      }
    }
  }
}

/** Twice the notes in common over all notes of both. */
export function diceOf(shared: number, notes: number): number {
  return (2 * shared + PRIOR) / (notes + 2 * PRIOR);
}
