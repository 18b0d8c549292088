/** Slow light: a ballad in F, 16 bars. Piano arpeggios, fretless bass, alto saxophone, soft drums. */
import { chord, DRUM, drums, keyOf, melody, type WrittenNote } from './notation.ts';
import type { Piece } from './performance.ts';

const BAR = 4;

/** Bass note, then the keys that the piano breaks from below; two of them share a bar. */
const FORM = [
  ['F2 : F3 C4 E4 A4'],
  ['E2 : G3 C4 D4 G4'],
  ['D2 : F3 A3 C4 E4'],
  ['Bb2 : D3 A3 C4 F4'],
  ['A2 : F3 A3 C4 E4'],
  ['G2 : F3 Bb3 D4 F4'],
  ['Bb2 : D3 F3 A3 D4'],
  ['C3 : E3 G3 Bb3 D4'],
  ['F2 : F3 C4 E4 A4'],
  ['C#3 : E3 G3 A3 E4'],
  ['D3 : F3 A3 C4 F4'],
  ['Bb2 : D3 A3 C4 F4'],
  ['C3 : F3 A3 C4 F4'],
  ['C3 : F3 Bb3 D4 G4', 'C3 : E3 Bb3 D4 G4'],
  ['Bb2 : D3 F3 C4 F4'],
  ['F2 : F3 A3 C4 G4'],
];

interface Harmony {
  readonly low: number;
  readonly keys: readonly number[];
}

const HARMONIES: readonly (readonly Harmony[])[] = FORM.map((bar) =>
  bar.map((text) => {
    const [low = 'F2', keys = 'F3'] = text.split(' : ');
    return { low: keyOf(low), keys: chord(keys) };
  }),
);

/** Eighths: up, and down again by another way; every key rings until the harmony changes. */
const BROKEN = [0, 1, 2, 3, 2, 1, 3, 2];

function pianoPart(): WrittenNote[] {
  return HARMONIES.flatMap((bar, index) => {
    const at = index * BAR;
    const last = index === HARMONIES.length - 1;
    return bar.flatMap(({ keys }, part) => {
      const span = BAR / bar.length;
      const from = at + part * span;
      if (last)
        return keys.map((key, i) => ({ beat: from + i * 0.25, length: 3, key, velocity: 70 }));
      return BROKEN.slice(0, span * 2).map((which, step) => ({
        beat: from + step / 2,
        length: Math.min(1.5, span - step / 2),
        key: keys[which] ?? 60,
        velocity: step === 0 ? 76 : 62,
      }));
    });
  });
}

function bassPart(): WrittenNote[] {
  return HARMONIES.flatMap((bar, index) => {
    const at = index * BAR;
    const span = BAR / bar.length;
    return bar.flatMap(({ low }, part) => {
      const from = at + part * span;
      if (index === HARMONIES.length - 1 || span < BAR) {
        return [{ beat: from, length: span * 0.95, key: low, velocity: 84 }];
      }
      const next = HARMONIES[index + 1]?.[0]?.low ?? low;
      const step = next === low ? low + 7 : next > low ? next - 2 : next + 2;
      return [
        { beat: from, length: 2.4, key: low, velocity: 88 },
        { beat: from + 2.5, length: 0.9, key: low + (index % 2 === 0 ? 7 : 12), velocity: 74 },
        { beat: from + 3.5, length: 0.45, key: step, velocity: 70 },
      ];
    });
  });
}

function drumPart(): WrittenNote[] {
  return HARMONIES.flatMap((_, index) => {
    const at = index * BAR;
    if (index < 2) return drums(DRUM.pedal, '..o...o.', at, 2);
    if (index === HARMONIES.length - 1) {
      return [...drums(DRUM.kick, 'o', at, 2), ...drums(DRUM.ride, 'o', at, 2)];
    }
    const second = index >= 8;
    return [
      ...drums(second ? DRUM.ride : DRUM.hat, 'o.gg o.gg o.gg o.gg', at, 4),
      ...drums(DRUM.kick, index % 2 === 0 ? 'o..... ..o.....' : 'o.....g. o.....', at, 4),
      ...drums(DRUM.stick, second ? '' : '....o... ....o...', at, 4),
      ...drums(DRUM.snare, second ? '....o..g ....o...' : '', at, 4),
      ...(index === 7 ? drums(DRUM.highTom, '........ ......oo', at, 4) : []),
      ...(index === 8 ? drums(DRUM.crash, 'o', at, 4) : []),
    ];
  });
}

const TUNE =
  'A4/1 C5/1 E5/1.5! D5/0.5 | C5/3 G4/0.5- A4/0.5- | F4/1 A4/1 D5/1.5! C5/0.5 | D5/1.5 C5/0.5 A4/2 |' +
  'A4/1 C5/1 F5/1.5! E5/0.5 | D5/1 Bb4/1 G4/1 A4/0.5 Bb4/0.5 | C5/1 D5/1 F5/1 A5/1! | G5/3 r/1 |' +
  'A5/1.5! G5/0.5 E5/1 C5/1 | E5/1.5 C#5/0.5 E5/1 G5/1 | F5/1.5 E5/0.5 D5/1 A4/1 |' +
  'D5/1 F5/1 A5/1.5! G5/0.5 | A5/1 F5/1 C5/1 F5/1 | D5/1 C5/0.5 Bb4/0.5 G4/1.5 Bb4/0.5 |' +
  'C5/1.5 Bb4/0.5 F4/1 G4/1 | A4/3.5- r/0.5';

export const SLOW_LIGHT: Piece = {
  id: 'slow-light',
  bpm: 69,
  beatsPerBar: BAR,
  bars: FORM.length,
  swing: { share: 0.56, pair: 0.5 },
  parts: [
    { name: 'drums', channel: 9, notes: drumPart(), lean: 6 },
    { name: 'bass', channel: 1, program: 35, notes: bassPart(), lean: 5 },
    { name: 'harmony', channel: 2, program: 0, notes: pianoPart(), held: 1 },
    {
      name: 'melody',
      channel: 3,
      program: 65,
      notes: melody(TUNE, 0, BAR),
      lean: 18,
      held: 0.97,
    },
  ],
};
