/**
 * A piece of the training data as a band might have played it once: in another key and tempo, each player with a timing of
 * their own, some players missing, heard from some bar on. The same seed gives the same playing.
 */
import type { Part, Piece } from '../../../cli/eval/datasets/piece.ts';
import type { Role } from '../../../runtime/core/ensemble.ts';
import type { BeatGrid } from '../../../runtime/prediction/grid/beat-grid.ts';
import { gridOf } from '../piece-grid.ts';
import type { SeededRandom } from '../random.ts';

/** Times in microseconds. */
export interface PlayedNote {
  readonly at: number;
  readonly until: number;
  readonly key: number;
  readonly velocity: number;
}

export interface PlayedPart {
  readonly role: Role;
  readonly notes: readonly PlayedNote[];
}

export interface PlayedPiece {
  readonly grid: BeatGrid;
  readonly parts: readonly PlayedPart[];
  /** How long before a slot's time the last known event was performed (microseconds). */
  readonly horizon: number;
}

/** Standard deviation of a chord, how much the next one keeps of it, and of the notes in a chord (seconds). */
const DEVIATION = 0.012;
const RHO = 0.5;
const CHORD_SPREAD = 0.003;
const CHORD = 0.005;
/** Players sit before or behind the click (standard deviation, seconds), in some of the playings. */
const OFFSET = 0.012;

/** `isVaried`: false plays it as it stands, humanised as the benchmark does. */
export function play(
  piece: Piece,
  random: SeededRandom,
  isVaried: boolean,
): PlayedPiece | undefined {
  const stretch = isVaried ? random.between(0.82, 1.22) : 1;
  const grid = gridOf(piece, stretch);
  if (!grid) return undefined;
  const transposed = isVaried ? random.below(12) - 6 : 0;
  const horizon = isVaried ? random.between(50_000, 130_000) : 105_000;
  const isAlone = isVaried && random.next() < 0.2;
  const alone = random.below(piece.parts.length);
  const from = isVaried && random.next() < 0.3 ? random.between(0, 0.5) : 0;
  const end = Math.max(...piece.parts.map(({ notes }) => notes.at(-1)?.at ?? 0));
  const parts = piece.parts
    .filter((_, index) => (isAlone ? index === alone : !isVaried || random.next() > 0.12))
    .map((part) => ({
      role: part.role,
      notes: playPart(piece.human, part, random, {
        stretch,
        transposed,
        from: from * end,
        isVaried,
      }),
    }))
    .filter(({ notes }) => notes.length > 16);
  return { grid, parts, horizon };
}

interface Manner {
  readonly stretch: number;
  readonly transposed: number;
  readonly from: number;
  readonly isVaried: boolean;
}

function playPart(
  isHuman: boolean,
  part: Part,
  random: SeededRandom,
  manner: Manner,
): PlayedNote[] {
  const { stretch, from, isVaried } = manner;
  const transposed = part.role === 'rhythm' ? 0 : manner.transposed;
  const spread = isHuman ? 0 : DEVIATION * (isVaried ? random.between(0.6, 1.25) : 1);
  const chordSpread = isHuman ? 0 : CHORD_SPREAD;
  const offset = isVaried && random.next() < 0.4 ? OFFSET * random.normal() : 0;
  let chordAt = Number.NEGATIVE_INFINITY;
  let deviation = spread * random.normal();
  const played: PlayedNote[] = [];
  for (const note of part.notes) {
    if (note.at - chordAt > CHORD) {
      chordAt = note.at;
      deviation = RHO * deviation + Math.sqrt(1 - RHO * RHO) * spread * random.normal();
    }
    if (note.at < from) continue;
    const at = (note.at * stretch + deviation + offset + chordSpread * random.normal()) * 1e6;
    const key = Math.min(127, Math.max(0, note.key + transposed));
    played.push({ at, until: at + note.duration * stretch * 1e6, key, velocity: note.velocity });
  }
  return played.sort((a, b) => a.at - b.at);
}
