/**
 * Weimar Jazz Database: solos by wind players, guitarists and pianists, transcribed from records. No beats, so no click.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { arrangeNotes, LEAD_IN, type Piece, type PieceSource } from './piece.ts';
import { splitOfGroup } from './split.ts';
import { readRows } from './table-file.ts';

const SUFFIX = '_solo.csv';
const VELOCITY = 90;

export function listJazzomat(directory: string): readonly PieceSource[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith(SUFFIX))
    .toSorted()
    .map((name) => {
      const id = `jazzomat_solos/${name.slice(0, -SUFFIX.length)}`;
      const performer = name.slice(0, Math.max(0, name.indexOf('_')));
      const split = splitOfGroup('jazzomat_solos', performer);
      return {
        id,
        set: 'jazzomat_solos',
        split,
        load: () => load(join(directory, name), id, split),
      };
    });
}

function load(file: string, id: string, split: Piece['split']): Piece {
  const rows = readRows(file, ',').map((row) => row.map(Number));
  // Solos begin wherever they do in the recording.
  const start = rows[0]?.[1] ?? 0;
  const notes = rows.map(([key = 0, at = 0, duration = 0]) => ({
    at: at - start + LEAD_IN,
    duration,
    key: Math.round(key),
    velocity: VELOCITY,
  }));
  return {
    id,
    set: 'jazzomat_solos',
    split,
    human: true,
    click: undefined,
    tempos: [],
    parts: [{ peer: 'soloist', role: 'melody', channel: 0, notes: arrangeNotes(notes) }],
  };
}
