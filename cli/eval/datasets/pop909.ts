/**
 * POP909: pop songs as a melody, a bridge (second melody) and a piano that accompanies, nearly quantized.
 *
 * The piano is one part in the role harmony, left hand and all: one player would play it. The click follows the annotated
 * beats, since the notes lie on them and not on the file's own bars; bars are of four beats from the first annotated
 * bar line on.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '../../../runtime/core/ensemble.ts';
import { clickFromBeats } from './beats-to-click.ts';
import { readSong, voicesOf } from './midi-notes.ts';
import { LEAD_IN, type Part, type Piece, type PieceSource, shiftNotes } from './piece.ts';
import { splitOfGroup } from './split.ts';
import { readRows } from './table-file.ts';

const PARTS: ReadonlyMap<string, { readonly peer: string; readonly role: Role }> = new Map([
  ['MELODY', { peer: 'melody', role: 'melody' }],
  ['BRIDGE', { peer: 'bridge', role: 'melody' }],
  ['PIANO', { peer: 'piano', role: 'harmony' }],
]);
const FEWEST_NOTES = 40;
const BEATS_PER_BAR = 4;

export function listPop909(directory: string): readonly PieceSource[] {
  return readdirSync(directory)
    .filter((name) => /^\d+$/.test(name))
    .toSorted()
    .map((song) => {
      const id = `pop909/${song}`;
      const split = splitOfGroup('pop909', song);
      return {
        id,
        set: 'pop909',
        split,
        load: () => load(join(directory, song), song, id, split),
      };
    });
}

function load(folder: string, song: string, id: string, split: Piece['split']): Piece {
  const parts: Part[] = [];
  for (const voice of voicesOf(readSong(join(folder, `${song}.mid`)))) {
    const part = PARTS.get(voice.name);
    if (!part || voice.notes.length < FEWEST_NOTES) continue;
    parts.push({ ...part, channel: 0, notes: shiftNotes(voice.notes, LEAD_IN) });
  }
  const rows = readRows(join(folder, 'beat_midi.txt'), /\s+/);
  const barLine = Math.max(
    0,
    rows.findIndex((row) => Number(row[2]) === 1),
  );
  const beats = rows.map((row, index) => ({
    time: Number(row[0]) + LEAD_IN,
    beat: index - barLine,
  }));
  const tapped = clickFromBeats(beats, BEATS_PER_BAR);
  return {
    id,
    set: 'pop909',
    split,
    human: false,
    click: tapped?.click,
    tempos: tapped?.tempos ?? [],
    parts,
  };
}
