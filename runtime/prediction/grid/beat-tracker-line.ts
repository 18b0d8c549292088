/**
 * The beats as they were tracked: those that are past stay where they were; those to come follow tempo and phase.
 *
 * Takes  corrections of the next beat and the period; now and then another beat altogether.
 * Gives  a BeatGrid.
 * Keeps  the times of the last PAST beats. Before them, and ahead, beats are equally far apart. Numbers go on whatever happens:
 *        with another beat that stands in a simple ratio to the one before, the past is counted anew by the same music; else
 *        it keeps its numbers. Nothing is allocated after it is made.
 */
import type { Instant } from '../../core/time.ts';
import type { BeatGrid } from './beat-grid.ts';

/** About 130 bars; a power of two. */
const PAST = 512;
const RATIOS: readonly number[] = [1, 2, 1 / 2, 3, 1 / 3, 3 / 2, 2 / 3, 4 / 3, 3 / 4];
const SIMPLE = 0.05;
/** Of a beat: no beat comes closer to the one before. */
const CLOSEST = 0.5;

export class BeatLine implements BeatGrid {
  confidence = 0;
  epoch = 0;
  /** Quarter notes of a bar, and a beat that is the first of one. */
  metre = 4;
  bar = 0;
  /** The next beat, where it is expected, and how long beats are from then on (microseconds). */
  next = 0;
  nextAt = 0;
  period = 500_000;
  #times = new Float64Array(PAST);
  #spare = new Float64Array(PAST);
  /** The earliest beat that is kept; the last one is `next` - 1. */
  #first = -2;

  beatsPerBar(_beat: number): number {
    return this.metre;
  }

  barLine(beat: number): number {
    return Math.floor((beat - this.bar) / this.metre) * this.metre + this.bar;
  }

  timeOf(beat: number): Instant {
    if (beat >= this.next) return (this.nextAt + (beat - this.next) * this.period) as Instant;
    if (beat <= this.#first) {
      const length = this.#timeOfWhole(this.#first + 1) - this.#timeOfWhole(this.#first);
      return (this.#timeOfWhole(this.#first) - (this.#first - beat) * length) as Instant;
    }
    const whole = Math.floor(beat);
    const from = this.#timeOfWhole(whole);
    return (from + (beat - whole) * (this.#timeOfWhole(whole + 1) - from)) as Instant;
  }

  beatAt(time: Instant): number {
    if (time >= this.nextAt) return this.next + (time - this.nextAt) / this.period;
    const last = this.next - 1;
    const earliest = this.#timeOfWhole(this.#first);
    if (time <= earliest) {
      return this.#first - (earliest - time) / (this.#timeOfWhole(this.#first + 1) - earliest);
    }
    // Recent ones are asked for most.
    let whole = last;
    for (let back = 0; back < 4 && this.#timeOfWhole(whole) > time; back++) whole--;
    if (this.#timeOfWhole(whole) > time) {
      let low = this.#first;
      for (let high = whole; high - low > 1; ) {
        const middle = (low + high) >> 1;
        if (this.#timeOfWhole(middle) <= time) low = middle;
        else high = middle;
      }
      whole = low;
    }
    const from = this.#timeOfWhole(whole);
    return whole + (time - from) / (this.#timeOfWhole(whole + 1) - from);
  }

  /** So many quarter notes a bar, one of which begins at that beat. */
  setBars(metre: number, bar: number): void {
    this.metre = metre;
    this.bar = bar;
    this.epoch++;
  }

  /** Beats that are due have happened. */
  advance(now: number): void {
    while (this.nextAt <= now) {
      this.#times[this.next & (PAST - 1)] = this.nextAt;
      this.next++;
      this.nextAt += this.period;
      if (this.next - this.#first > PAST) this.#first = this.next - PAST;
    }
  }

  /** The next beat falls later by `shift` (negative: sooner), and beats from there on are `period` apart. */
  correct(shift: number, period: number): void {
    this.period = period;
    const at = this.nextAt + shift;
    this.nextAt = Math.max(at, this.#timeOfWhole(this.next - 1) + CLOSEST * period);
  }

  /** The first beat of all: before it, they are as far apart. */
  begin(beat: number, at: number, period: number): void {
    this.next = beat;
    this.nextAt = at;
    this.period = period;
    this.epoch++;
    // Two that have gone by hold those before them where they are.
    this.#first = beat - 2;
    for (let back = 1; back <= 2; back++) {
      this.#times[(beat - back) & (PAST - 1)] = at - back * period;
    }
  }

  /** Another beat: one is at `at` (later than all that have happened), and they are `period` apart. */
  replace(at: number, period: number): void {
    const ratio = RATIOS.find((simple) => Math.abs((simple * period) / this.period - 1) < SIMPLE);
    this.epoch++;
    if (ratio === undefined) {
      this.correct(at - this.nextAt, period);
      return;
    }
    const here = this.beatAt(at as Instant);
    const number = Math.round(here * ratio);
    let count = 2;
    while (count < PAST - 1 && here - (count + 1) / ratio >= this.#first) count++;
    for (let back = 1; back <= count; back++) {
      this.#spare[(number - back) & (PAST - 1)] = this.timeOf(here - back / ratio);
    }
    const spare = this.#times;
    this.#times = this.#spare;
    this.#spare = spare;
    this.bar = Math.round((this.bar - here) * ratio) + number;
    this.#first = number - count;
    this.next = number;
    this.nextAt = at;
    this.period = period;
  }

  #timeOfWhole(beat: number): number {
    return beat >= this.next
      ? this.nextAt + (beat - this.next) * this.period
      : (this.#times[beat & (PAST - 1)] as number);
  }
}
