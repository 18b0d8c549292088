/**
 * Live mode for one remote stream: everything on arrival, jitter-smoothed or by a fixed delay.
 *
 * Takes  messages with their times of performance and arrival.
 * Gives  messages with the instant when they are due, never before they arrived.
 * Keeps  a de-jitter buffer, the keys that sound, the order of controllers, statistics. Nothing allocated per event.
 *
 * A note-on later than the late limit is dropped; a note-off never is. Controllers keep their order. Messages that drive
 * a receiver's own clock or transport (timing clock, start, continue, stop, song position, MIDI Time Code with its Full
 * Frames) are not passed on: midi-sync/ regenerates them. Nor are active sensing, system reset and local control.
 * All notes off and the mode messages that include it end this stream's notes only, for other players share the channel.
 */
import { isFullFrame } from '../../core/full-frame.ts';
import { Histogram } from '../../core/histogram.ts';
import { CONTROLLER, type MidiMessage } from '../../core/midi-message.ts';
import type { EventCause } from '../../core/scheduled-event.ts';
import { type Instant, type Micros, micros } from '../../core/time.ts';
import { DejitterBuffer } from './dejitter-buffer.ts';
import { DelayWindow } from './delay-window.ts';
import { type NoteOff, type NoteOn, SoundingKeys, type Timing } from './sounding-keys.ts';

export type Play = (message: MidiMessage, due: Instant, cause: EventCause) => void;

/** From being performed to being due: as jitter asks for, a fixed time (0: on arrival), or by the time of performance. */
export type DelayPolicy = 'buffer' | Micros | ((performedAt: Instant, learnt: Micros) => number);

/** Sees every note that is no duplicate before it sounds. */
export interface NoteGate {
  /** What is to be struck, and by which delay (`timing` may be changed); undefined: it sounds already. */
  noteOn(message: NoteOn, timing: Timing): NoteOn | undefined;
  struck(message: NoteOn, timing: Timing, due: number): void;
  noteOff(message: NoteOff, timing: Timing): void;
}

/** How a stream fares: counters and histograms count since it began, the rest is of its last LATELY note-ons. */
export interface StreamStats {
  readonly events: number;
  /** From being performed there to being due here; of note-ons. */
  readonly delayP50: Micros;
  readonly delayP95: Micros;
  /** What is left of jitter: 95th less 5th percentile of that delay. */
  readonly jitter: Micros;
  /** From being performed to arriving: the median, lately. */
  readonly networkDelay: Micros;
  /** What arrives: the same of the delay to arrival, lately. */
  readonly networkJitter: Micros;
  /** Where the buffer's delay is heading, or the fixed one. */
  readonly buffer: Micros;
  /** Note-ons that came after they were due, and were played at once. */
  readonly late: number;
  /** Note-ons beyond the late limit, overtaken controllers. */
  readonly dropped: number;
  readonly duplicates: number;
  readonly recovered: number;
  /** Events whose time of performance could not be true: played on arrival. */
  readonly untimed: number;
  /** Messages that are not passed on by design. */
  readonly withheld: number;
  readonly soundingNotes: number;
  /** From being performed to being due, note-ons (microseconds). */
  readonly delays: Histogram;
  /** How late the late note-ons were (microseconds). */
  readonly lateness: Histogram;
}

/** A delay outside of these is an error of the clocks, not of the network. */
const EARLIEST = -1_000_000;
const LATEST = 10_000_000;
const LATELY = 64;
const IN_TIME_FOR_EARS = 18_500 as Micros;
/** Four fifths of the packets take no longer. */
const NEARBY = 14_000;
/** Half a millisecond late is in time. */
const IN_TIME = 500;
/** Controllers of 16 channels, then three more kinds, then what has no channel. */
const PITCH_BEND = 16 * 128;
const PRESSURE = PITCH_BEND + 16;
const PROGRAM = PRESSURE + 16;
const SLOTS = PROGRAM + 16;
const NO_CHANNEL = 16;

export class LiveStream {
  readonly #play: Play;
  readonly #lateLimit: number;
  readonly #gate: NoteGate | undefined;
  #delay: DelayPolicy;
  readonly #buffer = new DejitterBuffer();
  readonly #keys: SoundingKeys;
  readonly #timing: Timing = { performedAt: 0, arrivedAt: 0, delay: 0, recovered: false };
  readonly #lastPerformed = new Float64Array(SLOTS).fill(Number.NEGATIVE_INFINITY);
  readonly #lastDue = new Float64Array(NO_CHANNEL + 1).fill(Number.NEGATIVE_INFINITY);
  readonly #delays = new Histogram();
  readonly #lately = new DelayWindow(LATELY);
  readonly #lateness = new Histogram();
  #events = 0;
  #dropped = 0;
  #recovered = 0;
  #untimed = 0;
  #withheld = 0;
  #lastDelay = 0 as Micros;

  constructor(play: Play, lateLimit: Micros, delay: DelayPolicy = 'buffer', gate?: NoteGate) {
    this.#play = play;
    this.#lateLimit = lateLimit;
    this.#delay = delay;
    this.#gate = gate;
    this.#keys = new SoundingKeys((message, due, cause) =>
      this.#play(message, due as Instant, cause),
    );
  }

  /** From the next event on: what is decided stays as it was. */
  setDelay(delay: DelayPolicy): void {
    this.#delay = delay;
  }

  /** For predicted notes, which sound among those that came. */
  get keys(): SoundingKeys {
    return this.#keys;
  }

  /** Quantile of the way here lately, whatever is made of it (microseconds). */
  networkDelay(q: number): Micros {
    return this.#buffer.networkDelay(q);
  }

  get stats(): StreamStats {
    const lately = this.#lately;
    return {
      events: this.#events,
      delayP50: micros(lately.quantile(0.5)),
      delayP95: micros(lately.quantile(0.95)),
      jitter: micros(lately.quantile(0.95) - lately.quantile(0.05)),
      networkDelay: this.#buffer.networkDelay(0.5),
      networkJitter: this.#buffer.networkJitter,
      buffer: this.#heading,
      late: this.#lateness.count,
      dropped: this.#dropped,
      duplicates: this.#keys.duplicates,
      recovered: this.#recovered,
      untimed: this.#untimed,
      withheld: this.#withheld,
      soundingNotes: this.#keys.count,
      delays: this.#delays,
      lateness: this.#lateness,
    };
  }

  get #heading(): Micros {
    const delay = this.#delay;
    if (delay === 'buffer') return this.#nearby(this.#buffer.target);
    return typeof delay === 'number' ? delay : this.#lastDelay;
  }

  receive(
    message: MidiMessage,
    performedAt: Instant,
    arrivedAt: Instant,
    recovered: boolean,
  ): void {
    this.#events++;
    if (recovered) this.#recovered++;
    const delay = arrivedAt - performedAt;
    const timing = this.#timing;
    timing.arrivedAt = arrivedAt;
    timing.recovered = recovered;
    // Written so that NaN is not believed either.
    if (delay >= EARLIEST && delay <= LATEST) {
      timing.performedAt = performedAt;
      timing.delay = this.#delayOf(performedAt, this.#buffer.admit(performedAt, arrivedAt));
    } else {
      this.#untimed++;
      timing.delay = this.#delayOf(arrivedAt, this.#buffer.delay);
      timing.performedAt = arrivedAt - timing.delay;
    }
    this.#lastDelay = timing.delay as Micros;
    this.#route(message, timing);
  }

  #delayOf(performedAt: Instant, learnt: Micros): number {
    const delay = this.#delay;
    if (delay === 'buffer') return this.#nearby(learnt);
    return typeof delay === 'number' ? delay : delay(performedAt, learnt);
  }

  /** Who plays nearby is not made late by the few packets that take long: what is within 20 ms is heard as in time. */
  #nearby(delay: Micros): Micros {
    if (delay <= IN_TIME_FOR_EARS) return delay;
    return this.#buffer.networkDelay(0.8) < NEARBY ? IN_TIME_FOR_EARS : delay;
  }

  /** Ends all notes. */
  release(at: Instant): void {
    this.#keys.releaseAll(at);
  }

  #route(message: MidiMessage, timing: Timing): void {
    switch (message.kind) {
      case 'noteOn': {
        const late = timing.arrivedAt - timing.performedAt - timing.delay;
        if (late > this.#lateLimit) {
          this.#dropped++;
          return;
        }
        if (this.#keys.isDuplicate(message, timing)) return;
        // The gate may change the delay.
        const struck = this.#gate ? this.#gate.noteOn(message, timing) : message;
        if (struck === undefined) return;
        const due = this.#keys.noteOn(struck, timing, message.velocity);
        this.#gate?.struck(struck, timing, due);
        this.#delays.record(due - timing.performedAt);
        this.#lately.add(due - timing.performedAt);
        // On arrival nothing is due any sooner.
        if (late > IN_TIME && this.#delay !== 0) this.#lateness.record(late);
        return;
      }
      case 'noteOff':
        this.#gate?.noteOff(message, timing);
        this.#keys.noteOff(message, timing);
        return;
      case 'controlChange':
        if (endsNotes(message.controller)) {
          this.#keys.releaseAll(timing.arrivedAt, message.channel);
          this.#withheld++;
          return;
        }
        if (message.controller === CONTROLLER.localControl) {
          this.#withheld++;
          return;
        }
        this.#pass(
          message,
          timing,
          message.channel,
          (message.channel << 7) | message.controller,
          // A pedal that comes up late still comes up.
          isPedal(message.controller) && message.value < 64,
        );
        return;
      case 'pitchBend':
        this.#pass(message, timing, message.channel, PITCH_BEND + message.channel, false);
        return;
      case 'channelPressure':
        this.#pass(message, timing, message.channel, PRESSURE + message.channel, false);
        return;
      case 'programChange':
        this.#pass(message, timing, message.channel, PROGRAM + message.channel, false);
        return;
      case 'polyPressure':
        this.#pass(message, timing, message.channel, undefined, true);
        return;
      case 'sysEx':
        if (isFullFrame(message)) this.#withheld++;
        else this.#pass(message, timing, NO_CHANNEL, undefined, true);
        return;
      case 'songSelect':
      case 'tuneRequest':
        this.#pass(message, timing, NO_CHANNEL, undefined, true);
        return;
      case 'timingClock':
      case 'start':
      case 'continue':
      case 'stop':
      case 'songPosition':
      case 'mtcQuarterFrame':
      case 'activeSensing':
      case 'systemReset':
        this.#withheld++;
        return;
    }
  }

  /** In order per channel; one that a newer one of its `slot` has overtaken is dropped, unless it must be played. */
  #pass(
    message: MidiMessage,
    timing: Timing,
    channel: number,
    slot: number | undefined,
    always: boolean,
  ): void {
    if (slot !== undefined) {
      const overtaken = timing.performedAt < (this.#lastPerformed[slot] ?? 0);
      if (overtaken && !timing.recovered && !always) {
        this.#dropped++;
        return;
      }
      this.#lastPerformed[slot] = timing.performedAt;
    }
    const wanted = timing.performedAt + timing.delay;
    const due = Math.max(wanted, timing.arrivedAt, this.#lastDue[channel] ?? wanted);
    this.#lastDue[channel] = due;
    this.#play(message, due as Instant, timing.recovered ? 'recovered' : 'received');
  }
}

/** All sound off, all notes off, and the mode messages that include it (MIDI 1.0, channel mode messages). */
function endsNotes(controller: number): boolean {
  return controller === CONTROLLER.allSoundOff || controller >= CONTROLLER.allNotesOff;
}

function isPedal(controller: number): boolean {
  return controller >= CONTROLLER.sustain && controller <= CONTROLLER.hold2;
}
