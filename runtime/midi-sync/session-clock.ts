/**
 * The session's timeline as a pulse source: the metronome that all boxes share, counted in timing clocks.
 *
 * Takes  the timeline and whether it plays, when they change; the ensemble clock.
 * Gives  a PulseSource whose pulses need not be heard. Start falls on the first beat of a bar.
 * Keeps  how its numbers go with the timeline: a new tempo goes on counting where the old one was, bar by bar.
 */
import type { Timeline } from '../core/ensemble.ts';
import type { EnsembleTime, Instant } from '../core/time.ts';
import { CLOCKS_PER_QUARTER } from './clock-follower.ts';
import { type PulseSource, TransportChanges } from './pulse-source.ts';

/** What is asked of the ensemble clock. */
export interface SessionTime {
  toEnsemble(local: Instant): EnsembleTime;
  toLocal(time: EnsembleTime): Instant;
}

const MINUTE = 60_000_000;
/** A bar that begins sooner than this after the wish to play is too near (microseconds). */
const NOTICE = 30_000;
const NEVER = Number.POSITIVE_INFINITY;

export class SessionClock implements PulseSource {
  readonly changes: TransportChanges = new TransportChanges();
  readonly begun: number = Number.NEGATIVE_INFINITY;
  readonly #time: SessionTime;
  readonly #now: () => Instant;
  #timeline: Timeline | undefined;
  /** The pulse that falls on the timeline's origin. */
  #first = 0;
  #base = 0;
  #stoppedAt = 0;
  running = false;

  constructor(time: SessionTime, now: () => Instant) {
    this.#time = time;
    this.#now = now;
  }

  get steady(): boolean {
    return this.#timeline !== undefined;
  }

  get period(): number {
    return this.#timeline ? MINUTE / (this.#timeline.bpm * CLOCKS_PER_QUARTER) : 0;
  }

  get horizon(): number {
    return this.#timeline ? NEVER : this.heard;
  }

  get silentAt(): number {
    return this.#timeline ? NEVER : Number.NEGATIVE_INFINITY;
  }

  get heard(): number {
    return Math.ceil(this.pulseAt(this.#now()));
  }

  get position(): number {
    return this.running ? this.heard - this.#base : this.#stoppedAt;
  }

  timeOf(pulse: number): number {
    const origin = this.#timeline?.origin ?? 0;
    return this.#time.toLocal((origin + (pulse - this.#first) * this.period) as EnsembleTime);
  }

  pulseAt(time: number): number {
    if (!this.#timeline) return this.#first;
    const since = this.#time.toEnsemble(time as Instant) - this.#timeline.origin;
    return this.#first + since / this.period;
  }

  /** Undefined: no session. */
  set(timeline: Timeline | undefined, playing: boolean): void {
    const now = this.#now();
    const begins = timeline !== undefined && this.#timeline === undefined;
    if (timeline !== this.#timeline) this.#adopt(timeline, now);
    const plays = playing && timeline !== undefined;
    if (plays === this.running && !begins) return;
    const ran = this.running;
    this.running = plays;
    if (!timeline) {
      this.changes.clear();
    } else if (plays) {
      const bar = barOf(timeline);
      const ready = this.pulseAt(now + NOTICE) - this.#first;
      this.#base = this.#first + Math.ceil(ready / bar) * bar;
      this.changes.push(this.timeOf(this.#base), this.#base, true, 0, true);
    } else {
      // The pulses of the next moment are given already.
      const pulse = Math.ceil(this.pulseAt(now + NOTICE));
      // A start that hasn't come to pass is taken back.
      if (ran && pulse <= this.#base) this.changes.clear();
      else if (ran) this.#stoppedAt = pulse - this.#base;
      this.changes.push(now, pulse, false, this.#stoppedAt, false);
    }
  }

  #adopt(timeline: Timeline | undefined, now: Instant): void {
    const before = this.pulseAt(now);
    this.#timeline = timeline;
    if (!timeline) return;
    const bar = barOf(timeline);
    this.#first += Math.round((before - this.pulseAt(now)) / bar) * bar;
  }
}

function barOf({ beatsPerBar }: Timeline): number {
  return Math.max(1, Math.round(beatsPerBar)) * CLOCKS_PER_QUARTER;
}
