/**
 * A clock that leads: an instrument or a computer at this box's MIDI input sets the session's tempo, starts and stops it.
 *
 * Takes  the clock, transport and song positions that are played here, with their times; the session as it stands.
 * Gives  timeline and song to `lead`: where the song begins with it, and its tempo, smoothed, at most twice a second. An
 *        error in phase is worked off by tempo, so that nobody's beat jumps; only a new song begins a bar of its own.
 * Keeps  a follower of that clock. When it falls silent without a Stop, the session goes on at the tempo that it has.
 * Lane   2. Works when a clock is heard; has no alarm of its own.
 */
import type { EnsembleContext, Song, Timeline } from '../core/ensemble.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import { type EnsembleTime, fromMillis, type Instant, type Micros } from '../core/time.ts';
import { nextBeat, placeOfBeat, timeOfBeat, withBarAt, withTempo } from '../timeline/timeline.ts';
import { CLOCKS_PER_QUARTER, ClockFollower } from './clock-follower.ts';
import type { SessionTime } from './session-clock.ts';

export interface ClockLeadDeps {
  readonly ensembleClock: SessionTime;
  /** Writes it into the session, if that is allowed. */
  readonly lead: (timeline: Timeline, song?: Song) => void;
}

/** A change takes effect so long after it was written, for everybody to have it. */
const NOTICE: Micros = fromMillis(250);
/** Between two corrections. */
const PACE: Micros = fromMillis(500);
/** Clocks from which a tempo is known well enough to begin with, and to correct one. */
const ENOUGH = 6;
const STEADY = 24;
/** What is left alone: off by so much (microseconds), and by such a part of the tempo. */
const FINE = 2_000;
const SAME = 0.001;
/** An error is worked off within so many beats, by at most that part of the tempo. */
const BEATS = 4;
const MOST = 0.1;
/** Of a beat: further off than that it is another song. */
const ANOTHER = 0.5;
const MINUTE = 60_000_000;
const MIN_BPM = 20;
const MAX_BPM = 400;

export class ClockLead {
  readonly #deps: ClockLeadDeps;
  readonly #follower = new ClockFollower();
  #timeline: Timeline | undefined;
  #song: Song | undefined;
  #allowed = false;
  /** The song that this clock plays was begun in the session; the pulse of its top. */
  #begun = false;
  #top = 0;
  #wroteAt = Number.NEGATIVE_INFINITY;

  constructor(deps: ClockLeadDeps) {
    this.#deps = deps;
  }

  /** What is played here; what is no clock or transport is passed over. */
  receive(message: MidiMessage, at: Instant): void {
    this.#follower.receive(message, at, false, 0);
    if (this.#timeline && this.#allowed) this.#work(this.#timeline, at);
  }

  setContext(context: EnsembleContext | undefined): void {
    this.#timeline = context?.timeline;
    this.#song = context?.song;
    this.#allowed =
      context !== undefined &&
      (!context.locked || context.participants.some(({ self, id }) => self && id === context.host));
    if (!context) this.#begun = false;
  }

  #work(timeline: Timeline, at: Instant): void {
    const follower = this.#follower;
    const { changes } = follower;
    for (let change = changes.peek(); change; change = changes.peek()) {
      const { running, pulse, position } = change;
      changes.shift();
      if (!running) this.#end(timeline, at);
      this.#begun = false;
      this.#top = pulse - position;
    }
    const heard = follower.heard - follower.begun;
    if (!follower.steady || heard < ENOUGH) return;
    if (follower.running && !this.#begun) this.#begin(timeline, at);
    else if (heard >= STEADY && at - this.#wroteAt >= PACE) this.#correct(timeline, at);
  }

  /** The bar line at or before the clock's present place is one of the session's, from now on. */
  #begin(timeline: Timeline, at: Instant): void {
    const follower = this.#follower;
    const here = placeOfBeat(timeline, nextBeat(timeline, this.#ensemble(at)));
    const bar = here.beatsPerBar * CLOCKS_PER_QUARTER;
    const position = Math.floor((follower.heard - this.#top) / bar) * bar;
    const barLine = this.#ensemble(follower.timeOf(this.#top + position));
    const led = withBarAt(timeline, barLine, this.#bpm());
    this.#begun = true;
    this.#write(led, at, {
      start: nextBeat(led, barLine),
      position: position / CLOCKS_PER_QUARTER,
      countIn: 0,
    });
  }

  #end(timeline: Timeline, at: Instant): void {
    if (!this.#begun || !this.#song || this.#song.end !== undefined) return;
    const end = nextBeat(timeline, this.#ensemble(at));
    this.#write(timeline, at, { ...this.#song, end });
  }

  #correct(timeline: Timeline, at: Instant): void {
    const soon = (this.#ensemble(at) + NOTICE) as EnsembleTime;
    const beat = nextBeat(timeline, soon);
    const { bpm } = placeOfBeat(timeline, beat);
    const own = this.#bpm();
    let error = 0;
    if (this.#begun && this.#song && this.#song.end === undefined) {
      const inSong = beat - this.#song.start + this.#song.position;
      const pulse = this.#top + inSong * CLOCKS_PER_QUARTER;
      error = timeOfBeat(timeline, beat) - this.#ensemble(this.#follower.timeOf(pulse));
      if (Math.abs(error) > (ANOTHER * MINUTE) / own) {
        this.#begin(timeline, at);
        return;
      }
    }
    if (Math.abs(error) < FINE && Math.abs(bpm / own - 1) < SAME) return;
    const length = MINUTE / own;
    const catchUp = Math.max(-MOST * length, Math.min(MOST * length, error / BEATS));
    this.#write(withTempo(timeline, soon, tempo(MINUTE / (length - catchUp))), at);
  }

  #write(timeline: Timeline, at: Instant, song?: Song): void {
    this.#wroteAt = at;
    this.#deps.lead(timeline, song);
  }

  #bpm(): number {
    return tempo(MINUTE / (this.#follower.period * CLOCKS_PER_QUARTER));
  }

  #ensemble(local: number): EnsembleTime {
    return this.#deps.ensembleClock.toEnsemble(local as Instant);
  }
}

/** Within what a session may have, and no finer than anybody hears. */
function tempo(bpm: number): number {
  return Math.min(MAX_BPM, Math.max(MIN_BPM, Math.round(bpm * 100) / 100));
}
