/** Low tide: bossa nova in D minor, 32 bars, AABA. Nylon guitar, upright bass, flute. */
import { chord, comp, DRUM, drums, keyOf, melody, type WrittenNote } from './notation.ts';
import type { Piece } from './performance.ts';

const BAR = 4;

interface Harmony {
  readonly root: string;
  readonly fifth: string;
  readonly voicing: string;
}

const h = (root: string, fifth: string, voicing: string): Harmony => ({ root, fifth, voicing });
const DM9 = h('D2', 'A2', 'F3 C4 E4 A4');
const EM7B5 = h('E2', 'Bb2', 'G3 Bb3 D4 G4');
const A7B9 = h('A2', 'E2', 'G3 Bb3 C#4 E4');
const GM9 = h('G2', 'D3', 'F3 Bb3 D4 A4');
const C13 = h('C3', 'G2', 'E3 Bb3 D4 A4');
const FMAJ9 = h('F2', 'C3', 'E3 A3 C4 G4');
const BBMAJ7 = h('Bb2', 'F2', 'D3 A3 C4 F4');
const D7B9 = h('D2', 'A2', 'F#3 C4 Eb4 A4');
const DM6 = h('D2', 'A2', 'F3 B3 E4 A4');

/** A bar is one harmony, or two of half a bar. */
const A: readonly (readonly Harmony[])[] = [
  [DM9],
  [DM9],
  [EM7B5],
  [A7B9],
  [DM9],
  [GM9, C13],
  [FMAJ9],
  [A7B9],
];
const B: readonly (readonly Harmony[])[] = [
  [GM9],
  [C13],
  [FMAJ9],
  [BBMAJ7],
  [EM7B5],
  [A7B9],
  [DM9],
  [A7B9],
];
const LAST: readonly (readonly Harmony[])[] = [...A.slice(0, 7), [DM6]];
const FORM = [...A, ...A.slice(0, 7), [D7B9], ...B, ...LAST];

/** Thumb on the beat and fingers on the clave, over two bars. */
const CLAVE = ['x..o ..x.', '..x. .o..'];

function guitarPart(): WrittenNote[] {
  return FORM.flatMap((bar, index) => {
    const at = index * BAR;
    if (index === FORM.length - 1) return comp(chord(DM6.voicing), 'x', at, 2, 3.6);
    const pattern = CLAVE[index % 2] ?? '';
    return bar.flatMap((harmony, half) => {
      const letters = pattern.replaceAll(' ', '');
      const width = letters.length / bar.length;
      const mine = letters.slice(half * width, (half + 1) * width);
      return comp(chord(harmony.voicing), mine, at + half * 2, 2, 0.95);
    });
  });
}

function bassPart(): WrittenNote[] {
  return FORM.flatMap((bar, index) => {
    const at = index * BAR;
    const [first, second] = [bar[0] ?? DM9, bar[1]];
    const low = keyOf(first.root);
    if (index === FORM.length - 1) return [{ beat: at, length: 3.8, key: low, velocity: 92 }];
    const other = second ? keyOf(second.root) : keyOf(first.fifth);
    return [
      { beat: at, length: 1.4, key: low, velocity: 94 },
      { beat: at + 1.5, length: 0.45, key: second ? low : other, velocity: 74 },
      { beat: at + 2, length: 1.4, key: other, velocity: 88 },
      { beat: at + 3.5, length: 0.45, key: second ? other : low, velocity: 74 },
    ];
  });
}

function drumPart(): WrittenNote[] {
  return FORM.flatMap((_, index) => {
    const at = index * BAR;
    if (index === FORM.length - 1) {
      return [...drums(DRUM.kick, 'x', at, 4), ...drums(DRUM.ride, 'o', at, 4)];
    }
    const clave = index % 2 === 0 ? 'x.....x. ....x...' : '....x... ..x.....';
    const bridge = index >= 16 && index < 24;
    return [
      ...drums(bridge ? DRUM.ride : DRUM.hat, 'o.g.o.g. o.g.o.gg', at, 4),
      ...drums(DRUM.stick, clave, at, 4),
      ...drums(DRUM.kick, 'o.....g. x.....g.', at, 4),
      ...drums(DRUM.shaker, 'g.o.g.o. g.o.g.o.', at, 4),
      ...(index % 8 === 7 ? drums(DRUM.lowTom, '........ ......og', at, 4) : []),
    ];
  });
}

const TUNE =
  'r/1 A4/0.5 D5/1 E5/0.5 F5/1! | E5/1.5 D5/0.5- C5/0.5 D5/1.5 | r/1 Bb4/0.5 D5/1 E5/0.5 G5/1! |' +
  'E5/1.5 C#5/0.5 Bb4/0.5 A4/1.5 | r/1 A4/0.5 D5/1 E5/0.5 F5/1 | G5/1.5! F5/0.5 E5/0.5 D5/1.5 |';
const FIRST_END = 'C5/2 A4/1 G4/1 | A4/3 r/1';
const SECOND_END = 'C5/1.5 E5/0.5 A5/2! | Eb5/1.5 D5/0.5 C5/1 A4/1';
const THIRD_END = 'E5/1.5 C5/0.5 A4/2 | B4/0.5- D5/3.5';
const MIDDLE =
  'Bb4/0.5 D5/0.5 F5/1 A5/2! | G5/1.5 E5/0.5 D5/2 | A4/0.5 C5/0.5 E5/1 G5/2 | F5/1.5 D5/0.5 C5/2 |' +
  'D5/1 E5/0.5 G5/1 Bb5/1.5! | A5/1 G5/0.5 E5/1 C#5/1.5 | D5/3 r/1 | r/2 A4/1- C#5/1';

export const LOW_TIDE: Piece = {
  id: 'low-tide',
  bpm: 132,
  beatsPerBar: BAR,
  bars: FORM.length,
  parts: [
    { name: 'drums', channel: 9, notes: drumPart() },
    { name: 'bass', channel: 1, program: 32, notes: bassPart(), lean: 3 },
    { name: 'harmony', channel: 2, program: 24, notes: guitarPart(), lean: -3 },
    {
      name: 'melody',
      channel: 3,
      program: 73,
      lean: 12,
      held: 0.95,
      notes: [
        ...melody(TUNE + FIRST_END, 0, BAR),
        ...melody(TUNE + SECOND_END, 8 * BAR, BAR),
        ...melody(MIDDLE, 16 * BAR, BAR),
        ...melody(TUNE + THIRD_END, 24 * BAR, BAR),
      ],
    },
  ],
};
