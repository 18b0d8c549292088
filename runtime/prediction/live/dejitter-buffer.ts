/**
 * Adaptive de-jitter buffer of one stream: how long after its performance an event is to sound.
 *
 * Takes  for each arrival, when it was performed and when it came (both local; microseconds).
 * Gives  the delay D: the event is due at `performedAt + D`, or on arrival when that has passed.
 * Keeps  the delays of the last arrivals (delay-window.ts). Pure: no clock, no timer; allocates nothing per event.
 *
 * While the network stays as it is, no buffer has less jitter at its delay than one that stands still, so D stands still:
 * it is the median delay plus 1.7 times the way from there to the 90th percentile (a gamma's 97th percentile, and unlike
 * that one not drawn along by the few packets that spikes and loss hold up), and it moves only when that differs by more
 * than chance explains. What makes D move is evidence that the network changed:
 *   - worse: late arrivals follow one another as they would not by chance (CUSUM, about five in a row): D leaps up, a
 *     limited way at a time, and what was learnt before is forgotten;
 *   - better: the last 40 arrivals have a lower median or a spread of less than half, or the last 16 come far too early, and
 *     fit a lower D: D glides down.
 * D glides by a hundredth, which no one hears (down from far off by a few), and changes only between chords: notes
 * performed within 30 ms of the first share one D. Since D follows arrivals, errors of the clock mapping do not add up:
 * they are followed like a slow change.
 */
import type { Micros } from '../../core/time.ts';
import { DelayWindow } from './delay-window.ts';

const WINDOW = 512;
/** From median and 90th percentile to the wanted delay. */
const REACH = 1.7;
/** No stream is worth waiting for longer than this beyond its median delay. */
const LONGEST_REACH = 200_000;
/** At first nobody has settled on a delay: it is set anew with each arrival. */
const UNSETTLED = 8;
/** The 90th percentile less the median before anything is known, and how many arrivals that guess is worth. */
const FIRST_BODY = 3_000;
const FIRST_WEIGHT = 8;
/** After a change, the first sight of the new spread is worth this many arrivals. */
const CHANGE_WEIGHT = 12;
/** Spreads below this are time stamps, not the network. */
const LEAST_BODY = 200;
/** How far the wanted delay may wander before D follows: this share of the spread, more while little is known. */
const DEADBAND = 0.6;
const DEADBAND_EARLY = 2;
/** Upwards it follows sooner: too short a delay is heard as jitter, and taken for a change. */
const RISE = 0.6;
/** Half a millisecond is nothing to move for, nor to call late. */
const GRACE = 500;
const GLIDE = 0.01;
/** What is far too much is given up sooner, at a tempo change that is heard less than the delay: so much more at FAR. */
const HASTE = 0.06;
const FAR = 60_000;
const CHORD = 30_000;

/** CUSUM: log-likelihood ratios of 40 % late against 4 % late, for a late arrival and for one in time. */
const ALARM_LATE = 2.3;
const ALARM_IN_TIME = -0.47;
const ALARM = 10;
/** What is remembered after an alarm, and how far D leaps at most: a few lost packets look like a change too. */
const KEPT_AFTER_ALARM = 8;
const LEAP = 30_000;

/** So many arrivals in a row that are early by FAR, and by so many spreads, are no chance either. */
const STALL_ENDED = 16;
const STALL_BODIES = 2;

const CALM = 40;
/** The median is lower by this share of the spread, or the spread is down to this share: not by chance. */
const CALM_MEDIAN = 0.4;
const CALM_SPREAD = 0.4;
const CALM_BAND = 0.9;

export class DejitterBuffer {
  readonly #window = new DelayWindow(WINDOW);
  #arrivals = 0;
  #lastArrival = Number.NEGATIVE_INFINITY;
  #target = 0;
  #delay = 0;
  #movedAt = Number.NEGATIVE_INFINITY;
  #chordAt = Number.NEGATIVE_INFINITY;
  #leaping = false;
  #alarm = 0;
  #guess = FIRST_BODY;
  #guessWeight = FIRST_WEIGHT;
  /** How often the network was found changed, for worse or better. */
  changes = 0;

  /** Where D is heading. */
  get target(): Micros {
    return this.#target as Micros;
  }

  /** 95th less 5th percentile of the last arrivals' delays: what the buffer has to smooth. */
  get networkJitter(): Micros {
    return (this.#window.quantile(0.95) - this.#window.quantile(0.05)) as Micros;
  }

  /** Quantile of the last arrivals' delays. */
  networkDelay(q: number): Micros {
    return this.#window.quantile(q) as Micros;
  }

  /** Learns from an arrival and gives D for it. Events that came together count once. */
  admit(performedAt: number, arrivedAt: number): Micros {
    if (arrivedAt !== this.#lastArrival) {
      this.#lastArrival = arrivedAt;
      this.#learn(arrivedAt - performedAt);
    }
    if (performedAt - this.#chordAt > CHORD) {
      this.#chordAt = performedAt;
      this.#approach(performedAt);
    }
    return this.#delay as Micros;
  }

  /** D for an event whose time of performance can't be believed: nothing is learnt from it. */
  get delay(): Micros {
    return this.#delay as Micros;
  }

  #approach(performedAt: number): void {
    const behind = this.#target - this.#delay;
    if (this.#leaping) {
      this.#delay = this.#target;
      this.#leaping = false;
    } else {
      const passed = Math.max(0, performedAt - this.#movedAt);
      const down = passed * (GLIDE + HASTE * Math.min(1, Math.max(0, -behind / FAR - 0.5)));
      this.#delay += Math.max(-down, Math.min(passed * GLIDE, behind));
    }
    this.#movedAt = Math.max(performedAt, this.#movedAt);
  }

  #learn(delay: number): void {
    const window = this.#window;
    window.add(delay);
    this.#arrivals++;
    const body = this.#body();
    const wanted = window.quantile(0.5) + reach(body);
    if (this.#arrivals <= UNSETTLED) {
      this.#target = wanted;
      this.#leaping = true;
      return;
    }
    this.#alarm += delay > this.#delay + GRACE ? ALARM_LATE : ALARM_IN_TIME;
    if (this.#alarm < 0) this.#alarm = 0;
    if (this.#alarm > ALARM) {
      this.#worsened(body);
      return;
    }
    const band = (DEADBAND + DEADBAND_EARLY / Math.sqrt(window.count + 16)) * body;
    const above = wanted - this.#target;
    if (above > Math.max(GRACE, band * RISE) || -above > Math.max(GRACE, band)) {
      this.#target = wanted;
    }
    if (window.count >= 2 * CALM) this.#lookForCalm(body);
    this.#lookForStallsEnd(body);
  }

  #worsened(before: number): void {
    const window = this.#window;
    window.keepRecent(KEPT_AFTER_ALARM);
    const median = window.quantile(0.5);
    this.#guess = Math.max(window.quantile(0.9) - median, 0.7 * before);
    this.#guessWeight = CHANGE_WEIGHT;
    const wanted = Math.min(median + reach(this.#guess), this.#target + LEAP);
    if (wanted > this.#target) {
      this.#target = wanted;
      this.#leaping = true;
    }
    this.#alarm = 0;
    this.changes++;
  }

  #lookForCalm(body: number): void {
    const window = this.#window;
    const median = window.recentQuantile(0.5, CALM);
    const spread = Math.max(window.recentQuantile(0.9, CALM) - median, LEAST_BODY);
    const moved = median < window.quantile(0.5) - CALM_MEDIAN * body;
    const calmed = spread < CALM_SPREAD * body;
    const calm = median + reach(spread);
    if (!(moved || calmed) || calm >= this.#target - CALM_BAND * body) return;
    window.keepRecent(CALM);
    this.#guess = spread;
    this.#guessWeight = CHANGE_WEIGHT;
    this.#target = calm;
    this.changes++;
  }

  /** A stall of either machine, or a detour, is over: the last few arrivals all fit a delay that is shorter by far. */
  #lookForStallsEnd(body: number): void {
    const window = this.#window;
    if (window.count < STALL_ENDED) return;
    const latest = window.recentQuantile(1, STALL_ENDED);
    const median = window.recentQuantile(0.5, STALL_ENDED);
    const fits = Math.max(latest, median + reach(FIRST_BODY));
    if (this.#target - fits < Math.max(FAR, STALL_BODIES * body)) return;
    window.keepRecent(STALL_ENDED);
    this.#guess = Math.max(latest - median, LEAST_BODY);
    this.#guessWeight = CHANGE_WEIGHT;
    this.#target = median + reach(this.#body());
    this.changes++;
  }

  /** The 90th percentile less the median: measured, and guessed while there is little to measure. */
  #body(): number {
    const count = this.#window.count;
    const measured = this.#window.quantile(0.9) - this.#window.quantile(0.5);
    const weighed = measured * count + this.#guess * this.#guessWeight;
    return Math.max(LEAST_BODY, weighed / (count + this.#guessWeight));
  }
}

function reach(body: number): number {
  return Math.min(REACH * body, LONGEST_REACH);
}
