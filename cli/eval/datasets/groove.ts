/**
 * Groove MIDI Dataset: drummers on an electronic kit, playing to a metronome.
 *
 * Files begin at the metronome's first beat. Beats are read, not fills: one or two bars are no piece. Of the ten grooves
 * that drummers 1, 7 and 8 all played (`eval_session`), only what is learnt from stays: elsewhere it would be known.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { clickOf, readSong, voicesOf } from './midi-notes.ts';
import { arrangeNotes, LEAD_IN, type Piece, type PieceSource, shiftNotes } from './piece.ts';
import { splitOfGroup } from './split.ts';
import { readRecords } from './table-file.ts';

/** Seconds: the predictor needs some bars to show what it can do. */
const LEAST_DURATION = 20;

/** `everything`: with fills and short ones, for what learns from single bars. */
export function listGroove(
  directory: string,
  { everything = false }: { readonly everything?: boolean } = {},
): readonly PieceSource[] {
  const sources: PieceSource[] = [];
  for (const row of readRecords(join(directory, 'info.csv'), ',')) {
    const file = join(directory, row.get('midi_filename') ?? '');
    const long = row.get('beat_type') === 'beat' && Number(row.get('duration')) >= LEAST_DURATION;
    if (!(long || everything)) continue;
    if (!existsSync(file)) continue;
    const session = row.get('session') ?? '';
    const split = splitOfGroup('groove', session);
    if (session.endsWith('eval_session') && split !== 'train') continue;
    const id = `groove/${row.get('id')}`;
    const bpm = Number(row.get('bpm'));
    const beatsPerBar = quartersOf(row.get('time_signature') ?? '');
    sources.push({ id, set: 'groove', split, load: () => load(file, id, split, bpm, beatsPerBar) });
  }
  return sources;
}

function load(
  file: string,
  id: string,
  split: Piece['split'],
  bpm: number,
  beatsPerBar: number,
): Piece {
  const song = readSong(file);
  const { click } = clickOf(song);
  const notes = arrangeNotes(voicesOf(song).flatMap((voice) => voice.notes));
  return {
    id,
    set: 'groove',
    split,
    human: true,
    click: { ...click, bpm, beatsPerBar },
    tempos: [],
    parts: [{ peer: 'drums', role: 'rhythm', channel: 9, notes: shiftNotes(notes, LEAD_IN) }],
  };
}

/** "6-8" is three quarter notes. */
function quartersOf(signature: string): number {
  const [beats = 4, unit = 4] = signature.split('-').map(Number);
  return (beats * 4) / unit || 4;
}
