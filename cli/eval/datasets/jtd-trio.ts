/**
 * Jazz Trio Database: when bass, drums and piano of a trio strike, and the beats, annotated by hand from records.
 *
 * There is no pitch, so each part plays one key at one velocity. The click follows the annotated beats.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Role } from '../../../runtime/core/ensemble.ts';
import { clickFromBeats } from './beats-to-click.ts';
import { arrangeNotes, LEAD_IN, type Part, type Piece, type PieceSource } from './piece.ts';
import { splitOfGroup } from './split.ts';
import { readRows } from './table-file.ts';

interface Player {
  readonly peer: string;
  readonly role: Role;
  readonly channel: number;
  readonly key: number;
  /** Seconds, or until the next note. */
  readonly longest: number;
}

const PLAYERS: readonly Player[] = [
  { peer: 'bass', role: 'bass', channel: 0, key: 40, longest: 0.4 },
  { peer: 'drums', role: 'rhythm', channel: 9, key: 51, longest: 0.1 },
  { peer: 'piano', role: 'harmony', channel: 0, key: 60, longest: 0.3 },
];
const VELOCITY = 80;

export function listJtdTrio(directory: string): readonly PieceSource[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('_mix.txt'))
    .toSorted()
    .map((name) => {
      const stem = name.slice(0, -'_mix.txt'.length);
      const id = `jtd_trio/${stem}`;
      const split = splitOfGroup('jtd_trio', stem);
      return { id, set: 'jtd_trio', split, load: () => load(join(directory, stem), id, split) };
    });
}

function load(stem: string, id: string, split: Piece['split']): Piece {
  const parts = PLAYERS.map(({ peer, role, channel, key, longest }): Part => {
    const onsets = readRows(`${stem}_${peer}.txt`, /\s+/).map((row) => Number(row[0]) + LEAD_IN);
    onsets.sort((a, b) => a - b);
    const notes = onsets.map((at, index) => ({
      at,
      duration: Math.min(longest, ((onsets[index + 1] ?? Number.POSITIVE_INFINITY) - at) * 0.9),
      key,
      velocity: VELOCITY,
    }));
    return { peer, role, channel, notes: arrangeNotes(notes) };
  });
  const marked = readRows(`${stem}_mix.txt`, /\s+/).map(([time, label]) => {
    const [bar = 0, beat = 1] = (label ?? '').split('.').map(Number);
    return { time: Number(time) + LEAD_IN, bar, beat };
  });
  const beatsPerBar = Math.max(...marked.map(({ beat }) => beat));
  const beats = marked.map(({ time, bar, beat }) => ({
    time,
    beat: bar * beatsPerBar + beat - 1,
  }));
  const rising = beats.filter((beat, index) => beat.beat > (beats[index - 1]?.beat ?? -1e9));
  const tapped = clickFromBeats(rising, beatsPerBar);
  return {
    id,
    set: 'jtd_trio',
    split,
    human: true,
    click: tapped?.click,
    tempos: tapped?.tempos ?? [],
    parts,
  };
}
