/**
 * Keeps a BeatLine in phase with what is played on the beat: a Kalman filter of phase and period.
 *
 * Takes  how late notes on a beat were, and beats that go by. Gives corrections to the line. Allocates nothing.
 */
import type { Instant } from '../../core/time.ts';
import type { BeatLine } from './beat-tracker-line.ts';

/** Of a beat: notes that are closer count as on the beat. Swung and straight notes between beats are not looked at. */
const ON_BEAT = 0.14;
/** Standard deviations, microseconds: of a note about the beat, of a phase that was found otherwise, and at the start. */
const NOTE_SPREAD = 25_000;
const FOUND_SPREAD = 60_000;
const START_SPREAD = 25_000;
/** Relative. */
const START_TEMPO_SPREAD = 0.025;
/** What beats wander by themselves, each: microseconds, and relative. */
const PHASE_WANDER = 3_000;
const TEMPO_WANDER = 0.004;
const SHORTEST = 250_000;
const LONGEST = 1_400_000;

export class BeatPhase {
  /** How far off the beat notes are of late, relative to the period. */
  spread = 0.03;
  readonly #line: BeatLine;
  /** The beat up to which the covariance is carried on. */
  #beat = 0;
  #phaseVariance = 0;
  #covariance = 0;
  #periodVariance = 0;

  constructor(line: BeatLine) {
    this.#line = line;
  }

  /** The line has another beat. */
  restart(): void {
    this.#beat = this.#line.next;
    this.#phaseVariance = START_SPREAD ** 2;
    this.#covariance = 0;
    this.#periodVariance = (START_TEMPO_SPREAD * this.#line.period) ** 2;
  }

  advance(): void {
    for (; this.#beat < this.#line.next; this.#beat++) {
      const wander = TEMPO_WANDER * this.#line.period;
      this.#phaseVariance += 2 * this.#covariance + this.#periodVariance + PHASE_WANDER ** 2;
      this.#covariance += this.#periodVariance;
      this.#periodVariance += wander * wander;
    }
  }

  note(at: number, loudness: number): void {
    const line = this.#line;
    const beat = line.beatAt(at as Instant);
    const whole = Math.round(beat);
    if (Math.abs(beat - whole) > ON_BEAT) return;
    const late = at - line.timeOf(whole);
    this.spread += 0.06 * (Math.abs(late) / line.period - this.spread);
    this.#correct(late, NOTE_SPREAD ** 2 / loudness, line.next - whole);
  }

  /** The phase at `at` is later by `late` (microseconds) than the line has it. */
  found(late: number, at: number): void {
    const beatsAgo = this.#line.next - Math.round(this.#line.beatAt(at as Instant));
    this.#correct(late, FOUND_SPREAD ** 2, beatsAgo);
  }

  #correct(late: number, variance: number, beatsAgo: number): void {
    const line = this.#line;
    const spread = this.#phaseVariance + variance;
    const phaseGain = this.#phaseVariance / spread;
    const periodGain = this.#covariance / spread;
    this.#periodVariance -= periodGain * this.#covariance;
    this.#covariance -= phaseGain * this.#covariance;
    this.#phaseVariance -= phaseGain * this.#phaseVariance;
    const period = Math.max(SHORTEST, Math.min(LONGEST, line.period + periodGain * late));
    line.correct((phaseGain + periodGain * beatsAgo) * late, period);
  }
}
