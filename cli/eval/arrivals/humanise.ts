/**
 * Makes quantized playing human: every chord early or late by what is left of the last one's error and some of its own.
 *
 * Takes  a part and a seed. Gives the part as played. First-order autoregression over the chords of the part.
 */
import type { Randomness } from '../../../runtime/ports/randomness.ts';
import { normal, seededRandomness } from '../../../sim/seeded-randomness.ts';
import { arrangeNotes, type Note, type Piece } from '../datasets/piece.ts';

/** Seconds: standard deviation of a chord, and of its notes around it. */
const DEVIATION = 0.012;
const CHORD_SPREAD = 0.003;
const RHO = 0.5;
/** Notes that start as close belong to one chord. */
const CHORD = 0.005;

/** Human pieces come back as they are. `take`: the same piece, played anew. */
export function humanise(piece: Piece, take: number = 0): Piece {
  if (piece.human) return piece;
  return {
    ...piece,
    human: true,
    parts: piece.parts.map((part) => ({
      ...part,
      notes: humaniseNotes(
        part.notes,
        seededRandomness(`humanise ${piece.id} ${part.peer}${take === 0 ? '' : ` ${take}`}`),
      ),
    })),
  };
}

function humaniseNotes(notes: readonly Note[], randomness: Randomness): readonly Note[] {
  let chordAt = Number.NEGATIVE_INFINITY;
  let deviation = DEVIATION * normal(randomness);
  const played = notes.map((note) => {
    if (note.at - chordAt > CHORD) {
      chordAt = note.at;
      deviation = RHO * deviation + Math.sqrt(1 - RHO * RHO) * DEVIATION * normal(randomness);
    }
    return { ...note, at: note.at + deviation + CHORD_SPREAD * normal(randomness) };
  });
  return arrangeNotes(played);
}
