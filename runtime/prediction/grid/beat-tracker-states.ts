/**
 * Where in which bar the music is, at which tempo: all possibilities side by side, each with its probability.
 *
 * Takes  closed frames of onsets, one after the other.
 * Gives  probabilities by tempo and place in the beat, and by metre and place in the bar.
 * Keeps  a probability for each pattern of accents, tempo and frame of its bar (the bar pointer of Whiteley, Cemgil and Godsill
 *        2006 in the state space of Krebs, Boeck and Widmer 2015). A possibility moves on by a frame without being touched: bars
 *        are rings that turn. Tempo changes on beats only. What is heard multiplies all of them: exact forward filter.
 * Lane   2. Nothing is allocated after it is made.
 */
import { type AccentPattern, BINS_A_BEAT } from './beat-tracker-accents.ts';
import { FRAME, KINDS } from './beat-tracker-onsets.ts';

export interface StatesInit {
  readonly patterns: readonly AccentPattern[];
  /** Frames of a beat, at the fastest and at the slowest tempo. */
  readonly shortest: number;
  readonly longest: number;
  readonly tuning: Tuning;
}

/** Found on the development set (tests/bench/beat-tracking.ts). */
export interface Tuning {
  /** Onsets depend on one another: each counts as so much of an independent one. */
  readonly onsetPower: number;
  readonly restPower: number;
  /** How fast a change of tempo becomes improbable: e-fold per so much relative change, inverse. */
  readonly steadiness: number;
  /** Share of probability that is spread anew over everything each second: what follows sudden changes. */
  readonly surprise: number;
  /** Chance that another pattern begins at a bar line. */
  readonly change: number;
  readonly tempoMean: number;
  /** Of the logarithm. */
  readonly tempoDeviation: number;
}

/** Frames from one account of what was not played to the next. */
export const REST_FRAMES = 4;
/** A kind of onset counts as part of the music for that long after it was heard last. */
const PRESENT_FRAMES = 300;
/** Bins that go by in REST_FRAMES at the fastest tempo, at most. */
const REACH = 16;
const SPACING = 1.033;
/** Relative. */
const SAME_TEMPO = 0.055;
/** Notes happen anywhere: share of a kind's mean rate that is the least everywhere. */
const ANYWHERE = 0.12;

export class BarStates {
  readonly tempos: number;
  /** Frames of a beat, rising. */
  readonly periods: Int32Array;
  /** By tempo and bin of the beat, as `measure` found it; sums to 1. */
  readonly byPhase: Float64Array;
  readonly #patterns: readonly AccentPattern[];
  readonly #tuning: Tuning;
  readonly #mass: Float32Array;
  /** Of a pattern and tempo: where its ring begins, how long it is, and where its bar line is now. */
  readonly #from: Int32Array;
  readonly #length: Int32Array;
  readonly #barLine: Int32Array;
  readonly #prior: Float64Array;
  /** Bins of the frames of four beats, tempo after tempo. */
  readonly #bins: Uint8Array;
  readonly #binsFrom: Int32Array;
  /** Tempo j to i on a beat: a band of each row, from #bandFrom. */
  readonly #band: Float64Array;
  readonly #bandFrom: Int32Array;
  readonly #bandWidth: number;
  readonly #logRates: readonly Float64Array[];
  readonly #rates: readonly Float64Array[];
  /** What the frame that was heard makes of each bin of each pattern's bar. */
  readonly #factor: Float64Array;
  readonly #rest: readonly Float64Array[];
  readonly #lastHeard = new Float64Array(KINDS).fill(Number.NEGATIVE_INFINITY);
  readonly #present = new Uint8Array(KINDS);
  readonly #arrived: Float64Array;
  readonly #spreadArrived: Float64Array;
  #frame = 0;
  /** What `#mass` is to be multiplied by to sum to 1. */
  #unit = 1;

  constructor(init: StatesInit) {
    const { patterns, shortest, longest, tuning } = init;
    this.#patterns = patterns;
    this.#tuning = tuning;
    this.periods = periodsFrom(shortest, longest);
    this.tempos = this.periods.length;
    const rings = patterns.length * this.tempos;
    this.#from = new Int32Array(rings);
    this.#length = new Int32Array(rings);
    this.#barLine = new Int32Array(rings);
    this.#prior = new Float64Array(rings);
    let total = 0;
    for (let ring = 0; ring < rings; ring++) {
      this.#from[ring] = total;
      this.#length[ring] = this.#patternOf(ring).beats * this.periodOf(ring % this.tempos);
      total += this.#length[ring] ?? 0;
    }
    this.#mass = new Float32Array(total);
    this.#binsFrom = new Int32Array(this.tempos);
    let bins = 0;
    for (let tempo = 0; tempo < this.tempos; tempo++) {
      this.#binsFrom[tempo] = bins;
      bins += 4 * this.periodOf(tempo);
    }
    this.#bins = new Uint8Array(bins);
    for (let tempo = 0; tempo < this.tempos; tempo++) {
      const period = this.periodOf(tempo);
      const at = this.#binsFrom[tempo] ?? 0;
      for (let k = 0; k < 4 * period; k++) {
        this.#bins[at + k] = Math.round((k * BINS_A_BEAT) / period) % (4 * BINS_A_BEAT);
      }
    }
    this.#bandWidth = 7;
    this.#band = new Float64Array(this.tempos * this.#bandWidth);
    this.#bandFrom = new Int32Array(this.tempos);
    this.#arrived = new Float64Array(patterns.length * this.tempos);
    this.#spreadArrived = new Float64Array(this.tempos);
    this.byPhase = new Float64Array(this.tempos * BINS_A_BEAT);
    this.#rates = patterns.map(({ rates, beats }) => floored(rates, beats * BINS_A_BEAT));
    this.#logRates = this.#rates.map((rates) => rates.map((rate) => Math.log(rate)));
    this.#factor = new Float64Array(patterns.length * 4 * BINS_A_BEAT);
    this.#rest = patterns.map(({ beats }) => new Float64Array(beats * BINS_A_BEAT + REACH));
    this.#setBand();
    this.#setPrior();
    this.restart();
  }

  periodOf(tempo: number): number {
    return this.periods[tempo] ?? 1;
  }

  /** Nothing is known. */
  restart(): void {
    this.#spread();
    this.#lastHeard.fill(Number.NEGATIVE_INFINITY);
    this.#present.fill(0);
    for (const rest of this.#rest) rest.fill(0);
  }

  /** A frame goes by; in silence, tempos stay. */
  step(moves: boolean): void {
    this.#frame++;
    const { tempos } = this;
    for (let ring = 0; ring < this.#barLine.length; ring++) {
      const line = this.#barLine[ring] ?? 0;
      this.#barLine[ring] = line === 0 ? (this.#length[ring] ?? 1) - 1 : line - 1;
    }
    if (!moves) return;
    for (let beats = 3; beats <= 4; beats++) {
      for (let beat = 0; beat < beats; beat++) this.#cross(beats, beat, tempos);
    }
  }

  /** Weights of the kinds of onset of the frame. */
  hear(weight: Float64Array): void {
    const { onsetPower } = this.#tuning;
    let sum = 0;
    for (let kind = 0; kind < KINDS; kind++) {
      const heard = weight[kind] ?? 0;
      if (heard === 0) continue;
      sum += heard;
      this.#lastHeard[kind] = this.#frame;
      if (this.#present[kind] === 0) {
        this.#present[kind] = 1;
        this.#setRest();
      }
    }
    if (sum === 0) return;
    for (let p = 0; p < this.#patterns.length; p++) {
      const logs = this.#logRates[p];
      const bins = (this.#patterns[p]?.beats ?? 4) * BINS_A_BEAT;
      const at = p * 4 * BINS_A_BEAT;
      if (!logs) continue;
      for (let bin = 0; bin < bins; bin++) {
        let log = 0;
        for (let kind = 0; kind < KINDS; kind++) {
          const heard = weight[kind] ?? 0;
          if (heard !== 0) log += heard * (logs[kind * bins + bin] ?? 0);
        }
        this.#factor[at + bin] = Math.exp(onsetPower * log);
      }
    }
    let total = 0;
    for (let ring = 0; ring < this.#from.length; ring++) {
      const tempo = ring % this.tempos;
      // Rates are by the beat: in a frame of a fast tempo more of them is expected.
      const gain = this.#unit * (22 / this.periodOf(tempo)) ** (onsetPower * sum);
      const at = Math.floor(ring / this.tempos) * 4 * BINS_A_BEAT;
      total += this.#multiply(ring, tempo, at, gain);
    }
    this.#scale(total);
  }

  /** To be called every REST_FRAMES: where something was expected and did not come, less is probable. */
  rest(): void {
    for (let kind = 0; kind < KINDS; kind++) {
      if (this.#present[kind] === 0) continue;
      if (this.#frame - (this.#lastHeard[kind] ?? 0) < PRESENT_FRAMES) continue;
      this.#present[kind] = 0;
      this.#setRest();
    }
    let total = 0;
    const anew = (this.#tuning.surprise * REST_FRAMES * FRAME) / 1e6;
    for (let ring = 0; ring < this.#from.length; ring++) {
      const tempo = ring % this.tempos;
      const rest = this.#rest[Math.floor(ring / this.tempos)];
      const share = (anew * (this.#prior[ring] ?? 0)) / (this.#length[ring] ?? 1);
      if (rest) total += this.#expect(ring, tempo, rest, share);
    }
    this.#scale(total);
  }

  /** Fills `byPhase`. */
  measure(): void {
    this.byPhase.fill(0);
    const unit = this.#unit;
    for (let ring = 0; ring < this.#from.length; ring++) {
      const tempo = ring % this.tempos;
      const from = this.#from[ring] ?? 0;
      const length = this.#length[ring] ?? 0;
      const bins = this.#binsFrom[tempo] ?? 0;
      const row = tempo * BINS_A_BEAT;
      let slot = this.#barLine[ring] ?? 0;
      for (let k = 0; k < length; k++) {
        const place = row + ((this.#bins[bins + k] ?? 0) % BINS_A_BEAT);
        this.byPhase[place] = (this.byPhase[place] as number) + unit * (this.#mass[from + slot] as number);
        if (++slot === length) slot = 0;
      }
    }
  }

  /**
   * Probabilities of metre and beat of the bar, of all that agree with that tempo and phase: `into` gets three of bars of three
   * and four of bars of four, by how many beats ago the bar began.
   */
  measureBar(period: number, phase: number, into: Float64Array): void {
    into.fill(0);
    for (let p = 0; p < this.#patterns.length; p++) {
      const beats = this.#patterns[p]?.beats ?? 4;
      for (let tempo = 0; tempo < this.tempos; tempo++) {
        if (!isSameTempo(this.periodOf(tempo), period)) continue;
        const ring = p * this.tempos + tempo;
        const length = this.#length[ring] ?? 0;
        const own = this.periodOf(tempo);
        const from = this.#from[ring] ?? 0;
        const reach = Math.round(own * 0.12);
        for (let beat = 0; beat < beats; beat++) {
          let sum = 0;
          const middle = Math.round((beat + phase) * own);
          for (let k = middle - reach; k <= middle + reach; k++) {
            const slot = ((this.#barLine[ring] ?? 0) + k + length) % length;
            sum += this.#mass[from + slot] ?? 0;
          }
          const place = beats === 3 ? beat : 3 + beat;
          into[place] = (into[place] ?? 0) + this.#unit * sum;
        }
      }
    }
  }

  #patternOf(ring: number): AccentPattern {
    const pattern = this.#patterns[Math.floor(ring / this.tempos)];
    if (!pattern) throw new RangeError('no such ring');
    return pattern;
  }

  /** What has just reached that beat changes its tempo a little; on bar lines, its pattern. */
  #cross(beats: number, beat: number, tempos: number): void {
    const arrived = this.#arrived;
    for (let p = 0; p < this.#patterns.length; p++) {
      if (this.#patterns[p]?.beats !== beats) continue;
      const row = p * tempos;
      for (let tempo = 0; tempo < tempos; tempo++) {
        arrived[row + tempo] = this.#mass[this.#slotOf(row + tempo, beat)] ?? 0;
      }
      const out = this.#spreadArrived;
      out.fill(0);
      for (let tempo = 0; tempo < tempos; tempo++) {
        const mass = arrived[row + tempo] ?? 0;
        if (mass < 1e-12) {
          out[tempo] = (out[tempo] ?? 0) + mass;
          continue;
        }
        const first = this.#bandFrom[tempo] ?? 0;
        const band = tempo * this.#bandWidth;
        for (let j = 0; j < this.#bandWidth && first + j < tempos; j++) {
          out[first + j] = (out[first + j] ?? 0) + mass * (this.#band[band + j] ?? 0);
        }
      }
      arrived.set(out, row);
    }
    const change = beat === 0 ? this.#tuning.change : 0;
    for (let tempo = 0; tempo < tempos; tempo++) {
      let all = 0;
      let shares = 0;
      if (change > 0) {
        for (let p = 0; p < this.#patterns.length; p++) {
          const pattern = this.#patterns[p];
          if (pattern?.beats !== beats) continue;
          all += arrived[p * tempos + tempo] ?? 0;
          shares += pattern.share;
        }
      }
      for (let p = 0; p < this.#patterns.length; p++) {
        const pattern = this.#patterns[p];
        if (pattern?.beats !== beats) continue;
        const own = arrived[p * tempos + tempo] ?? 0;
        const mixed = change > 0 ? (change * all * pattern.share) / shares : 0;
        this.#mass[this.#slotOf(p * tempos + tempo, beat)] = (1 - change) * own + mixed;
      }
    }
  }

  #slotOf(ring: number, beat: number): number {
    const length = this.#length[ring] ?? 1;
    const slot = (this.#barLine[ring] ?? 0) + beat * this.periodOf(ring % this.tempos);
    return (this.#from[ring] ?? 0) + (slot >= length ? slot - length : slot);
  }

  #multiply(ring: number, tempo: number, at: number, gain: number): number {
    const mass = this.#mass;
    const factor = this.#factor;
    const bins = this.#bins;
    const from = this.#from[ring] ?? 0;
    const length = this.#length[ring] ?? 0;
    const line = this.#barLine[ring] ?? 0;
    let bin = this.#binsFrom[tempo] ?? 0;
    let total = 0;
    for (let i = from + line; i < from + length; i++) {
      const value = (mass[i] as number) * (factor[at + (bins[bin++] as number)] as number) * gain;
      mass[i] = value;
      total += value;
    }
    for (let i = from; i < from + line; i++) {
      const value = (mass[i] as number) * (factor[at + (bins[bin++] as number)] as number) * gain;
      mass[i] = value;
      total += value;
    }
    return total;
  }

  #expect(ring: number, tempo: number, rest: Float64Array, anew: number): number {
    const unit = this.#unit;
    const mass = this.#mass;
    const bins = this.#bins;
    const from = this.#from[ring] ?? 0;
    const length = this.#length[ring] ?? 0;
    const line = this.#barLine[ring] ?? 0;
    // The bins that went by since the last time, REACH of them at most.
    const width = Math.round((REST_FRAMES * BINS_A_BEAT) / this.periodOf(tempo));
    const scale =
      ((this.#tuning.restPower * REST_FRAMES) / this.periodOf(tempo)) / width;
    const before = REACH - width;
    const first = this.#binsFrom[tempo] ?? 0;
    let total = 0;
    let bin = first;
    for (let i = from + line; i < from + length; i++) {
      const now = bins[bin++] as number;
      const x = scale * ((rest[now + REACH] as number) - (rest[now + before] as number));
      // About exp(-x), and never below zero.
      const value = (unit * (mass[i] as number)) / (1 + x + 0.5 * x * x) + anew;
      mass[i] = value;
      total += value;
    }
    for (let i = from; i < from + line; i++) {
      const now = bins[bin++] as number;
      const x = scale * ((rest[now + REACH] as number) - (rest[now + before] as number));
      const value = (unit * (mass[i] as number)) / (1 + x + 0.5 * x * x) + anew;
      mass[i] = value;
      total += value;
    }
    return total;
  }

  #scale(total: number): void {
    this.#unit = 1 / total;
    if (total > 1e-30) return;
    this.#mass.fill(0);
    this.#spread();
  }

  #spread(): void {
    this.#unit = 1;
    for (let ring = 0; ring < this.#from.length; ring++) {
      const from = this.#from[ring] ?? 0;
      const length = this.#length[ring] ?? 1;
      const each = (this.#prior[ring] ?? 0) / length;
      for (let i = from; i < from + length; i++) this.#mass[i] = each;
    }
  }

  #setRest(): void {
    for (let p = 0; p < this.#rest.length; p++) {
      const rest = this.#rest[p];
      const rates = this.#rates[p];
      if (!rest || !rates) continue;
      const bins = rest.length - REACH;
      let sum = 0;
      for (let place = 0; place < rest.length; place++) {
        const bin = (place - REACH + bins) % bins;
        for (let kind = 0; kind < KINDS; kind++) {
          if (this.#present[kind] === 1) sum += rates[kind * bins + bin] ?? 0;
        }
        rest[place] = sum;
      }
    }
  }

  #setBand(): void {
    const { tempos } = this;
    const half = (this.#bandWidth - 1) / 2;
    for (let tempo = 0; tempo < tempos; tempo++) {
      const first = Math.max(0, Math.min(tempo - half, tempos - this.#bandWidth));
      this.#bandFrom[tempo] = first;
      let sum = 0;
      for (let j = 0; j < this.#bandWidth; j++) {
        const ratio = Math.abs(Math.log(this.periodOf(first + j) / this.periodOf(tempo)));
        const share = Math.exp(-this.#tuning.steadiness * ratio);
        this.#band[tempo * this.#bandWidth + j] = share;
        sum += share;
      }
      for (let j = 0; j < this.#bandWidth; j++) {
        const i = tempo * this.#bandWidth + j;
        this.#band[i] = (this.#band[i] ?? 0) / sum;
      }
    }
  }

  #setPrior(): void {
    let sum = 0;
    for (let ring = 0; ring < this.#prior.length; ring++) {
      const period = this.periodOf(ring % this.tempos);
      const bpm = 60e6 / (period * FRAME);
      const x = Math.log(bpm / this.#tuning.tempoMean) / this.#tuning.tempoDeviation;
      // Fast tempos are farther apart.
      const width = Math.max(1 / period, SPACING - 1);
      const value = Math.exp(-0.5 * x * x) * width * this.#patternOf(ring).share;
      this.#prior[ring] = value;
      sum += value;
    }
    for (let ring = 0; ring < this.#prior.length; ring++) {
      this.#prior[ring] = (this.#prior[ring] ?? 0) / sum;
    }
  }
}

/** Whether a tempo on the list stands for that period, too. */
export function isSameTempo(listed: number, period: number): boolean {
  return Math.abs(listed - period) <= Math.max(0.75, SAME_TEMPO * period);
}

/** Each is longer by at least SPACING. */
function periodsFrom(shortest: number, longest: number): Int32Array {
  const periods: number[] = [];
  for (let exact = shortest; exact <= longest; exact = Math.max(exact + 1, exact * SPACING)) {
    periods.push(Math.round(exact));
  }
  return Int32Array.from(new Set(periods));
}

/** Notes happen anywhere. */
function floored(rates: Float64Array, bins: number): Float64Array {
  const out = new Float64Array(rates.length);
  for (let kind = 0; kind < KINDS; kind++) {
    let mean = 0;
    for (let bin = 0; bin < bins; bin++) mean += (rates[kind * bins + bin] ?? 0) / bins;
    for (let bin = 0; bin < bins; bin++) {
      const i = kind * bins + bin;
      out[i] = (1 - ANYWHERE) * (rates[i] ?? 0) + ANYWHERE * mean + 1e-4;
    }
  }
  return out;
}
