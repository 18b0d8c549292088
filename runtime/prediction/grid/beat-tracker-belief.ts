/**
 * Which beat is believed of all that are possible, and since when another one is more probable.
 *
 * Takes  the probabilities of BarStates a few times a second, and the notes one by one.
 * Gives  the beats of a BeatLine: opened when one tempo and phase holds most of the probability, then kept in phase by the notes
 *        on the beat (a Kalman filter of phase and period), replaced when another beat has been clearly more probable for long.
 * Keeps  the doubt about the present beat, and about its bar line.
 */
import type { Instant } from '../../core/time.ts';
import { BINS_A_BEAT } from './beat-tracker-accents.ts';
import type { BeatLine } from './beat-tracker-line.ts';
import { FRAME } from './beat-tracker-onsets.ts';
import { type BarStates, isSameTempo } from './beat-tracker-states.ts';

/** Relative width of a tempo, and of a phase in bins: what is closer is the same beat. */
const SAME_TEMPO = 0.05;
const SAME_BINS = 5;
/** Share of the probability that a beat needs to begin, and seconds it must have it. */
const BEGIN_MASS = 0.5;
const BEGIN_SECONDS = 0.5;
/** Another one is taken when it has had more than `RIVAL`, and the present one less than `WEAK`, for that long. */
const RIVAL = 0.5;
const WEAK = 0.2;
const DOUBT_SECONDS = 1;
const LOOK_SECONDS = (6 * FRAME) / 1e6;
/** Of a beat: notes that are closer count as on the beat. */
const ON_BEAT = 0.14;
/** Spread of notes about the beat (microseconds). */
const NOTE_SPREAD = 25_000;
const PHASE_WANDER = 3_000;
/** Relative, a beat. */
const TEMPO_WANDER = 0.004;

export class BeatBelief {
  changes = 0;
  readonly #states: BarStates;
  readonly #line: BeatLine;
  readonly #bars = new Float64Array(7);
  readonly #rows: Float64Array;
  #known = false;
  #beginning = 0;
  #doubt = 0;
  #barDoubt = 0;
  #firstNote = 0;
  #wholeBeat = 0;
  /** Covariance of phase (us), and period (us). */
  #pp = 0;
  #pq = 0;
  #qq = 0;
  #sure = 0;
  /** What `#find` found. */
  #mass = 0;
  #tempo = 0;
  #bin = 0;
  #period = 0;
  #phase = 0;

  constructor(states: BarStates, line: BeatLine) {
    this.#states = states;
    this.#line = line;
    this.#rows = new Float64Array(states.tempos * BINS_A_BEAT);
  }

  restart(at: number): void {
    this.#known = false;
    this.#beginning = 0;
    this.#doubt = 0;
    this.#barDoubt = 0;
    this.#sure = 0;
    this.#firstNote = at;
    this.#line.confidence = 0;
  }

  advance(now: number): void {
    if (!this.#known) return;
    const line = this.#line;
    line.advance(now);
    while (this.#wholeBeat < line.next) {
      this.#wholeBeat++;
      const tempo = TEMPO_WANDER * line.period;
      this.#pp += 2 * this.#pq + this.#qq + PHASE_WANDER * PHASE_WANDER;
      this.#pq += this.#qq;
      this.#qq += tempo * tempo;
    }
  }

  /** One that was played at `at`. */
  note(at: number, loudness: number): void {
    if (!this.#known) return;
    const line = this.#line;
    const beat = line.beatAt(at as Instant);
    const whole = Math.round(beat);
    if (Math.abs(beat - whole) > ON_BEAT) return;
    const late = at - line.timeOf(whole);
    this.#take(late, (NOTE_SPREAD * NOTE_SPREAD) / loudness, line.next - whole);
  }

  #take(late: number, variance: number, beatsAgo: number): void {
    const line = this.#line;
    const spread = this.#pp + variance;
    const phaseGain = this.#pp / spread;
    const periodGain = this.#pq / spread;
    this.#qq -= periodGain * this.#pq;
    this.#pq -= phaseGain * this.#pq;
    this.#pp -= phaseGain * this.#pp;
    const shift = (phaseGain + periodGain * beatsAgo) * late;
    line.correct(shift, clampPeriod(line.period + periodGain * late));
  }

  /** What is most probable at `at`, the middle of the last closed frame. */
  look(at: number, now: number, silence: number): void {
    this.#states.measure();
    this.#find();
    const line = this.#line;
    if (!this.#known) {
      this.#beginning = this.#mass > BEGIN_MASS ? this.#beginning + LOOK_SECONDS : 0;
      if (this.#beginning > BEGIN_SECONDS) this.#begin(at, now);
      return;
    }
    const phase = line.beatAt(at as Instant);
    const own = this.#massAt(line.period, phase - Math.floor(phase));
    if (own > WEAK) this.#follow(at);
    const isOther = this.#isOther(at);
    const doubtful = isOther && own < WEAK && this.#mass > RIVAL;
    this.#doubt = Math.max(0, this.#doubt + (doubtful ? LOOK_SECONDS : -2 * LOOK_SECONDS));
    if (this.#doubt > DOUBT_SECONDS) this.#replace(at, now);
    this.#lookAtBar(at, false);
    this.#sure += 0.1 * (own - this.#sure);
    const beats = silence / line.period;
    line.confidence = this.#sure * Math.max(0, Math.min(1, 1.5 - beats / 16));
  }

  #begin(at: number, now: number): void {
    const line = this.#line;
    let next = at + (1 - this.#phase) * this.#period;
    while (next <= now) next += this.#period;
    const number = Math.max(0, Math.round((next - this.#firstNote) / this.#period));
    line.begin(number, next, this.#period);
    this.#settle();
    this.#lookAtBar(at, true);
    this.#known = true;
    this.#sure = this.#mass;
    line.confidence = this.#sure;
  }

  #replace(at: number, now: number): void {
    const line = this.#line;
    let next = at + (1 - this.#phase) * this.#period;
    while (next <= now) next += this.#period;
    line.replace(next, this.#period);
    this.#settle();
    this.#lookAtBar(at, true);
    this.changes++;
  }

  #settle(): void {
    const line = this.#line;
    this.#wholeBeat = line.next;
    this.#pp = 25_000 ** 2;
    this.#pq = 0;
    this.#qq = (0.025 * line.period) ** 2;
    this.#doubt = 0;
    this.#barDoubt = 0;
  }

  /** The states follow faster changes than the notes on the beat do. */
  #follow(at: number): void {
    const line = this.#line;
    const beat = line.beatAt(at as Instant);
    this.#meanAround(line.period, beat - Math.floor(beat));
    const off = wrap(beat - Math.floor(beat) - this.#phase);
    if (Math.abs(off) < 0.05) return;
    this.#take(off * line.period, 60_000 ** 2, line.next - Math.round(beat));
  }

  #isOther(at: number): boolean {
    const line = this.#line;
    if (Math.abs(this.#period / line.period - 1) > 1.5 * SAME_TEMPO) return true;
    const beat = line.beatAt(at as Instant);
    return Math.abs(wrap(beat - this.#phase)) > 0.15;
  }

  #lookAtBar(at: number, atOnce: boolean): void {
    const line = this.#line;
    const beat = line.beatAt(at as Instant);
    const whole = Math.round(beat);
    this.#states.measureBar(line.period / FRAME, beat - whole, this.#bars);
    let best = 0;
    let sum = 0;
    for (let i = 0; i < 7; i++) {
      sum += this.#bars[i] ?? 0;
      if ((this.#bars[i] ?? 0) > (this.#bars[best] ?? 0)) best = i;
    }
    if (sum < 0.1) return;
    const metre = best < 3 ? 3 : 4;
    const bar = whole - (best < 3 ? best : best - 3);
    const isSame = metre === line.metre && (bar - line.bar) % metre === 0;
    const since = (whole - line.bar) % line.metre;
    const place = since < 0 ? since + line.metre : since;
    const own = this.#bars[line.metre === 3 ? place : 3 + place] ?? 0;
    const doubtful = !isSame && (this.#bars[best] ?? 0) > 0.6 * sum && own < 0.25 * sum;
    this.#barDoubt = Math.max(0, this.#barDoubt + (doubtful ? LOOK_SECONDS : -2 * LOOK_SECONDS));
    const patience = metre === line.metre ? 2 : 4;
    if (isSame || !(atOnce || this.#barDoubt > (patience * line.period) / 1e6)) return;
    line.metre = metre;
    line.bar = bar;
    this.#barDoubt = 0;
    if (!atOnce) line.epoch++;
  }

  /** The tempo and phase with most probability around it. */
  #find(): void {
    const { byPhase, tempos } = this.#states;
    const rows = this.#rows;
    for (let tempo = 0; tempo < tempos; tempo++) {
      const row = tempo * BINS_A_BEAT;
      let sum = 0;
      for (let bin = -SAME_BINS; bin < SAME_BINS; bin++) {
        sum += byPhase[row + ((bin + BINS_A_BEAT) % BINS_A_BEAT)] ?? 0;
      }
      for (let bin = 0; bin < BINS_A_BEAT; bin++) {
        sum += byPhase[row + ((bin + SAME_BINS) % BINS_A_BEAT)] ?? 0;
        rows[row + bin] = sum;
        sum -= byPhase[row + ((bin - SAME_BINS + BINS_A_BEAT) % BINS_A_BEAT)] ?? 0;
      }
    }
    this.#mass = 0;
    for (let tempo = 0; tempo < tempos; tempo++) {
      const least = Math.max(0, tempo - 1);
      const most = Math.min(tempos - 1, tempo + 1);
      for (let bin = 0; bin < BINS_A_BEAT; bin++) {
        let sum = 0;
        for (let near = least; near <= most; near++) sum += rows[near * BINS_A_BEAT + bin] ?? 0;
        if (sum <= this.#mass) continue;
        this.#mass = sum;
        this.#tempo = tempo;
        this.#bin = bin;
      }
    }
    this.#meanAround(this.#states.periodOf(this.#tempo) * FRAME, this.#bin / BINS_A_BEAT);
  }

  /** Mean period and phase of what is near, into #period and #phase. */
  #meanAround(period: number, phase: number): void {
    const { byPhase, tempos } = this.#states;
    const frames = period / FRAME;
    const centre = Math.round(phase * BINS_A_BEAT);
    let sum = 0;
    let periods = 0;
    let phases = 0;
    for (let t = 0; t < tempos; t++) {
      if (!isSameTempo(this.#states.periodOf(t), frames)) continue;
      for (let off = -SAME_BINS - 2; off <= SAME_BINS + 2; off++) {
        const bin = (centre + off + BINS_A_BEAT) % BINS_A_BEAT;
        const mass = byPhase[t * BINS_A_BEAT + bin] ?? 0;
        sum += mass;
        periods += mass * this.#states.periodOf(t);
        phases += mass * off;
      }
    }
    if (sum < 1e-12) return;
    this.#period = clampPeriod((periods / sum) * FRAME);
    const mean = (centre + phases / sum) / BINS_A_BEAT;
    this.#phase = mean - Math.floor(mean);
  }

  #massAt(period: number, phase: number): number {
    const { byPhase, tempos } = this.#states;
    const frames = period / FRAME;
    const centre = Math.round(phase * BINS_A_BEAT);
    let sum = 0;
    for (let t = 0; t < tempos; t++) {
      if (!isSameTempo(this.#states.periodOf(t), frames)) continue;
      for (let off = -SAME_BINS; off <= SAME_BINS; off++) {
        sum += byPhase[t * BINS_A_BEAT + ((centre + off + BINS_A_BEAT) % BINS_A_BEAT)] ?? 0;
      }
    }
    return sum;
  }
}

/** To within half a beat of 0. */
function wrap(phase: number): number {
  return phase - Math.round(phase);
}

function clampPeriod(period: number): number {
  return Math.max(250_000, Math.min(1_400_000, period));
}
