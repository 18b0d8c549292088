/**
 * Renders a pulse source as MIDI beat clock: timing clock, start, continue, stop, song position.
 *
 * Takes  a PulseSource (a stream that is followed, or the session's timeline) and a constant delay behind it.
 * Gives  messages with their due times, a little ahead; when it wants to be called again.
 * Keeps  what the receiver of its clock has counted. Pure on given instants; allocates nothing per message.
 * Spec   MIDI 1.0 Detailed Specification 4.2, system real time messages: Start and Continue take effect with the next clock;
 *        a receiver needs a moment after a song position, which may only be sent while it is stopped.
 *
 * The receiver is never at another place of the song than the source was `delay` ago, but for clocks that are being slewed.
 * A few clocks too many or too few are made up for in tempo (pacing.ts). When the source jumps, or is further off than a
 * sixteenth note, the receiver is stopped, told the next sixteenth, and continued there on the beat. While the source's
 * transport stands still its clock is passed on all the same, if it has one.
 */

import { STATUS, shortMessage } from '../core/midi-bytes.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import { fromMillis, type Instant, type Micros } from '../core/time.ts';
import { CLOCKS_PER_BEAT } from './clock-follower.ts';
import { glided, paced } from './pacing.ts';
import type { PulseSource, TransportChange } from './pulse-source.ts';

/** Messages are given so long before they are due: longer than alarms are late, short because they can't be taken back. */
const AHEAD: Micros = fromMillis(20);
/** Clocks are never closer than this: 500 quarter notes a minute. */
const LEAST_INTERVAL: Micros = fromMillis(5);
/** From a song position to Continue. */
const LOCATING: Micros = fromMillis(5);
/** Between a transport message and a clock. */
const APART: Micros = fromMillis(1);
/** More clocks than this are not slewed but jumped. */
const SLEWED = CLOCKS_PER_BEAT;
/** MIDI beats in 14 bits. */
const LAST_BEAT = 16_383;
const ROUNDS = 64;
const NEVER = Number.POSITIVE_INFINITY;
const NONE = Number.NEGATIVE_INFINITY;

const CLOCK = realTime(STATUS.timingClock);
const START = realTime(STATUS.start);
const CONTINUE = realTime(STATUS.continue);
const STOP = realTime(STATUS.stop);

export type Give = (message: MidiMessage, due: Instant) => void;

export class ClockGenerator {
  readonly #give: Give;
  #source: PulseSource | undefined;
  #delay = 0;
  #wantedDelay = 0;
  /** The next pulse to give. */
  #pulse = 0;
  #clockDue = NONE;
  #lastDue = NONE;
  /** #pulse is the source's; while it isn't, nothing is given. */
  #entered = false;
  /** The source's transport, as far as it was rendered. */
  #sourceRuns = false;
  #base = 0;
  /** The receiver's: while it runs, its position is #pulse - #base. */
  #runs = false;
  #stoppedAt = 0;
  /** The pulse before which it is to be started or continued. */
  #resumeAt = NEVER;
  #resumeStarts = false;
  /** It has found the place that it was told. */
  #readyAt = NONE;
  /** Stops and song positions of our own making: the receiver had to be moved. */
  relocations = 0;

  constructor(give: Give) {
    this.#give = give;
  }

  get running(): boolean {
    return this.#runs;
  }

  /** Clocks since the song's beginning, as the receiver has counted them. */
  get position(): number {
    return this.#runs ? this.#pulse - this.#base : this.#stoppedAt;
  }

  get delay(): Micros {
    return this.#delay as Micros;
  }

  set delay(wanted: Micros) {
    this.#wantedDelay = wanted;
    if (!this.#entered) this.#delay = wanted;
  }

  follow(source: PulseSource): void {
    this.#source = source;
    // What has just happened there is rendered as it happened.
    this.#sourceRuns = source.running && !source.changes.peek();
    this.#base = source.heard - source.position;
    this.#leave();
  }

  /** Follows nobody. What runs is stopped. */
  release(now: Instant): void {
    this.#source = undefined;
    this.#sourceRuns = false;
    if (this.#runs) this.#stop(now);
    this.#leave();
  }

  /** Gives what is due soon. The result is when to call again, at the latest. */
  step(now: Instant): number {
    for (let round = 0; round < ROUNDS; round++) {
      const source = this.#source;
      if (!source) return NEVER;
      const soon = Math.max(AHEAD, source.foretold);
      const limit = now + soon;
      if (!this.#entered) this.#enter(source, now);
      const change = source.changes.peek();
      if (change && change.pulse <= this.#pulse) {
        const due = this.#dueOfChange(source, change, now);
        if (due > limit) return due - soon;
        source.changes.shift();
        this.#apply(change, due);
        continue;
      }
      if (this.#pulse >= source.horizon) {
        const silent = source.silentAt + this.#delay;
        if (silent > limit) return silent - soon;
        this.#fallSilent(now);
        return NEVER;
      }
      if (this.#sourceRuns && !this.#runs && this.#resumeAt === NEVER) this.#pursue(source, now);
      const due = this.#dueOfClock(source, now);
      const ahead = this.#pulse < source.heard ? AHEAD : source.foretold;
      if (due - ahead > now) return due - ahead;
      this.#giveClock(due);
    }
    return now + APART;
  }

  /** The first pulse that isn't late; what lies before it was never begun. */
  #enter(source: PulseSource, now: number): void {
    this.#entered = true;
    this.#delay = this.#wantedDelay;
    let first = source.heard;
    if (source.silentAt > NONE) {
      first = Math.ceil(source.pulseAt(now - this.#delay));
      if (!source.steady) first = Math.min(first, source.heard);
      // A little late is better than not at all.
      if (first <= source.begun + 2) first = source.begun;
    }
    const change = source.changes.peek();
    this.#pulse = change ? Math.max(change.pulse, first) : first;
  }

  #fallSilent(now: number): void {
    if (this.#runs) this.#stop(Math.max(now, this.#lastDue + APART));
    this.#leave();
  }

  #leave(): void {
    this.#entered = false;
    this.#clockDue = NONE;
    this.#cancelResume();
  }

  #dueOfChange(source: PulseSource, change: TransportChange, now: number): number {
    const earliest = Math.max(now, this.#lastDue + APART / 2);
    let due = change.at + this.#delay;
    if (change.pulse === this.#pulse && source.horizon > change.pulse) {
      due = Math.min(due, source.timeOf(change.pulse) + this.#delay - APART);
    }
    return Math.max(earliest, due);
  }

  #apply(change: TransportChange, due: number): void {
    const base = change.pulse - change.position;
    this.#sourceRuns = change.running;
    this.#cancelResume();
    if (!change.running) {
      if (this.#runs) this.#stop(due);
      this.#base = base;
      this.#locateStopped(change.position, due);
      return;
    }
    if (this.#runs) {
      const off = base - this.#base;
      if (!change.start && Math.abs(off) <= SLEWED) {
        this.#base = base;
        this.#pulse += off;
        return;
      }
      this.#stop(due);
    }
    this.#base = base;
    this.#resume(change, due);
  }

  /** The receiver stands still and is to run from where the source ran on. */
  #resume(change: TransportChange, due: number): void {
    const off = Math.abs(this.#stoppedAt - change.position);
    if (change.start) this.#stoppedAt = 0;
    else if (off > SLEWED || isBeat(change.position)) this.#locate(change.position, due);
    this.#resumeStarts = change.start;
    this.#resumeAt = this.#base + this.#stoppedAt;
    if (this.#pulse >= this.#resumeAt) this.#run(due);
  }

  /** The source runs and the receiver does not: it joins at the next sixteenth for which there is time. */
  #pursue(source: PulseSource, now: number): void {
    const from = Math.max(now, this.#lastDue + APART);
    const ready = Math.ceil(source.pulseAt(from + LOCATING + 2 * APART - this.#delay));
    this.#locate(Math.max(0, Math.max(ready, this.#pulse) - this.#base), from);
    this.#resumeStarts = this.#stoppedAt === 0;
    this.#resumeAt = this.#base + this.#stoppedAt;
    this.relocations++;
  }

  #dueOfClock(source: PulseSource, now: number): number {
    const { period } = source;
    let wanted = source.timeOf(this.#pulse) + this.#delay;
    if (this.#clockDue !== NONE && source.steady) {
      const off = (wanted - this.#clockDue) / period - 1;
      if (!this.#runs && Math.abs(off) > 0.5) {
        // Nobody counts: the nearest pulse will do.
        this.#pulse -= Math.round(off);
        wanted = source.timeOf(this.#pulse) + this.#delay;
      } else if (this.#runs && Math.abs(off) > SLEWED) {
        this.#stop(Math.max(now, this.#lastDue + APART));
        this.#pulse -= Math.round(off);
        this.#pursue(source, now);
        wanted = source.timeOf(this.#pulse) + this.#delay;
      }
    }
    const due = paced(wanted, this.#clockDue, source.steady ? period : 0, LEAST_INTERVAL);
    return Math.max(due, now, this.#lastDue + APART / 2);
  }

  #giveClock(wanted: number): void {
    let due = wanted;
    if (this.#pulse >= this.#resumeAt) {
      this.#run(due - APART);
      due = Math.max(due, this.#lastDue + APART / 2);
    }
    if (this.#clockDue !== NONE) {
      this.#delay = glided(this.#delay, this.#wantedDelay, due - this.#clockDue, this.#runs);
    }
    this.#clockDue = due;
    this.#pulse++;
    this.#send(CLOCK, due);
  }

  #run(due: number): void {
    const at = Math.max(due, this.#readyAt, this.#lastDue + APART / 2);
    this.#send(this.#resumeStarts ? START : CONTINUE, at);
    this.#pulse = this.#resumeAt;
    this.#runs = true;
    this.#cancelResume();
  }

  #stop(due: number): void {
    this.#stoppedAt = this.#pulse - this.#base;
    this.#runs = false;
    this.#send(STOP, due);
  }

  /** After a stop, or a song position: the receiver is told unless it is there. It can be told sixteenths only. */
  #locateStopped(position: number, due: number): void {
    const ahead = this.#stoppedAt - position;
    if (ahead === 0) return;
    // Ahead within a sixteenth: it waits for the source when that runs on.
    if (!isBeat(position) && ahead > 0 && ahead < CLOCKS_PER_BEAT) return;
    this.#locate(position, due);
  }

  /** To the first sixteenth not before `position`. */
  #locate(position: number, due: number): void {
    const beats = Math.ceil(position / CLOCKS_PER_BEAT);
    if (beats * CLOCKS_PER_BEAT === this.#stoppedAt) return;
    this.#stoppedAt = beats * CLOCKS_PER_BEAT;
    const message = shortMessage(STATUS.songPosition, beats & 0x7f, beats >> 7);
    // A place beyond the last that has a number can't be told.
    if (beats > LAST_BEAT || !message) return;
    this.#send(message, Math.max(due, this.#lastDue + APART / 2));
    this.#readyAt = this.#lastDue + LOCATING;
  }

  #cancelResume(): void {
    this.#resumeAt = NEVER;
    this.#resumeStarts = false;
  }

  #send(message: MidiMessage, due: number): void {
    if (due > this.#lastDue) this.#lastDue = due;
    this.#give(message, this.#lastDue as Instant);
  }
}

function isBeat(position: number): boolean {
  return position % CLOCKS_PER_BEAT === 0;
}

function realTime(status: number): MidiMessage {
  const message = shortMessage(status, 0, 0);
  if (!message) throw new Error(`${status} is no real-time status`);
  return message;
}
