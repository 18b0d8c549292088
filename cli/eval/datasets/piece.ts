/**
 * A piece of music to be measured with: who plays what, truly when, and the click that they play to.
 *
 * Times are seconds on the session clock. Nothing is before LEAD_IN, so that what is humanised stays after 0.
 */
import type { Role } from '../../../runtime/core/ensemble.ts';

export interface Note {
  readonly at: number;
  readonly duration: number;
  readonly key: number;
  readonly velocity: number;
}

export interface Part {
  /** As the arrivals file names the player. */
  readonly peer: string;
  readonly role: Role;
  readonly channel: number;
  /** In order of time; a key is struck again only after it was released. */
  readonly notes: readonly Note[];
}

/** As in the header of an arrivals file: beat 0 is a bar line. */
export interface PieceClick {
  readonly origin: number;
  readonly bpm: number;
  readonly beatsPerBar: number;
}

export interface TempoChange {
  readonly time: number;
  readonly bpm: number;
  /** The beat at `time`. */
  readonly beat: number;
}

export type DatasetName =
  | 'groove'
  | 'pop909'
  | 'jtd_trio'
  | 'freedoom'
  | 'openmsx'
  | 'jazzomat_solos'
  | 'asap'
  | 'nottingham'
  | 'jsb';

export type Split = 'train' | 'dev' | 'kept';

export interface Piece {
  /** Set and name, unique among all sets: what is random about a piece is seeded with it. */
  readonly id: string;
  readonly set: DatasetName;
  readonly split: Split;
  /** Played by people: its timing is left alone. What isn't gets humanised. */
  readonly human: boolean;
  /** Undefined: nobody hears a click. */
  readonly click: PieceClick | undefined;
  /** After the click's first tempo, in order. */
  readonly tempos: readonly TempoChange[];
  readonly parts: readonly Part[];
}

/** A piece that is known to be there, not read yet. */
export interface PieceSource {
  readonly id: string;
  readonly set: DatasetName;
  readonly split: Split;
  /** Reads it from the disk; throws what is wrong with the file. */
  load(): Piece;
}

export const LEAD_IN = 0.5;

/** A repeated note ends this long before it is struck again, where a file has it end later. */
const GAP = 0.001;
/** Two strikes of a key within this are one: MIDI can't tell them apart. */
const SAME_STRIKE = 0.001;
const LEAST_DURATION = 0.005;

/** Puts notes in order, and makes a key end before it is struck again. */
export function arrangeNotes(notes: readonly Note[]): readonly Note[] {
  const ordered = notes.toSorted((a, b) => a.at - b.at || a.key - b.key);
  const lastOfKey = new Map<number, number>();
  const kept: Note[] = [];
  for (const note of ordered) {
    const before = lastOfKey.get(note.key);
    const previous = before === undefined ? undefined : kept[before];
    if (before !== undefined && previous) {
      if (note.at - previous.at < SAME_STRIKE) continue;
      const room = note.at - previous.at;
      const longest = Math.max(room - GAP, room / 2);
      if (previous.duration > longest) kept[before] = { ...previous, duration: longest };
    }
    lastOfKey.set(note.key, kept.length);
    kept.push(note.duration >= LEAST_DURATION ? note : { ...note, duration: LEAST_DURATION });
  }
  return kept;
}

/** The same, later. */
export function shiftNotes(notes: readonly Note[], by: number): readonly Note[] {
  return notes.map((note) => ({ ...note, at: note.at + by }));
}
