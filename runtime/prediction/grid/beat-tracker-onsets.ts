/**
 * What the beat tracker hears of the notes: frames of 20 ms, in order of time, with what started in each by kind of onset.
 *
 * Takes  note-ons as they arrive, late and out of order; a frame is closed when what is usual of lateness has passed.
 * Gives  for a closed frame the kinds of onset in it with weights, and the times of its notes.
 * Keeps  a ring of open frames, NOTES_A_FRAME notes each. More notes in a frame, notes later than the ring and ones that claim
 *        to be of the future are dropped and counted. Nothing is allocated after it is made.
 */
import type { Role } from '../../core/ensemble.ts';

/** Kinds of onset: what tells something about where in the bar it stands. */
const KIND = {
  kick: 0,
  snare: 1,
  hat: 2,
  pedalHat: 3,
  drum: 4,
  crash: 5,
  /** A low note of another pitch class than the one before. */
  lowMove: 6,
  lowStay: 7,
  chord: 8,
  tone: 9,
  /** Of a drum part that uses one key only: which drum it is means nothing. */
  beat: 10,
} as const;
export const KINDS = 11;

/** Microseconds. */
export const FRAME = 20_000;
/** Frames that can be open at once. */
export const OPEN_FRAMES = 64;
const NOTES_A_FRAME = 12;
/** A kind counts once in as many frames: strokes of a chord and flams are one onset. */
const SAME_FRAMES = 2;
const SOURCES = 64;
const DRUM_CHANNEL = 9;
/** Below, a note counts as low when nothing is known of its part. */
const LOW_KEY = 48;
const CHORD_NOTES = 3;
/** Strokes of one key before a drum part counts as one that has only this key. */
const ONE_KEY_STROKES = 12;

const PITCHED = 255;
const LOW = 254;

export function frameOf(at: number): number {
  return Math.floor(at / FRAME);
}

export class OnsetFrames {
  /** Weight of each kind in the frame that was closed last, 0 when it is not in it. */
  readonly weight: Float64Array = new Float64Array(KINDS);
  /** Times of the notes of that frame (Instants) and what each counts in weight. */
  readonly at: Float64Array = new Float64Array(NOTES_A_FRAME);
  readonly loudness: Float64Array = new Float64Array(NOTES_A_FRAME);
  count = 0;
  /** Number of the frame that is closed next; meaningless before the first note. */
  next = 0;

  readonly #counts = new Uint8Array(OPEN_FRAMES);
  readonly #at = new Float64Array(OPEN_FRAMES * NOTES_A_FRAME);
  readonly #sort = new Uint8Array(OPEN_FRAMES * NOTES_A_FRAME);
  readonly #key = new Uint8Array(OPEN_FRAMES * NOTES_A_FRAME);
  readonly #velocity = new Uint8Array(OPEN_FRAMES * NOTES_A_FRAME);
  readonly #source = new Uint8Array(OPEN_FRAMES * NOTES_A_FRAME);
  readonly #lastFrame = new Float64Array(KINDS).fill(Number.NEGATIVE_INFINITY);
  readonly #lowClass = new Int8Array(SOURCES).fill(-1);
  readonly #drumKey = new Int16Array(SOURCES).fill(-1);
  readonly #drumStrokes = new Uint8Array(SOURCES);
  #tonesBefore = 0;

  /** False when it is dropped. */
  add(
    source: number,
    channel: number,
    key: number,
    velocity: number,
    at: number,
    role: Role | undefined,
  ): boolean {
    const frame = frameOf(at);
    const place = frame & (OPEN_FRAMES - 1);
    const held = this.#counts[place] ?? 0;
    if (frame < this.next || frame >= this.next + OPEN_FRAMES || held >= NOTES_A_FRAME) {
      return false;
    }
    const i = place * NOTES_A_FRAME + held;
    this.#counts[place] = held + 1;
    this.#at[i] = at;
    this.#key[i] = key;
    this.#velocity[i] = velocity;
    this.#source[i] = source & (SOURCES - 1);
    this.#sort[i] = this.#sortOf(source & (SOURCES - 1), channel, key, role);
    return true;
  }

  /** Nothing is known of frames before; those that were open are forgotten. */
  restart(frame: number): void {
    this.next = frame;
    this.#counts.fill(0);
    this.#lastFrame.fill(Number.NEGATIVE_INFINITY);
    this.#tonesBefore = 0;
  }

  /** Closes the next frame: true when notes are in it. */
  close(): boolean {
    const frame = this.next++;
    const place = frame & (OPEN_FRAMES - 1);
    const held = this.#counts[place] ?? 0;
    this.#counts[place] = 0;
    this.count = held;
    this.weight.fill(0);
    let tones = 0;
    let toneWeight = 0;
    for (let note = 0; note < held; note++) {
      const i = place * NOTES_A_FRAME + note;
      const loudness = loudnessOf(this.#velocity[i] ?? 0);
      this.at[note] = this.#at[i] ?? 0;
      this.loudness[note] = loudness;
      const sort = this.#sort[i] ?? PITCHED;
      if (sort === PITCHED) {
        tones++;
        toneWeight = Math.max(toneWeight, loudness);
      } else {
        const kind = sort === LOW ? this.#low(this.#source[i] ?? 0, this.#key[i] ?? 0) : sort;
        this.weight[kind] = Math.max(this.weight[kind] ?? 0, loudness);
      }
    }
    if (tones > 0) {
      const kind = tones + this.#tonesBefore >= CHORD_NOTES ? KIND.chord : KIND.tone;
      this.weight[kind] = toneWeight;
    }
    this.#tonesBefore = tones;
    let any = false;
    for (let kind = 0; kind < KINDS; kind++) {
      if (this.weight[kind] === 0) continue;
      if (frame - (this.#lastFrame[kind] ?? 0) <= SAME_FRAMES) this.weight[kind] = 0;
      else {
        this.#lastFrame[kind] = frame;
        any = true;
      }
    }
    return any;
  }

  #low(source: number, key: number): number {
    const pitchClass = key % 12;
    const moved = this.#lowClass[source] !== pitchClass;
    this.#lowClass[source] = pitchClass;
    return moved ? KIND.lowMove : KIND.lowStay;
  }

  #sortOf(source: number, channel: number, key: number, role: Role | undefined): number {
    const isDrum = role === 'rhythm' || (role === undefined && channel === DRUM_CHANNEL);
    if (!isDrum) return role === 'bass' || key < LOW_KEY ? LOW : PITCHED;
    const strokes = this.#drumStrokes[source] ?? 0;
    if (this.#drumKey[source] !== key) {
      this.#drumStrokes[source] = this.#drumKey[source] === -1 ? 1 : 255;
      this.#drumKey[source] = key;
    } else if (strokes < ONE_KEY_STROKES) this.#drumStrokes[source] = strokes + 1;
    return this.#drumStrokes[source] === ONE_KEY_STROKES ? KIND.beat : drumKind(key);
  }
}

/** Ghost notes say little about the beat. */
function loudnessOf(velocity: number): number {
  return 0.3 + 0.7 * Math.min(1, velocity / 75);
}

/** General MIDI percussion. */
function drumKind(key: number): number {
  switch (key) {
    case 35:
    case 36:
      return KIND.kick;
    case 37:
    case 38:
    case 39:
    case 40:
      return KIND.snare;
    case 44:
      return KIND.pedalHat;
    case 22:
    case 26:
    case 42:
    case 46:
    case 51:
    case 53:
    case 59:
    case 54:
    case 69:
    case 70:
      return KIND.hat;
    case 49:
    case 52:
    case 55:
    case 57:
      return KIND.crash;
    default:
      return KIND.drum;
  }
}
