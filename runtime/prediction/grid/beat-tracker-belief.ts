/**
 * Which beat is believed of all that are possible, and since when another one is more probable.
 *
 * Takes  the probabilities of BarStates a few times a second, and the notes one by one.
 * Gives  the beats of a BeatLine: opened when one tempo and phase holds most of the probability, then kept in phase by what is
 *        played on the beat, replaced when another beat has been clearly more probable for long. What keeps bars as long as they
 *        are (twice or half the tempo) must be so for longest: beats that jump do more harm.
 * Keeps  the doubt about the present beat, and about its bar line.
 */
import type { Instant } from '../../core/time.ts';
import { BeatConfidence } from './beat-tracker-confidence.ts';
import type { BeatLine } from './beat-tracker-line.ts';
import { FRAME } from './beat-tracker-onsets.ts';
import { BeatPeak } from './beat-tracker-peak.ts';
import { BeatPhase } from './beat-tracker-phase.ts';
import type { BarStates } from './beat-tracker-states.ts';

/** Frames between two looks. */
export const LOOK_FRAMES = 6;
const LOOK_SECONDS = (LOOK_FRAMES * FRAME) / 1e6;
/** Share of the probability that a beat needs to begin, and seconds it must have it. */
const BEGIN_MASS = 0.5;
const BEGIN_SECONDS = 0.5;
/** Another one is doubt when it has more than RIVAL, and the present one less than WEAK. */
const RIVAL = 0.5;
const WEAK = 0.2;
/** Seconds of doubt, by how the two are related, until another beat is taken; less while the beat is new (beats). */
const OCTAVE_SECONDS = 8;
const SIMPLE_RATIO_SECONDS = 4;
const OTHER_PHASE_SECONDS = 3;
const OTHER_TEMPO_SECONDS = 1.5;
const NEW_BEATS = 24;
const NEW_PATIENCE = 0.25;
/** Beats of doubt about the bar line, and about the metre. */
const BAR_BEATS = 2;
const METRE_BEATS = 4;
const BAR_RIVAL = 0.6;
const BAR_WEAK = 0.25;
/** Relative. */
const SAME_TEMPO = 0.05;
/** Of a beat. */
const OTHER_PHASE = 0.15;
const OFF_PHASE = 0.05;

export class BeatBelief {
  changes = 0;
  readonly #states: BarStates;
  readonly #line: BeatLine;
  readonly #peak: BeatPeak;
  readonly #phase: BeatPhase;
  readonly #confidence = new BeatConfidence();
  readonly #bars = new Float64Array(7);
  #known = false;
  #beginning = 0;
  #doubt = 0;
  /** Period of the other beat that the doubt is about. */
  #rival = 0;
  #barDoubt = 0;
  #firstNote = 0;

  constructor(states: BarStates, line: BeatLine) {
    this.#states = states;
    this.#line = line;
    this.#peak = new BeatPeak(states);
    this.#phase = new BeatPhase(line);
  }

  restart(firstNote: number): void {
    this.#known = false;
    this.#beginning = 0;
    this.#firstNote = firstNote;
    this.#line.confidence = 0;
  }

  advance(now: number): void {
    if (!this.#known) return;
    this.#line.advance(now);
    this.#phase.advance();
  }

  /** How well the last frame was expected. */
  hear(expected: number): void {
    this.#confidence.hear(expected);
  }

  note(at: number, loudness: number): void {
    if (this.#known) this.#phase.note(at, loudness);
  }

  /** Nobody has played for that long (microseconds): the beat goes on, less sure of itself. */
  wait(silence: number): void {
    if (!this.#known) return;
    const { period } = this.#line;
    this.#line.confidence = this.#confidence.value(this.#phase.spread, silence / period);
  }

  /** What is most probable at `at`, the middle of the last closed frame; `silence` since the last note (microseconds). */
  look(at: number, now: number, silence: number): void {
    this.#states.measure();
    const peak = this.#peak;
    peak.find();
    const line = this.#line;
    if (!this.#known) {
      this.#beginning = peak.mass > BEGIN_MASS ? this.#beginning + LOOK_SECONDS : 0;
      if (this.#beginning > BEGIN_SECONDS) this.#begin(at, now);
      return;
    }
    const own = peak.massAt(line.period, fraction(line.beatAt(at as Instant)));
    const strain = Math.log(peak.period / line.period);
    this.#confidence.look(own, strain, (LOOK_SECONDS * 1e6) / line.period);
    const isRival = this.#isOther(at) && own < WEAK && peak.mass > RIVAL;
    // Just after a change, one after the other is most probable: none of them is worth a jump.
    if (isRival && !isNear(peak.period / this.#rival, 1)) this.#doubt = 0;
    if (isRival) this.#rival = peak.period;
    this.#doubt = Math.max(0, this.#doubt + (isRival ? LOOK_SECONDS : -LOOK_SECONDS));
    const settled = Math.max(NEW_PATIENCE, Math.min(1, this.#confidence.age / NEW_BEATS));
    if (isRival && this.#doubt > this.#patience() * settled) this.#replace(at, now);
    else if (own > WEAK) this.#follow(at);
    this.#lookAtBar(at, false);
    line.confidence = this.#confidence.value(this.#phase.spread, silence / line.period);
  }

  #begin(at: number, now: number): void {
    const { period } = this.#peak;
    const next = this.#nextBeat(at, now);
    this.#line.begin(Math.max(0, Math.round((next - this.#firstNote) / period)), next, period);
    this.#settle(at);
    this.#known = true;
    this.#line.confidence = this.#confidence.value(this.#phase.spread, 0);
  }

  #replace(at: number, now: number): void {
    this.#line.replace(this.#nextBeat(at, now), this.#peak.period);
    this.#settle(at);
    this.changes++;
  }

  #settle(at: number): void {
    this.#phase.restart();
    this.#confidence.restart(this.#peak.mass);
    this.#doubt = 0;
    this.#lookAtBar(at, true);
  }

  #nextBeat(at: number, now: number): number {
    const { period, phase } = this.#peak;
    const next = at + (1 - phase) * period;
    return next > now ? next : next + Math.ceil((now - next + 1) / period) * period;
  }

  /** The states follow faster changes than the notes on the beat do. */
  #follow(at: number): void {
    const line = this.#line;
    const phase = fraction(line.beatAt(at as Instant));
    const peak = this.#peak;
    peak.refine(line.period, phase);
    const off = aroundZero(phase - peak.phase);
    if (Math.abs(off) > OFF_PHASE) this.#phase.found(off * line.period, at);
  }

  #isOther(at: number): boolean {
    const { period, phase } = this.#peak;
    if (Math.abs(period / this.#line.period - 1) > 1.5 * SAME_TEMPO) return true;
    return Math.abs(aroundZero(this.#line.beatAt(at as Instant) - phase)) > OTHER_PHASE;
  }

  /** Seconds that the most probable beat must have been so before it is taken. */
  #patience(): number {
    const ratio = this.#peak.period / this.#line.period;
    if (isNear(ratio, 1)) return OTHER_PHASE_SECONDS;
    if (isNear(ratio, 2) || isNear(ratio, 1 / 2)) return OCTAVE_SECONDS;
    const isTriple = isNear(ratio, 3) || isNear(ratio, 1 / 3);
    const isHemiola = isNear(ratio, 3 / 2) || isNear(ratio, 2 / 3);
    const isDotted = isNear(ratio, 4 / 3) || isNear(ratio, 3 / 4);
    return isTriple || isHemiola || isDotted ? SIMPLE_RATIO_SECONDS : OTHER_TEMPO_SECONDS;
  }

  #lookAtBar(at: number, atOnce: boolean): void {
    const line = this.#line;
    const bars = this.#bars;
    const beat = line.beatAt(at as Instant);
    const whole = Math.round(beat);
    this.#states.measureBar(line.period / FRAME, beat - whole, bars);
    let best = 0;
    let sum = 0;
    for (let i = 0; i < bars.length; i++) {
      sum += bars[i] as number;
      if ((bars[i] as number) > (bars[best] as number)) best = i;
    }
    if (sum < 0.1) return;
    const metre = best < 3 ? 3 : 4;
    const bar = whole - (best < 3 ? best : best - 3);
    const place = whole - line.barLine(whole);
    const own = bars[line.metre === 3 ? place : 3 + place] as number;
    const isSame = metre === line.metre && line.barLine(bar) === bar;
    const isRival = !isSame && (bars[best] as number) > BAR_RIVAL * sum && own < BAR_WEAK * sum;
    this.#barDoubt = Math.max(0, this.#barDoubt + (isRival ? LOOK_SECONDS : -2 * LOOK_SECONDS));
    const patience = metre === line.metre ? BAR_BEATS : METRE_BEATS;
    if (isSame || !(atOnce || this.#barDoubt > (patience * line.period) / 1e6)) return;
    line.setBars(metre, bar);
    this.#barDoubt = 0;
  }
}

function isNear(ratio: number, simple: number): boolean {
  return Math.abs(ratio / simple - 1) < SAME_TEMPO;
}

function fraction(beat: number): number {
  return beat - Math.floor(beat);
}

/** To within half a beat. */
function aroundZero(phase: number): number {
  return phase - Math.round(phase);
}
