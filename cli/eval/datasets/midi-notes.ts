/**
 * Notes of Standard MIDI Files: note-ons paired with their note-offs, by track and channel; the click from the tempo map.
 */
import { readFileSync } from 'node:fs';
import type { MidiFileSong, MidiFileTrack } from '../../../sim/midi-file.ts';
import { readMidiFile } from '../../../sim/midi-file.ts';
import { arrangeNotes, LEAD_IN, type Note, type PieceClick, type TempoChange } from './piece.ts';

/** What one track plays on one channel. Times from the start of the file. */
export interface Voice {
  readonly track: number;
  readonly name: string;
  readonly channel: number;
  /** The program that most of its notes are played with; undefined when none was chosen. */
  readonly program: number | undefined;
  readonly notes: readonly Note[];
}

export function readSong(path: string): MidiFileSong {
  return readMidiFile(readFileSync(path));
}

export function voicesOf(song: MidiFileSong): readonly Voice[] {
  return song.tracks.flatMap((track, index) => voicesOfTrack(track, index));
}

interface Held {
  readonly at: number;
  readonly velocity: number;
}

function voicesOfTrack(track: MidiFileTrack, index: number): readonly Voice[] {
  const notes = new Map<number, Note[]>();
  const programs = new Map<number, Map<number, number>>();
  const current = new Map<number, number>();
  const held = new Map<number, Held[]>();
  let last = 0;
  for (const { at: micros, message } of track.events) {
    const at = micros / 1e6;
    last = at;
    if (message.kind === 'programChange') current.set(message.channel, message.program);
    if (message.kind !== 'noteOn' && message.kind !== 'noteOff') continue;
    const id = message.channel * 128 + message.key;
    if (message.kind === 'noteOn') {
      held.set(id, [...(held.get(id) ?? []), { at, velocity: message.velocity }]);
      const program = current.get(message.channel);
      if (program !== undefined) count(programs, message.channel, program);
      continue;
    }
    const begun = held.get(id)?.shift();
    if (begun) add(notes, id, begun, at);
  }
  for (const [id, open] of held) for (const begun of open) add(notes, id, begun, last);
  return [...notes].map(([channel, played]) => ({
    track: index,
    name: track.name,
    channel,
    program: mostCommon(programs.get(channel)),
    notes: arrangeNotes(played),
  }));
}

function add(notes: Map<number, Note[]>, id: number, begun: Held, end: number): void {
  const note = {
    at: begun.at,
    duration: Math.max(0, end - begun.at),
    key: id % 128,
    velocity: begun.velocity,
  };
  const channel = Math.floor(id / 128);
  const list = notes.get(channel);
  if (list) list.push(note);
  else notes.set(channel, [note]);
}

function count(counts: Map<number, Map<number, number>>, channel: number, value: number): void {
  const ofChannel = counts.get(channel) ?? new Map<number, number>();
  counts.set(channel, ofChannel);
  ofChannel.set(value, (ofChannel.get(value) ?? 0) + 1);
}

function mostCommon(counts: ReadonlyMap<number, number> | undefined): number | undefined {
  return [...(counts ?? [])].toSorted((a, b) => b[1] - a[1])[0]?.[0];
}

/** The click of a file that is counted from its start, LEAD_IN later. */
export function clickOf(song: MidiFileSong): {
  readonly click: PieceClick;
  readonly tempos: readonly TempoChange[];
} {
  const tempos: TempoChange[] = [];
  let bpm = song.bpm;
  for (const change of song.tempos) {
    if (Math.abs(change.bpm - bpm) < 1e-6 * bpm) continue;
    bpm = change.bpm;
    tempos.push({ time: change.at / 1e6 + LEAD_IN, bpm, beat: change.beat });
  }
  return {
    click: { origin: LEAD_IN, bpm: song.bpm, beatsPerBar: song.beatsPerBar },
    tempos,
  };
}
