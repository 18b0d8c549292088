/**
 * The keys of one stream: pairs note-ons with note-offs when events come late, twice, or out of order.
 *
 * Takes  note-ons and note-offs with their performance, arrival and the buffer's delay (local microseconds).
 * Gives  what is to be played, in order per key. Every note-on it gave gets its note-off.
 * Keeps  per channel and key what sounds and when it was performed; fixed arrays, nothing allocated per event.
 *
 * A note keeps its length: its note-off is due by the delay of its own note-on. A note that came late is not drawn out by
 * as much, or it would run into what follows: it ends up to 40 ms after its place, but sounds at least 80 ms or its length.
 */
import { STATUS, shortMessage } from '../../core/midi-bytes.ts';
import type { MidiMessage } from '../../core/midi-message.ts';

const KEYS = 16 * 128;
/** The same key can't be struck twice within this (microseconds): it is the same event again. */
const SAME = 1_000;
const LATE_KEPT = 40_000;
const SHORT_NOTE = 80_000;
/** Of a note that the journal brought back: its length is not known. */
const REPAIRED_NOTE = 40_000;
const RELEASE_VELOCITY = 64;

export type NoteOn = Extract<MidiMessage, { kind: 'noteOn' }>;
export type NoteOff = Extract<MidiMessage, { kind: 'noteOff' }>;

export interface Timing {
  performedAt: number;
  arrivedAt: number;
  delay: number;
  recovered: boolean;
}

export class SoundingKeys {
  readonly #play: (message: MidiMessage, due: number, recovered: boolean) => void;
  /** 1 while a note-on was given and its note-off was not. */
  readonly #sounding = new Uint8Array(KEYS);
  /** 1 when a key was struck again while it sounded: the first note's own note-off is still to come, and is ignored. */
  readonly #owed = new Uint8Array(KEYS);
  readonly #repaired = new Uint8Array(KEYS);
  readonly #velocity = new Uint8Array(KEYS);
  readonly #onPerformed = new Float64Array(KEYS).fill(Number.NEGATIVE_INFINITY);
  readonly #onDue = new Float64Array(KEYS);
  readonly #onDelay = new Float64Array(KEYS);
  /** Of the last note-off that ended a note. */
  readonly #offPerformed = new Float64Array(KEYS).fill(Number.NEGATIVE_INFINITY);
  /** A note-off that came before its note-on. */
  readonly #earlyOff = new Float64Array(KEYS).fill(Number.NEGATIVE_INFINITY);
  readonly #lastDue = new Float64Array(KEYS).fill(Number.NEGATIVE_INFINITY);
  count = 0;
  duplicates = 0;

  constructor(play: (message: MidiMessage, due: number, recovered: boolean) => void) {
    this.#play = play;
  }

  /** Gives the instant when the note is due; undefined for a duplicate. */
  noteOn(message: NoteOn, timing: Timing): number | undefined {
    const slot = slotOf(message);
    const newest = this.#onPerformed[slot] ?? 0;
    const performed = timing.performedAt;
    if (Math.abs(performed - newest) < SAME && this.#velocity[slot] === message.velocity) {
      this.duplicates++;
      return undefined;
    }
    const due = this.#dueOf(slot, performed + timing.delay, timing.arrivedAt);
    if (this.#sounding[slot] === 1) {
      this.#playOff(slot, RELEASE_VELOCITY, due, timing.recovered);
      this.#owed[slot] = 1;
    }
    // A note from before the newest one, overtaken on the way: it is struck, but the newest's note-off ends it.
    const overtaken = performed < newest;
    if (!overtaken || this.#owed[slot] === 0) {
      this.#onPerformed[slot] = performed;
      this.#onDelay[slot] = timing.delay;
    }
    this.#velocity[slot] = message.velocity;
    this.#repaired[slot] = timing.recovered ? 1 : 0;
    this.#onDue[slot] = due;
    this.#lastDue[slot] = due;
    this.#sounding[slot] = 1;
    this.count++;
    this.#play(message, due, timing.recovered);
    this.#joinEarlyOff(slot, timing);
    return due;
  }

  noteOff(message: NoteOff, timing: Timing): void {
    const slot = slotOf(message);
    const performed = timing.performedAt;
    const again = Math.abs(performed - (this.#offPerformed[slot] ?? 0)) < SAME;
    if (this.#sounding[slot] === 0) {
      // Also a second one of the same moment: it may be that of a note-on still on its way.
      if (again) this.duplicates++;
      this.#earlyOff[slot] = Math.max(this.#earlyOff[slot] ?? 0, performed);
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
    this.#end(slot, message.velocity, timing);
  }

  /** Ends all that sounds on `channel` (default: every channel), not before `at`. */
  releaseAll(at: number, channel?: number): void {
    const from = channel === undefined ? 0 : channel * 128;
    const to = channel === undefined ? KEYS : from + 128;
    for (let slot = from; slot < to && this.count > 0; slot++) {
      if (this.#sounding[slot] === 0) continue;
      this.#playOff(slot, RELEASE_VELOCITY, Math.max(at, this.#lastDue[slot] ?? at), true);
      this.#owed[slot] = 0;
    }
  }

  #joinEarlyOff(slot: number, timing: Timing): void {
    const off = this.#earlyOff[slot] ?? 0;
    if (off === Number.NEGATIVE_INFINITY) return;
    this.#earlyOff[slot] = Number.NEGATIVE_INFINITY;
    if (off < timing.performedAt || this.#owed[slot] === 1) return;
    const { performedAt } = timing;
    timing.performedAt = off;
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
    this.#offPerformed[slot] = timing.performedAt;
    this.#owed[slot] = 0;
    this.#playOff(slot, velocity, due, timing.recovered);
  }

  #playOff(slot: number, velocity: number, due: number, recovered: boolean): void {
    this.#sounding[slot] = 0;
    this.#lastDue[slot] = due;
    this.count--;
    const off = shortMessage(STATUS.noteOff | (slot >> 7), slot & 0x7f, velocity);
    if (off) this.#play(off, due, recovered);
  }

  /** Not before it is here, nor before what came earlier for this key. */
  #dueOf(slot: number, wanted: number, arrivedAt: number): number {
    return Math.max(wanted, arrivedAt, this.#lastDue[slot] ?? wanted);
  }
}

function slotOf(message: NoteOn | NoteOff): number {
  return (message.channel << 7) | message.key;
}
