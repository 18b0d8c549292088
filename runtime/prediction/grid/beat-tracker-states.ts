/**
 * Where in which bar the music is, at which tempo: all possibilities side by side, each with its probability.
 *
 * Takes  closed frames of onsets, one after the other.
 * Gives  probabilities by tempo and place in the beat, and by metre and place in the bar.
 * Keeps  a probability for each pattern of accents, tempo and frame of its bar: the bar pointer of Whiteley, Cemgil and Godsill
 *        (ISMIR 2006) in the state space of Krebs, Boeck and Widmer (ISMIR 2015). Bars are rings that turn, so a possibility
 *        moves on by a frame without being touched; tempo changes on beats only; what is heard multiplies all of them.
 * Lane   2. Nothing is allocated after it is made.
 */
import { type AccentPattern, BINS_A_BEAT } from './beat-tracker-accents.ts';
import { BEFORE, Expectations } from './beat-tracker-expectations.ts';
import { FRAME } from './beat-tracker-onsets.ts';
import { BAND, MOST_BEATS, TempoList, type TempoListInit } from './beat-tracker-tempos.ts';

/** Tuned on development sets (tests/bench/beat-tracking.ts). */
export interface StatesInit {
  readonly patterns: readonly AccentPattern[];
  readonly tempos: TempoListInit;
  /** Onsets depend on one another: each counts as so much of an independent one; and what does not come. */
  readonly onsetPower: number;
  readonly restPower: number;
  /** Share of probability that is spread anew over everything each second: how sudden changes are followed. */
  readonly surprise: number;
  /** Chance that another pattern begins at a bar line. */
  readonly change: number;
}

/** Frames from one account of what was not played to the next. */
export const REST_FRAMES = 4;
/** Less of what reaches a beat is not worth the work. */
const LEAST = 1e-6;
/** Frames of a beat at which rates are taken as they are. */
const USUAL_PERIOD = 22;
/** Of a beat: how far beside it still counts as on the beat. */
const BESIDE = 0.12;

export class BarStates {
  readonly tempos: TempoList;
  /** By tempo and bin of the beat, as `measure` found it; sums to 1. */
  readonly byPhase: Float64Array;
  readonly #init: StatesInit;
  readonly #patterns: readonly AccentPattern[];
  readonly #expectations: Expectations;
  readonly #mass: Float32Array;
  /** What `#mass` is to be multiplied by to sum to 1. */
  #unit = 1;
  /** Of a pattern and tempo: where its ring begins, how long it is, and where its bar line is now. */
  readonly #from: Int32Array;
  readonly #length: Int32Array;
  readonly #barLine: Int32Array;
  /** Share of a possibility of that ring when nothing is known. */
  readonly #prior: Float64Array;
  readonly #changed: Float64Array;
  readonly #together: Float64Array;
  #frame = 0;

  constructor(init: StatesInit) {
    this.#init = init;
    this.#patterns = init.patterns;
    this.#expectations = new Expectations(init.patterns, init.onsetPower);
    this.tempos = new TempoList(init.tempos);
    const { count, periods, prior } = this.tempos;
    const rings = init.patterns.length * count;
    this.#from = new Int32Array(rings);
    this.#length = new Int32Array(rings);
    this.#barLine = new Int32Array(rings);
    this.#prior = new Float64Array(rings);
    const shares = init.patterns.reduce((sum, { share }) => sum + share, 0);
    let from = 0;
    for (const [p, { beats, share }] of init.patterns.entries()) {
      for (let tempo = 0; tempo < count; tempo++) {
        const ring = p * count + tempo;
        const length = beats * (periods[tempo] ?? 1);
        this.#from[ring] = from;
        this.#length[ring] = length;
        this.#prior[ring] = ((prior[tempo] ?? 0) * share) / shares / length;
        from += length;
      }
    }
    this.#mass = new Float32Array(from);
    this.#changed = new Float64Array(count);
    this.#together = new Float64Array(count);
    this.byPhase = new Float64Array(count * BINS_A_BEAT);
    this.restart();
  }

  /** Nothing is known. */
  restart(): void {
    this.#spread();
    this.#expectations.restart();
  }

  /** A frame goes by. In a pause, tempos stay as they are. */
  step(isPause: boolean): void {
    this.#frame++;
    for (let ring = 0; ring < this.#barLine.length; ring++) {
      const line = this.#barLine[ring] as number;
      this.#barLine[ring] = line === 0 ? (this.#length[ring] as number) - 1 : line - 1;
    }
    if (isPause) return;
    for (let beats = 3; beats <= MOST_BEATS; beats++) {
      for (let beat = 0; beat < beats; beat++) this.#cross(beats, beat);
    }
  }

  /**
   * Weights of the kinds of onset of the frame. Gives how well they were expected: the logarithm of their probability where the
   * music was believed to be, against anywhere in the bar.
   */
  hear(weight: Float64Array): number {
    const sum = this.#expectations.hear(weight, this.#frame);
    if (sum === 0) return 0;
    const power = this.#init.onsetPower * sum;
    const { count, periods } = this.tempos;
    let total = 0;
    let expected = 0;
    for (let ring = 0; ring < this.#from.length; ring++) {
      const tempo = ring % count;
      // Rates are by the beat: a frame of a fast tempo has more of them.
      const gain = (USUAL_PERIOD / (periods[tempo] as number)) ** power;
      const pattern = (ring - tempo) / count;
      const sumOfRing = this.#multiply(ring, tempo, pattern, gain * this.#unit);
      total += sumOfRing;
      expected += sumOfRing / gain;
    }
    this.#scale(total);
    return Math.log(expected / this.#expectations.factorAnywhere);
  }

  /** To be called every REST_FRAMES: where something was expected and did not come, less is probable. */
  rest(): void {
    this.#expectations.forget(this.#frame);
    const anew = (this.#init.surprise * REST_FRAMES * FRAME) / 1e6;
    const { count } = this.tempos;
    let total = 0;
    for (let ring = 0; ring < this.#from.length; ring++) {
      const tempo = ring % count;
      const expected = this.#expectations.expected[(ring - tempo) / count];
      if (expected) total += this.#miss(ring, tempo, expected, anew);
    }
    this.#scale(total);
  }

  /** Fills `byPhase`. */
  measure(): void {
    const { byPhase } = this;
    const { bins, binsFrom, count } = this.tempos;
    const mass = this.#mass;
    const unit = this.#unit;
    byPhase.fill(0);
    for (let ring = 0; ring < this.#from.length; ring++) {
      const tempo = ring % count;
      const from = this.#from[ring] as number;
      const length = this.#length[ring] as number;
      const row = tempo * BINS_A_BEAT;
      let bin = binsFrom[tempo] as number;
      let slot = this.#barLine[ring] as number;
      for (let frame = 0; frame < length; frame++) {
        const place = row + ((bins[bin++] as number) % BINS_A_BEAT);
        byPhase[place] = (byPhase[place] as number) + unit * (mass[from + slot] as number);
        if (++slot === length) slot = 0;
      }
    }
  }

  /**
   * Probabilities of metre and beat of the bar among all that agree with that period (frames) and phase (beats, around 0): `into`
   * gets three of bars of three and four of bars of four, by how many beats ago the bar began.
   */
  measureBar(period: number, phase: number, into: Float64Array): void {
    into.fill(0);
    const { count } = this.tempos;
    for (let ring = 0; ring < this.#from.length; ring++) {
      const tempo = ring % count;
      if (!this.tempos.covers(tempo, period)) continue;
      const beats = this.#patterns[(ring - tempo) / count]?.beats ?? MOST_BEATS;
      for (let beat = 0; beat < beats; beat++) {
        const place = beats === 3 ? beat : 3 + beat;
        into[place] = (into[place] as number) + this.#massAround(ring, beat + phase);
      }
    }
  }

  #massAround(ring: number, place: number): number {
    const length = this.#length[ring] as number;
    const from = this.#from[ring] as number;
    const period = this.tempos.periods[ring % this.tempos.count] as number;
    const middle = Math.round(place * period) + length + (this.#barLine[ring] as number);
    const reach = Math.round(period * BESIDE);
    let sum = 0;
    for (let slot = middle - reach; slot <= middle + reach; slot++) {
      sum += this.#mass[from + (slot % length)] as number;
    }
    return sum * this.#unit;
  }

  /** What has just reached that beat changes its tempo a little; on bar lines, its pattern. */
  #cross(beats: number, beat: number): void {
    const { count } = this.tempos;
    const { change } = this.#init;
    this.#together.fill(0);
    const least = LEAST / this.#unit;
    let shares = 0;
    for (let p = 0; p < this.#patterns.length; p++) {
      if (this.#patterns[p]?.beats !== beats) continue;
      shares += this.#patterns[p]?.share ?? 0;
      this.#changeTempo(p * count, beat, least);
    }
    if (beat > 0) return;
    for (let p = 0; p < this.#patterns.length; p++) {
      if (this.#patterns[p]?.beats !== beats) continue;
      const share = (change * (this.#patterns[p]?.share ?? 0)) / shares;
      for (let tempo = 0; tempo < count; tempo++) {
        const all = this.#together[tempo] as number;
        if (all < least) continue;
        const slot = this.#slotOf(p * count + tempo, beat);
        this.#mass[slot] = (1 - change) * (this.#mass[slot] as number) + share * all;
      }
    }
  }

  /** Of one pattern; what there is then is added to `#together`. */
  #changeTempo(row: number, beat: number, least: number): void {
    const { count, band, bandFrom } = this.tempos;
    const mass = this.#mass;
    const changed = this.#changed;
    let any = false;
    changed.fill(0);
    for (let tempo = 0; tempo < count; tempo++) {
      const own = mass[this.#slotOf(row + tempo, beat)] as number;
      if (own < least) {
        changed[tempo] = (changed[tempo] as number) + own;
        continue;
      }
      any = true;
      const first = bandFrom[tempo] as number;
      for (let j = 0; j < BAND; j++) {
        const chance = band[tempo * BAND + j] as number;
        changed[first + j] = (changed[first + j] as number) + own * chance;
      }
    }
    if (!any) return;
    for (let tempo = 0; tempo < count; tempo++) {
      const own = changed[tempo] as number;
      mass[this.#slotOf(row + tempo, beat)] = own;
      this.#together[tempo] = (this.#together[tempo] as number) + own;
    }
  }

  #slotOf(ring: number, beat: number): number {
    const length = this.#length[ring] as number;
    const period = this.tempos.periods[ring % this.tempos.count] as number;
    const slot = (this.#barLine[ring] as number) + beat * period;
    return (this.#from[ring] as number) + (slot >= length ? slot - length : slot);
  }

  #multiply(ring: number, tempo: number, pattern: number, gain: number): number {
    const mass = this.#mass;
    const { factor } = this.#expectations;
    const { bins } = this.tempos;
    const at = pattern * MOST_BEATS * BINS_A_BEAT;
    const from = this.#from[ring] as number;
    const end = from + (this.#length[ring] as number);
    const line = from + (this.#barLine[ring] as number);
    let bin = this.tempos.binsFrom[tempo] as number;
    let total = 0;
    for (let i = line; i < end; i++) {
      const value = (mass[i] as number) * (factor[at + (bins[bin++] as number)] as number) * gain;
      mass[i] = value;
      total += value;
    }
    for (let i = from; i < line; i++) {
      const value = (mass[i] as number) * (factor[at + (bins[bin++] as number)] as number) * gain;
      mass[i] = value;
      total += value;
    }
    return total;
  }

  #miss(ring: number, tempo: number, expected: Float64Array, anew: number): number {
    const mass = this.#mass;
    const unit = this.#unit;
    const { bins } = this.tempos;
    const from = this.#from[ring] as number;
    const end = from + (this.#length[ring] as number);
    const line = from + (this.#barLine[ring] as number);
    const share = anew * (this.#prior[ring] as number);
    const beats = REST_FRAMES / (this.tempos.periods[tempo] as number);
    // The bins that went by since the last time.
    const width = Math.round(beats * BINS_A_BEAT);
    const scale = (this.#init.restPower * beats) / width;
    const before = BEFORE - width;
    let bin = this.tempos.binsFrom[tempo] as number;
    let total = 0;
    for (let turn = 0; turn < 2; turn++) {
      const last = turn === 0 ? end : line;
      for (let i = turn === 0 ? line : from; i < last; i++) {
        const now = bins[bin++] as number;
        const x = scale * ((expected[now + BEFORE] as number) - (expected[now + before] as number));
        // About exp(-x).
        const value = (unit * (mass[i] as number)) / (1 + x + 0.5 * x * x) + share;
        mass[i] = value;
        total += value;
      }
    }
    return total;
  }

  #scale(total: number): void {
    this.#unit = 1 / total;
    if (!(total > 1e-30)) this.#spread();
  }

  #spread(): void {
    this.#unit = 1;
    for (let ring = 0; ring < this.#from.length; ring++) {
      const from = this.#from[ring] as number;
      this.#mass.fill(this.#prior[ring] as number, from, from + (this.#length[ring] as number));
    }
  }
}
