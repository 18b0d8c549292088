/**
 * Short hand in which the bundled pieces are written down.
 *
 * Takes  text.
 * Gives  notes in beats (quarter notes), counted from the text's beginning.
 * Keeps  nothing.
 */

export interface WrittenNote {
  /** In quarter notes from the beginning of the piece. */
  readonly beat: number;
  readonly length: number;
  readonly key: number;
  /** 1 to 127, before a player shapes it. */
  readonly velocity: number;
}

const STEPS: Readonly<Record<string, number>> = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };

/** `C4` is middle C (60); `#` and `b` after the letter. */
export function keyOf(name: string): number {
  const parts = /^([A-G])([#b]?)(\d)$/.exec(name);
  const step = STEPS[parts?.[1] ?? ''];
  if (!parts || step === undefined) throw new Error(`${name} is no key`);
  const bent = parts[2] === '#' ? 1 : parts[2] === 'b' ? -1 : 0;
  return 12 * (Number(parts[3]) + 1) + step + bent;
}

/** Names of keys, separated by blanks. */
export function chord(names: string): readonly number[] {
  return names.split(' ').map(keyOf);
}

/**
 * A line of `name/beats`, `r/beats` for a rest; a trailing `!` is an accent, `-` a soft note. Bars are separated by `|`
 * and must fill `beatsPerBar`.
 */
export function melody(text: string, from: number, beatsPerBar: number): WrittenNote[] {
  const notes: WrittenNote[] = [];
  let beat = from;
  for (const [bar, tokens] of text.split('|').entries()) {
    const start = beat;
    for (const token of tokens.trim().split(/\s+/)) {
      const parts = /^(r|[A-G][#b]?\d)\/([\d.]+)([!-]?)$/.exec(token);
      if (!parts) throw new Error(`${token} is no note`);
      const length = Number(parts[2]);
      const velocity = parts[3] === '!' ? 104 : parts[3] === '-' ? 72 : 88;
      if (parts[1] !== 'r') notes.push({ beat, length, key: keyOf(parts[1] ?? ''), velocity });
      beat += length;
    }
    if (Math.abs(beat - start - beatsPerBar) > 1e-6) {
      throw new Error(`bar ${bar + 1} of "${tokens.trim()}" has ${beat - start} beats`);
    }
  }
  return notes;
}

/** What the letters of a drum pattern mean. */
const STROKES: Readonly<Record<string, number>> = { X: 112, x: 96, o: 74, g: 38 };

/** One letter per step: `X` accent, `x` full, `o` lighter, `g` ghost, `.` nothing. Blanks are for the eye. */
export function drums(
  key: number,
  pattern: string,
  from: number,
  stepsPerBeat: number,
): WrittenNote[] {
  return [...pattern.replaceAll(' ', '')].flatMap((letter, step) => {
    const velocity = STROKES[letter];
    if (velocity === undefined) return [];
    return [{ beat: from + step / stepsPerBeat, length: 0.2, key, velocity }];
  });
}

/** A chord at each letter of the pattern, held for `length` beats. */
export function comp(
  keys: readonly number[],
  pattern: string,
  from: number,
  stepsPerBeat: number,
  length: number,
): WrittenNote[] {
  return drums(0, pattern, from, stepsPerBeat).flatMap(({ beat, velocity }) =>
    keys.map((key) => ({ beat, length, key, velocity: velocity - 14 })),
  );
}

/** General MIDI percussion. */
export const DRUM = {
  kick: 36,
  stick: 37,
  snare: 38,
  hat: 42,
  pedal: 44,
  openHat: 46,
  lowTom: 45,
  midTom: 47,
  highTom: 50,
  crash: 49,
  ride: 51,
  tambourine: 54,
  shaker: 70,
} as const;
