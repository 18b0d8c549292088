/**
 * Bands as multi-track MIDI files (freedoom, openmsx): a part for each track and channel, drums for all of channel 10.
 *
 * The role is told by what is played, as a listener would: low and one note at a time is a bass; more than one note at a
 * time, most of the time, is harmony; else it is melody. Tracks that double another are left out, for a band that doubles
 * everything would be predicted from its doubles; so are tracks of a few notes, and all beyond seven (a session of eight).
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '../../../runtime/core/ensemble.ts';
import { clickOf, readSong, type Voice, voicesOf } from './midi-notes.ts';
import {
  arrangeNotes,
  type DatasetName,
  LEAD_IN,
  type Note,
  type Part,
  type Piece,
  type PieceSource,
  shiftNotes,
} from './piece.ts';
import { splitOfGroup } from './split.ts';

const DRUM_CHANNEL = 9;
const FEWEST_NOTES = 48;
const MOST_PARTS = 7;
/** A track is a double when this share of its notes start within DOUBLE_WITHIN of the same pitch class in another. */
const DOUBLE_SHARE = 0.8;
const DOUBLE_WITHIN = 0.02;
/** General MIDI programs 33 to 40, counted from 0. */
const BASS_PROGRAMS: readonly [number, number] = [32, 39];
/** General MIDI's sound effects (from 0): applause plays no role. */
const FIRST_EFFECT = 119;
const BASS_BELOW = 45;
const CHORD_SHARE = 0.3;

export function listBand(set: DatasetName, directory: string): readonly PieceSource[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.mid'))
    .toSorted()
    .map((name) => {
      const song = name.slice(0, -'.mid'.length);
      const split = splitOfGroup(set, song);
      const id = `${set}/${song}`;
      return { id, set, split, load: () => load(join(directory, name), set, id, split) };
    });
}

function load(file: string, set: DatasetName, id: string, split: Piece['split']): Piece {
  const song = readSong(file);
  return { id, set, split, human: false, ...clickOf(song), parts: bandParts(voicesOf(song)) };
}

export function bandParts(voices: readonly Voice[]): readonly Part[] {
  const drums = arrangeNotes(
    voices.filter(({ channel }) => channel === DRUM_CHANNEL).flatMap(({ notes }) => notes),
  );
  const pitched: { readonly role: Role; readonly notes: readonly Note[] }[] = [];
  const candidates = voices
    .filter(({ channel, program }) => channel !== DRUM_CHANNEL && (program ?? 0) < FIRST_EFFECT)
    .filter(({ notes }) => notes.length >= FEWEST_NOTES)
    .toSorted((a, b) => b.notes.length - a.notes.length);
  for (const voice of candidates) {
    if (pitched.some(({ notes }) => doubles(voice.notes, notes))) continue;
    pitched.push({ role: roleOf(voice), notes: voice.notes });
  }
  const counts = new Map<Role, number>();
  const parts: Part[] = [];
  if (drums.length >= FEWEST_NOTES) {
    parts.push({
      peer: 'rhythm',
      role: 'rhythm',
      channel: DRUM_CHANNEL,
      notes: shiftNotes(drums, LEAD_IN),
    });
  }
  for (const { role, notes } of pitched.slice(0, MOST_PARTS - parts.length)) {
    const count = (counts.get(role) ?? 0) + 1;
    counts.set(role, count);
    const peer = count === 1 ? role : `${role}${count}`;
    parts.push({ peer, role, channel: 0, notes: shiftNotes(notes, LEAD_IN) });
  }
  return parts;
}

function roleOf({ notes, program }: Voice): Role {
  const keys = notes.map(({ key }) => key).toSorted((a, b) => a - b);
  const median = keys[Math.floor(keys.length / 2)] ?? 60;
  const inChords = notes.filter(
    ({ at }, index) =>
      Math.abs((notes[index - 1]?.at ?? -1) - at) < DOUBLE_WITHIN ||
      Math.abs((notes[index + 1]?.at ?? -1) - at) < DOUBLE_WITHIN,
  ).length;
  const chordShare = inChords / notes.length;
  const named = program !== undefined && program >= BASS_PROGRAMS[0] && program <= BASS_PROGRAMS[1];
  if ((named || median < BASS_BELOW) && chordShare < CHORD_SHARE) return 'bass';
  return chordShare >= CHORD_SHARE ? 'harmony' : 'melody';
}

/** Whether most of `notes` sound in `other` at the same time, in any octave. */
function doubles(notes: readonly Note[], other: readonly Note[]): boolean {
  let from = 0;
  let same = 0;
  for (const { at, key } of notes) {
    while ((other[from]?.at ?? Number.POSITIVE_INFINITY) < at - DOUBLE_WITHIN) from++;
    for (
      let index = from;
      (other[index]?.at ?? Number.POSITIVE_INFINITY) <= at + DOUBLE_WITHIN;
      index++
    ) {
      if (((other[index]?.key ?? 0) - key) % 12 !== 0) continue;
      same++;
      break;
    }
  }
  return same >= DOUBLE_SHARE * notes.length;
}
