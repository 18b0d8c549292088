/**
 * What an onset says about the place in the bar, and what it says that none came: for each pattern of accents.
 *
 * Takes  the kinds of onset of a frame. Gives factors by bin of each pattern's bar; onsets are taken for a Poisson process.
 * Keeps  which kinds are part of the music now: what nobody plays is not missed. Nothing is allocated after it is made.
 */
import { type AccentPattern, BINS_A_BEAT } from './beat-tracker-accents.ts';
import { KINDS } from './beat-tracker-onsets.ts';
import { MOST_BEATS } from './beat-tracker-tempos.ts';

/** Bins that are before the bar in `expected`. */
export const BEFORE = 16;

/** A kind of onset counts as part of the music for so many frames after it was heard last. */
const PRESENT_FRAMES = 300;
/** Notes happen anywhere: share of a kind's mean rate that is the least everywhere. */
const ANYWHERE = 0.12;

export class Expectations {
  readonly patterns: readonly AccentPattern[];
  /** What was heard makes of each bin, MOST_BEATS beats a pattern. */
  readonly factor: Float64Array;
  /** The mean of the factors. */
  factorAnywhere = 1;
  /** Onsets expected from the beginning to a bin (summed up, by pattern), from BEFORE bins before the bar on. */
  readonly expected: readonly Float64Array[];
  readonly #rates: readonly Float64Array[];
  readonly #logs: readonly Float64Array[];
  readonly #power: number;
  readonly #heardAt = new Float64Array(KINDS);
  readonly #present = new Uint8Array(KINDS);

  constructor(patterns: readonly AccentPattern[], power: number) {
    this.patterns = patterns;
    this.#power = power;
    this.factor = new Float64Array(patterns.length * MOST_BEATS * BINS_A_BEAT);
    this.expected = patterns.map(({ beats }) => new Float64Array(BEFORE + beats * BINS_A_BEAT));
    this.#rates = patterns.map(({ rates, beats }) => withLeast(rates, beats * BINS_A_BEAT));
    this.#logs = this.#rates.map((rates) => rates.map((rate) => Math.log(rate)));
  }

  restart(): void {
    this.#present.fill(0);
    this.#sumUp();
  }

  /** Sets `factor`; gives the sum of the weights. */
  hear(weight: Float64Array, frame: number): number {
    let sum = 0;
    let isNew = false;
    for (let kind = 0; kind < KINDS; kind++) {
      if (weight[kind] === 0) continue;
      sum += weight[kind] as number;
      this.#heardAt[kind] = frame;
      if (this.#present[kind] === 1) continue;
      this.#present[kind] = 1;
      isNew = true;
    }
    if (isNew) this.#sumUp();
    if (sum === 0) return 0;
    this.factorAnywhere = 0;
    for (let p = 0; p < this.patterns.length; p++) this.#setFactors(p, weight);
    return sum;
  }

  /** What was not heard for long is no part of the music any more. */
  forget(frame: number): void {
    let isGone = false;
    for (let kind = 0; kind < KINDS; kind++) {
      if (this.#present[kind] === 0) continue;
      if (frame - (this.#heardAt[kind] as number) < PRESENT_FRAMES) continue;
      this.#present[kind] = 0;
      isGone = true;
    }
    if (isGone) this.#sumUp();
  }

  #setFactors(p: number, weight: Float64Array): void {
    const pattern = this.patterns[p];
    const logs = this.#logs[p];
    if (!(pattern && logs)) return;
    const bins = pattern.beats * BINS_A_BEAT;
    const at = p * MOST_BEATS * BINS_A_BEAT;
    let sum = 0;
    for (let bin = 0; bin < bins; bin++) {
      let log = 0;
      for (let kind = 0; kind < KINDS; kind++) {
        const heard = weight[kind] as number;
        if (heard !== 0) log += heard * (logs[kind * bins + bin] as number);
      }
      const factor = Math.exp(this.#power * log);
      this.factor[at + bin] = factor;
      sum += factor;
    }
    this.factorAnywhere += (sum / bins) * pattern.share;
  }

  #sumUp(): void {
    for (let p = 0; p < this.expected.length; p++) {
      const expected = this.expected[p];
      const rates = this.#rates[p];
      if (!(expected && rates)) continue;
      const bins = expected.length - BEFORE;
      let sum = 0;
      for (let place = 0; place < expected.length; place++) {
        const bin = (place - BEFORE + bins) % bins;
        for (let kind = 0; kind < KINDS; kind++) {
          if (this.#present[kind] === 1) sum += rates[kind * bins + bin] as number;
        }
        expected[place] = sum;
      }
    }
  }
}

function withLeast(rates: Float64Array, bins: number): Float64Array {
  const out = new Float64Array(rates.length);
  for (let kind = 0; kind < KINDS; kind++) {
    const own = rates.subarray(kind * bins, (kind + 1) * bins);
    const mean = own.reduce((sum, rate) => sum + rate, 0) / bins;
    const least = ANYWHERE * mean + 1e-4;
    for (let bin = 0; bin < bins; bin++) {
      out[kind * bins + bin] = (1 - ANYWHERE) * (own[bin] ?? 0) + least;
    }
  }
  return out;
}
