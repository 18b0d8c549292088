/**
 * Bach's chorales on a grid of sixteenths: four voices, sung at a steady tempo.
 *
 * The file has no tempo, and says nothing of notes that are repeated: a key that goes on is one note, and it starts anew at
 * every bar.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import {
  arrangeNotes,
  LEAD_IN,
  type Note,
  type Part,
  type Piece,
  type PieceSource,
} from './piece.ts';
import { splitOfGroup } from './split.ts';

const BPM = 84;
const STEP = 60 / BPM / 4;
const STEPS_PER_BAR = 16;
const VELOCITY = 80;
const HELD = 0.95;

/** Chorales of steps of the keys of soprano, alto, tenor and bass; below 0 where one is silent. */
const FILE = z.array(z.array(z.array(z.number())));

const VOICES = [
  { peer: 'soprano', role: 'melody' },
  { peer: 'alto', role: 'harmony' },
  { peer: 'tenor', role: 'harmony' },
  { peer: 'bass', role: 'bass' },
] as const;

export function listJsb(directory: string): readonly PieceSource[] {
  const chorales = FILE.parse(
    JSON.parse(readFileSync(join(directory, 'chorales16th.json'), 'utf8')),
  );
  return chorales.map((steps, index) => {
    const id = `jsb/${index}`;
    const split = splitOfGroup('jsb', String(index));
    return { id, set: 'jsb', split, load: () => sing(steps, id, split) };
  });
}

function sing(steps: readonly (readonly number[])[], id: string, split: Piece['split']): Piece {
  const parts = VOICES.map(
    (voice, index): Part => ({
      ...voice,
      channel: 0,
      notes: voiceNotes(steps.map((keys) => keys[index] ?? -1)),
    }),
  );
  return {
    id,
    set: 'jsb',
    split,
    human: false,
    click: { origin: LEAD_IN, bpm: BPM, beatsPerBar: 4 },
    tempos: [],
    parts: parts.filter(({ notes }) => notes.length > 0),
  };
}

function voiceNotes(keys: readonly number[]): readonly Note[] {
  const notes: Note[] = [];
  for (let step = 0; step < keys.length; ) {
    const key = keys[step] ?? -1;
    let end = step + 1;
    while (keys[end] === key && end % STEPS_PER_BAR !== 0) end++;
    if (key >= 0 && key <= 127) {
      const duration = (end - step) * STEP * HELD;
      notes.push({ at: LEAD_IN + step * STEP, duration, key, velocity: VELOCITY });
    }
    step = end;
  }
  return arrangeNotes(notes);
}
