/**
 * Nottingham: folk tunes, quantized: the first track is the tune, the second its chords.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { clickOf, readSong, voicesOf } from './midi-notes.ts';
import { LEAD_IN, type Part, type Piece, type PieceSource, shiftNotes } from './piece.ts';
import { splitOfGroup } from './split.ts';

const FEWEST_NOTES = 24;

export function listNottingham(directory: string): readonly PieceSource[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.mid'))
    .toSorted()
    .map((name) => {
      const tune = name.slice(0, -'.mid'.length);
      const split = splitOfGroup('nottingham', tune);
      const id = `nottingham/${tune}`;
      return { id, set: 'nottingham', split, load: () => load(join(directory, name), id, split) };
    });
}

function load(file: string, id: string, split: Piece['split']): Piece {
  const song = readSong(file);
  const parts = voicesOf(song).flatMap(({ notes }, index): Part[] =>
    notes.length < FEWEST_NOTES || index > 1
      ? []
      : [
          {
            peer: index === 0 ? 'melody' : 'chords',
            role: index === 0 ? 'melody' : 'harmony',
            channel: 0,
            notes: shiftNotes(notes, LEAD_IN),
          },
        ],
  );
  return { id, set: 'nottingham', split, human: false, ...clickOf(song), parts };
}
