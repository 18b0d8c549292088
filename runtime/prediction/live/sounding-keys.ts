/**
 * The keys of one stream: pairs note-ons with note-offs when events come late, twice, or out of order, and notes that were
 * predicted with what came of them.
 *
 * Takes  note-ons and note-offs with their performance, arrival and delay (local microseconds); predicted note-ons.
 * Gives  what is to be played, in order per key. Every note-on it gave gets its note-off.
 * Keeps  per channel and key what sounds and when it was performed; fixed arrays, nothing allocated per event.
 *
 * A note keeps its length: its note-off is due by the delay of its own note-on. A note that came late is not drawn out by
 * as much, or it would run into what follows: it ends up to 40 ms after its place, but sounds at least 80 ms or its length.
 * A predicted note is ended by who predicted it until it is confirmed; then by its real note-off, whose key may be another
 * one of the same drum.
 */
import { STATUS, shortMessage } from '../../core/midi-bytes.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import type { EventCause } from '../../core/scheduled-event.ts';

const KEYS = 16 * 128;
/** The same key can't be struck twice within this (microseconds): it is the same event again. */
const SAME = 1_000;
const LATE_KEPT = 40_000;
const SHORT_NOTE = 80_000;
/** Of a note that the journal brought back: its length is not known. */
const REPAIRED_NOTE = 40_000;
const RELEASE_VELOCITY = 64;
const NO_KEY = -1;

export type NoteOn = Extract<MidiMessage, { kind: 'noteOn' }>;
export type NoteOff = Extract<MidiMessage, { kind: 'noteOff' }>;

export interface Timing {
  performedAt: number;
  arrivedAt: number;
  delay: number;
  recovered: boolean;
}

export class SoundingKeys {
  readonly #play: (message: MidiMessage, due: number, cause: EventCause) => void;
  /** 1 while a note-on was given and its note-off was not. */
  readonly #sounding = new Uint8Array(KEYS);
  /** 1 while what sounds is predicted and not confirmed. */
  readonly #predicted = new Uint8Array(KEYS);
  /** 1 when a key was struck again while it sounded: the first note's own note-off is still to come, and is ignored. */
  readonly #owed = new Uint8Array(KEYS);
  readonly #repaired = new Uint8Array(KEYS);
  /** Of what came last, whether it sounds or not. */
  readonly #velocity = new Uint8Array(KEYS);
  readonly #newest = new Float64Array(KEYS).fill(Number.NEGATIVE_INFINITY);
  /** Of what sounds. */
  readonly #onPerformed = new Float64Array(KEYS).fill(Number.NEGATIVE_INFINITY);
  readonly #onDue = new Float64Array(KEYS);
  readonly #onDelay = new Float64Array(KEYS);
  /** The key that sounds in place of this one, as its note was predicted. */
  readonly #standIn = new Int16Array(KEYS).fill(NO_KEY);
  /** The key whose note-off ends what sounds on this one. */
  readonly #owner = new Int16Array(KEYS).fill(NO_KEY);
  /** Of the last note-off that ended a note. */
  readonly #offPerformed = new Float64Array(KEYS).fill(Number.NEGATIVE_INFINITY);
  /** The latest of the note-offs that came before their note-ons, and how many they are. */
  readonly #earlyOff = new Float64Array(KEYS).fill(Number.NEGATIVE_INFINITY);
  readonly #earlyOffs = new Uint8Array(KEYS);
  readonly #lastDue = new Float64Array(KEYS).fill(Number.NEGATIVE_INFINITY);
  count = 0;
  duplicates = 0;

  constructor(play: (message: MidiMessage, due: number, cause: EventCause) => void) {
    this.#play = play;
  }

  /** The same note-on again; counted. */
  isDuplicate(message: NoteOn, timing: Timing): boolean {
    const slot = slotOf(message.channel, message.key);
    const again =
      Math.abs(timing.performedAt - (this.#newest[slot] ?? 0)) < SAME &&
      this.#velocity[slot] === message.velocity;
    if (again) this.duplicates++;
    return again;
  }

  /**
   * A note that is no duplicate, nor sounds already; `velocity` as it came, when it is played with another one. Gives the
   * instant when it is due.
   */
  noteOn(message: NoteOn, timing: Timing, velocity: number = message.velocity): number {
    const slot = slotOf(message.channel, message.key);
    const newest = this.#newest[slot] ?? 0;
    const performed = timing.performedAt;
    const due = this.#dueOf(slot, performed + timing.delay, timing.arrivedAt);
    this.#endStandIn(slot, due, causeOf(timing));
    if (this.#sounding[slot] === 1) {
      const wrong = this.#predicted[slot] === 1;
      this.#playOff(slot, RELEASE_VELOCITY, due, wrong ? 'corrected' : causeOf(timing));
      if (!wrong) this.#owed[slot] = 1;
    }
    // A note from before the newest one, overtaken on the way: it is struck, but the newest's note-off ends it.
    const overtaken = performed < newest;
    if (!overtaken || this.#owed[slot] === 0) {
      this.#newest[slot] = performed;
      this.#onPerformed[slot] = performed;
      this.#onDelay[slot] = timing.delay;
    }
    this.#velocity[slot] = velocity;
    this.#repaired[slot] = timing.recovered ? 1 : 0;
    this.#start(slot, due);
    this.#play(message, due, causeOf(timing));
    this.#joinEarlyOff(slot, timing);
    return due;
  }

  noteOff(message: NoteOff, timing: Timing): void {
    const own = slotOf(message.channel, message.key);
    const performed = timing.performedAt;
    const slot = this.#endedBy(own, performed);
    const again = Math.abs(performed - (this.#offPerformed[own] ?? 0)) < SAME;
    if (this.#sounding[slot] === 0) {
      // Also a second one of the same moment: it may be that of a note-on still on its way.
      if (again) this.duplicates++;
      this.#keepEarlyOff(own, performed);
      return;
    }
    if (this.#predicted[slot] === 1) {
      // Of the note before it; or its own, which overtook its note-on: that will tell.
      this.#owed[slot] = 0;
      this.#keepEarlyOff(own, performed);
      return;
    }
    if (performed < (this.#onPerformed[slot] ?? 0)) {
      // Of an earlier note. When none is owed, the clock mapping may have jumped: end the note rather than let it hang.
      if (again) {
        this.duplicates++;
        return;
      }
      if (this.#owed[slot] === 1) {
        this.#owed[slot] = 0;
        return;
      }
    }
    this.#offPerformed[own] = performed;
    if (slot !== own) this.#standIn[own] = NO_KEY;
    this.#end(slot, message.velocity, timing);
  }

  /** A note that nobody has heard of yet. What sounds on its key ends for it. Gives the instant when it is due. */
  predict(message: NoteOn, wanted: number): number {
    const slot = slotOf(message.channel, message.key);
    const due = Math.max(wanted, this.#lastDue[slot] ?? wanted);
    if (this.#sounding[slot] === 1) {
      const wrong = this.#predicted[slot] === 1;
      this.#playOff(slot, RELEASE_VELOCITY, due, wrong ? 'corrected' : 'predicted');
      if (!wrong) this.#owed[slot] = 1;
    }
    this.#predicted[slot] = 1;
    this.#repaired[slot] = 0;
    this.#onPerformed[slot] = due;
    this.#onDelay[slot] = 0;
    this.#start(slot, due);
    this.#play(message, due, 'predicted');
    return due;
  }

  /** Ends a predicted note that was due at `onDue`, if it still sounds and nothing confirmed it. */
  endPredicted(channel: number, key: number, onDue: number, at: number, cause: EventCause): void {
    const slot = slotOf(channel, key);
    if (this.#predicted[slot] !== 1 || this.#onDue[slot] !== onDue) return;
    this.#playOff(slot, RELEASE_VELOCITY, Math.max(at, onDue), cause);
  }

  /** What came is the note that was predicted as `key`, due at `onDue`: its note-off will end it, if it sounds still. */
  confirm(message: NoteOn, timing: Timing, key: number, onDue: number): void {
    const own = slotOf(message.channel, message.key);
    const slot = slotOf(message.channel, key);
    if (this.#standIn[own] !== slot) this.#endStandIn(own, timing.arrivedAt, causeOf(timing));
    this.#newest[own] = Math.max(timing.performedAt, this.#newest[own] ?? 0);
    this.#velocity[own] = message.velocity;
    if (this.#predicted[slot] !== 1 || this.#onDue[slot] !== onDue) return;
    this.#standIn[own] = slot === own ? NO_KEY : slot;
    this.#owner[slot] = own;
    this.#predicted[slot] = 0;
    this.#onPerformed[slot] = timing.performedAt;
    this.#onDelay[slot] = 0;
    this.#repaired[slot] = timing.recovered ? 1 : 0;
    const off = this.#takeEarlyOff(own, timing.performedAt);
    if (off !== undefined) this.#endAt(slot, off, timing);
  }

  /** Ends all that sounds on `channel` (default: every channel), not before `at`. */
  releaseAll(at: number, channel?: number): void {
    const from = channel === undefined ? 0 : channel * 128;
    const to = channel === undefined ? KEYS : from + 128;
    for (let slot = from; slot < to && this.count > 0; slot++) {
      if (this.#sounding[slot] === 0) continue;
      this.#playOff(slot, RELEASE_VELOCITY, Math.max(at, this.#lastDue[slot] ?? at), 'recovered');
      this.#owed[slot] = 0;
    }
  }

  /** What sounds in place of a key that is struck again: that note-off is still to come, and is ignored. */
  #endStandIn(own: number, at: number, cause: EventCause): void {
    const slot = this.#standIn[own] ?? NO_KEY;
    this.#standIn[own] = NO_KEY;
    if (slot === NO_KEY || this.#sounding[slot] === 0 || this.#owner[slot] !== own) return;
    this.#playOff(slot, RELEASE_VELOCITY, Math.max(at, this.#lastDue[slot] ?? at), cause);
    this.#owed[own] = 1;
  }

  /** The key that sounds for the note that a note-off of `own` ends. */
  #endedBy(own: number, performed: number): number {
    const slot = this.#standIn[own] ?? NO_KEY;
    if (slot === NO_KEY) return own;
    if (this.#sounding[slot] === 0 || this.#owner[slot] !== own) {
      this.#standIn[own] = NO_KEY;
      return own;
    }
    const isOfEarlier = performed < (this.#onPerformed[slot] ?? 0) && this.#sounding[own] === 1;
    return isOfEarlier ? own : slot;
  }

  #start(slot: number, due: number): void {
    this.#owner[slot] = slot;
    this.#onDue[slot] = due;
    this.#lastDue[slot] = due;
    this.#sounding[slot] = 1;
    this.count++;
  }

  #joinEarlyOff(slot: number, timing: Timing): void {
    const off = this.#takeEarlyOff(slot, timing.performedAt);
    if (off === undefined || this.#owed[slot] === 1) return;
    this.#endAt(slot, off, timing);
  }

  #keepEarlyOff(own: number, performed: number): void {
    this.#earlyOff[own] = Math.max(this.#earlyOff[own] ?? 0, performed);
    this.#earlyOffs[own] = Math.min(255, (this.#earlyOffs[own] ?? 0) + 1);
  }

  /** One for a note of that performance; those from before it were of notes that never came. */
  #takeEarlyOff(own: number, performed: number): number | undefined {
    const off = this.#earlyOff[own] ?? 0;
    const left = (this.#earlyOffs[own] ?? 0) - 1;
    const isLast = left <= 0 || off < performed;
    this.#earlyOffs[own] = isLast ? 0 : left;
    if (isLast) this.#earlyOff[own] = Number.NEGATIVE_INFINITY;
    return off >= performed ? off : undefined;
  }

  #endAt(slot: number, performed: number, timing: Timing): void {
    const { performedAt } = timing;
    timing.performedAt = performed;
    this.#offPerformed[slot] = performed;
    this.#end(slot, RELEASE_VELOCITY, timing);
    timing.performedAt = performedAt;
  }

  #end(slot: number, velocity: number, timing: Timing): void {
    const onDue = this.#onDue[slot] ?? 0;
    const place = (this.#onPerformed[slot] ?? 0) + (this.#onDelay[slot] ?? 0);
    const late = Math.min(Math.max(0, onDue - place), LATE_KEPT);
    const length = Math.max(
      timing.performedAt - (this.#onPerformed[slot] ?? 0),
      this.#repaired[slot] === 1 ? REPAIRED_NOTE : 0,
    );
    const due = Math.max(
      place + length + late,
      onDue + Math.min(length, SHORT_NOTE),
      timing.arrivedAt,
    );
    this.#owed[slot] = 0;
    this.#playOff(slot, velocity, due, causeOf(timing));
  }

  #playOff(slot: number, velocity: number, due: number, cause: EventCause): void {
    this.#sounding[slot] = 0;
    this.#predicted[slot] = 0;
    this.#lastDue[slot] = due;
    this.count--;
    const off = shortMessage(STATUS.noteOff | (slot >> 7), slot & 0x7f, velocity);
    if (off) this.#play(off, due, cause);
  }

  /** Not before it is here, nor before what came earlier for this key. */
  #dueOf(slot: number, wanted: number, arrivedAt: number): number {
    return Math.max(wanted, arrivedAt, this.#lastDue[slot] ?? wanted);
  }
}

function causeOf(timing: Timing): EventCause {
  return timing.recovered ? 'recovered' : 'received';
}

function slotOf(channel: number, key: number): number {
  return (channel << 7) | key;
}
