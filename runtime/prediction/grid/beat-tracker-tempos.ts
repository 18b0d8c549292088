/**
 * The tempos that the beat tracker thinks possible, in frames a beat, and what goes with each.
 *
 * Takes  the fastest and slowest, and how likely tempos and changes are. Gives tables that never change.
 */
import { BINS_A_BEAT } from './beat-tracker-accents.ts';
import { FRAME } from './beat-tracker-onsets.ts';

export interface TempoListInit {
  /** Frames of a beat. */
  readonly shortest: number;
  readonly longest: number;
  /** Beats a minute. */
  readonly mean: number;
  /** Of the logarithm. */
  readonly deviation: number;
  /** How fast a change of tempo from one beat to the next becomes improbable: e-fold per relative change, inverse. */
  readonly steadiness: number;
}

/** Tempos that one can become on a beat. */
export const BAND = 7;
/** Bars are four beats long at most. */
export const MOST_BEATS = 4;

const SPACING = 1.033;
/** Relative. */
const SAME_TEMPO = 0.055;

export class TempoList {
  /** Frames of a beat, rising. */
  readonly periods: Int32Array;
  /** How likely each is at the start; sums to 1. */
  readonly prior: Float64Array;
  /** The bin of each frame of MOST_BEATS beats, tempo after tempo. */
  readonly bins: Uint8Array;
  readonly binsFrom: Int32Array;
  /** Chances that a tempo becomes another: BAND of them for each, of the tempos from `bandFrom` on. */
  readonly band: Float64Array;
  readonly bandFrom: Int32Array;

  constructor(init: TempoListInit) {
    this.periods = periodsFrom(init.shortest, init.longest);
    const count = this.periods.length;
    this.prior = new Float64Array(count);
    this.binsFrom = new Int32Array(count);
    this.band = new Float64Array(count * BAND);
    this.bandFrom = new Int32Array(count);
    this.bins = new Uint8Array(MOST_BEATS * this.periods.reduce((sum, period) => sum + period, 0));
    let from = 0;
    for (const [tempo, period] of this.periods.entries()) {
      this.binsFrom[tempo] = from;
      for (let frame = 0; frame < MOST_BEATS * period; frame++) {
        const bin = Math.round((frame * BINS_A_BEAT) / period) % (MOST_BEATS * BINS_A_BEAT);
        this.bins[from + frame] = bin;
      }
      from += MOST_BEATS * period;
      const away = Math.log(60e6 / (period * FRAME) / init.mean) / init.deviation;
      // Fast tempos are farther apart.
      this.prior[tempo] = Math.exp(-0.5 * away * away) * Math.max(1 / period, SPACING - 1);
      this.#setBand(tempo, init.steadiness);
    }
    const sum = this.prior.reduce((total, share) => total + share, 0);
    for (let tempo = 0; tempo < count; tempo++) this.prior[tempo] = (this.prior[tempo] ?? 0) / sum;
  }

  get count(): number {
    return this.periods.length;
  }

  /** Whether that tempo stands for a period (frames), too. */
  covers(tempo: number, period: number): boolean {
    const away = Math.abs((this.periods[tempo] ?? 0) - period);
    return away <= Math.max(0.75, SAME_TEMPO * period);
  }

  #setBand(tempo: number, steadiness: number): void {
    const { periods, band } = this;
    const last = periods.length - BAND;
    const first = Math.max(0, Math.min(tempo - (BAND - 1) / 2, last));
    this.bandFrom[tempo] = first;
    let sum = 0;
    for (let j = 0; j < BAND; j++) {
      const change = Math.abs(Math.log((periods[first + j] ?? 1) / (periods[tempo] ?? 1)));
      const chance = Math.exp(-steadiness * change);
      band[tempo * BAND + j] = chance;
      sum += chance;
    }
    for (let j = 0; j < BAND; j++) {
      band[tempo * BAND + j] = (band[tempo * BAND + j] ?? 0) / sum;
    }
  }
}

/** Each is longer by SPACING, or by a frame. */
function periodsFrom(shortest: number, longest: number): Int32Array {
  const periods = new Set<number>();
  for (let exact = shortest; exact <= longest; exact = Math.max(exact + 1, exact * SPACING)) {
    periods.add(Math.round(exact));
  }
  return Int32Array.from(periods);
}
