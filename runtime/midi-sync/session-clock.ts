/**
 * The session's timeline and song as a pulse source: the metronome that all boxes share, counted in timing clocks.
 *
 * Takes  timeline and song, when they change; the ensemble clock.
 * Gives  a PulseSource whose pulses need not be heard: beat n of the timeline is pulse 24 n on every box. A song that runs
 *        already is joined with a bar: its place is told at once, and Continue falls on the bar line.
 * Keeps  from where to where the song is rendered here.
 */
import type { Song, Timeline } from '../core/ensemble.ts';
import type { EnsembleTime, Instant } from '../core/time.ts';
import { barLineFrom, beatAt, beatLength, timeOfBeat } from '../timeline/timeline.ts';
import { CLOCKS_PER_QUARTER } from './clock-follower.ts';
import { type PulseSource, TransportChanges } from './pulse-source.ts';

/** What is asked of the ensemble clock. */
export interface SessionTime {
  toEnsemble(local: Instant): EnsembleTime;
  toLocal(time: EnsembleTime): Instant;
  readonly synced: boolean;
}

/** Nobody but the session changes its time, and that ahead of it: pulses are given early, and the output waits for them. */
const FORETOLD = 80_000;
/** Pulses that fall within so long are given already (microseconds). */
const GIVEN = FORETOLD + 10_000;
const NEVER = Number.POSITIVE_INFINITY;

export class SessionClock implements PulseSource {
  readonly changes: TransportChanges = new TransportChanges();
  readonly begun: number = Number.NEGATIVE_INFINITY;
  readonly foretold: number = FORETOLD;
  readonly #time: SessionTime;
  readonly #now: () => Instant;
  #timeline: Timeline | undefined;
  #song: Song | undefined;
  /** The pulse of the song's top, and those with which it begins and ends here. */
  #base = 0;
  #from = NEVER;
  #to = NEVER;
  #stoppedAt = 0;

  constructor(time: SessionTime, now: () => Instant) {
    this.#time = time;
    this.#now = now;
  }

  get steady(): boolean {
    return this.#timeline !== undefined;
  }

  get period(): number {
    const timeline = this.#timeline;
    if (!timeline) return 0;
    return beatLength(timeline, this.#beatAt(this.#now())) / CLOCKS_PER_QUARTER;
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

  get running(): boolean {
    const { heard } = this;
    return this.#from < heard && heard <= this.#to;
  }

  get position(): number {
    return this.running ? this.heard - this.#base : this.#stoppedAt;
  }

  timeOf(pulse: number): number {
    const timeline = this.#timeline;
    if (!timeline) return 0;
    return this.#time.toLocal(timeOfBeat(timeline, pulse / CLOCKS_PER_QUARTER));
  }

  pulseAt(time: number): number {
    return this.#beatAt(time) * CLOCKS_PER_QUARTER;
  }

  /**
   * Undefined: no session. True when pulses have other numbers from now on, as after everybody began anew: whoever
   * follows this source is to do so afresh.
   */
  set(timeline: Timeline | undefined, song: Song | undefined): boolean {
    if (timeline === this.#timeline && song === this.#song) return false;
    const next = this.#timeline ? this.#firstFree() : undefined;
    const ran = next !== undefined && this.#from < next && next <= this.#to;
    this.#timeline = timeline;
    this.#song = song;
    if (!timeline) {
      this.changes.clear();
      this.#from = NEVER;
      this.#stoppedAt = 0;
      return false;
    }
    const jumps = next !== undefined && Math.abs(this.#firstFree() - next) > CLOCKS_PER_QUARTER;
    if (jumps) {
      this.changes.clear();
      this.#stoppedAt = 0;
    }
    this.#plan(timeline, song, ran && !jumps);
    return jumps;
  }

  /** What has been given stands; what follows is as the session has it now. */
  #plan(timeline: Timeline, song: Song | undefined, ran: boolean): void {
    const pulse = this.#firstFree();
    const now = this.#now();
    this.changes.dropFrom(pulse);
    const start = (song?.start ?? 0) * CLOCKS_PER_QUARTER;
    const base = start - Math.round((song?.position ?? 0) * CLOCKS_PER_QUARTER);
    const end = song?.end === undefined ? NEVER : song.end * CLOCKS_PER_QUARTER;
    const goesOn = ran && song !== undefined && start < pulse && pulse < end && base === this.#base;
    let from = goesOn ? this.#from : Math.max(start, pulse);
    if (!goesOn && start < pulse) {
      from = barLineFrom(timeline, pulse / CLOCKS_PER_QUARTER) * CLOCKS_PER_QUARTER;
    }
    const runs = song !== undefined && from < end && pulse < end;
    if (ran && !goesOn) this.#stop(now, pulse, pulse - this.#base);
    this.#base = base;
    this.#from = runs ? from : NEVER;
    this.#to = runs ? end : NEVER;
    if (!runs) return;
    if (!goesOn) {
      const isTop = from === base;
      if (!isTop) this.#stop(now, pulse, from - base);
      this.changes.push(this.timeOf(from), from, true, from - base, isTop);
    }
    if (end < NEVER) this.#stop(this.timeOf(end), end, end - base);
  }

  #stop(at: number, pulse: number, position: number): void {
    this.#stoppedAt = position;
    this.changes.push(at, pulse, false, position, false);
  }

  #firstFree(): number {
    return Math.ceil(this.pulseAt(this.#now() + GIVEN));
  }

  #beatAt(time: number): number {
    return this.#timeline ? beatAt(this.#timeline, this.#time.toEnsemble(time as Instant)) : 0;
  }
}
