/**
 * ASAP: solo piano, performed freely in classical manner. No click: nobody could play these to one.
 */
import { readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readSong, voicesOf } from './midi-notes.ts';
import { arrangeNotes, LEAD_IN, type Piece, type PieceSource, shiftNotes } from './piece.ts';
import { splitOfGroup } from './split.ts';

export function listAsap(directory: string): readonly PieceSource[] {
  return readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.mid') && !name.endsWith('midi_score.mid'))
    .toSorted()
    .map((name) => {
      const id = `asap/${name.slice(0, -'.mid'.length)}`;
      const split = splitOfGroup('asap', dirname(name));
      return { id, set: 'asap', split, load: () => load(join(directory, name), id, split) };
    });
}

function load(file: string, id: string, split: Piece['split']): Piece {
  const notes = arrangeNotes(voicesOf(readSong(file)).flatMap((voice) => voice.notes));
  const start = notes[0]?.at ?? 0;
  return {
    id,
    set: 'asap',
    split,
    human: true,
    click: undefined,
    tempos: [],
    parts: [
      { peer: 'piano', role: 'harmony', channel: 0, notes: shiftNotes(notes, LEAD_IN - start) },
    ],
  };
}
