/** Paper boats: a jazz waltz in G, 32 bars, AABA. Brushes, upright bass, piano, clarinet. */
import { chord, comp, DRUM, drums, keyOf, melody, type WrittenNote } from './notation.ts';
import type { Piece } from './performance.ts';

const BAR = 3;

/** Bass note, the note that answers it, the piano's voicing. */
const A = [
  'G2 D3 | F#3 A3 B3 D4',
  'E2 B2 | G3 B3 D4 F#4',
  'A2 E3 | G3 B3 C4 E4',
  'D2 A2 | F#3 B3 C4 E4',
  'B2 F#2 | F#3 A3 B3 D4',
  'E2 B2 | G#3 B3 D4 F4',
  'A2 D3 | F#3 C4 E4 A4',
  'G2 D2 | F#3 A3 B3 D4',
];
const B = [
  'C3 G2 | E3 G3 B3 D4',
  'C3 G2 | Eb3 G3 A3 D4',
  'B2 F#2 | D3 G3 B3 D4',
  'E2 B2 | D3 G#3 B3 D4',
  'A2 E3 | C3 G3 B3 E4',
  'D2 A2 | C3 F#3 A3 E4',
  'B2 E3 | D3 G#3 A3 D4',
  'A2 D3 | C3 F#3 B3 E4',
];
const FORM = [...A, ...A, ...B, ...A];

function split(bar: string): { bass: string[]; voicing: readonly number[] } {
  const [bass = '', voicing = ''] = bar.split(' | ');
  return { bass: bass.split(' '), voicing: chord(voicing) };
}

function pianoPart(): WrittenNote[] {
  return FORM.flatMap((bar, index) => {
    const { voicing } = split(bar);
    const at = index * BAR;
    if (index === FORM.length - 1) return comp(voicing, 'x', at, 2, 2.8);
    // In eighths: on two and three, now and then ahead of the next bar.
    const patterns = ['..x.o.', '..x..o', '.x..o.', '..x.o.'];
    return comp(voicing, patterns[index % 4] ?? '', at, 2, 0.6);
  });
}

function bassPart(): WrittenNote[] {
  return FORM.flatMap((bar, index) => {
    const { bass } = split(bar);
    const at = index * BAR;
    const low = keyOf(bass[0] ?? 'G2');
    const answer = keyOf(bass[1] ?? 'D3');
    if (index === FORM.length - 1) return [{ beat: at, length: 2.9, key: low, velocity: 90 }];
    const next = keyOf(split(FORM[index + 1] ?? bar).bass[0] ?? 'G2');
    const first = { beat: at, length: 1.9, key: low, velocity: 96 };
    // Every other bar walks into the next one.
    if (index % 2 === 0) return [first, { beat: at + 2, length: 0.9, key: answer, velocity: 80 }];
    return [
      { ...first, length: 0.95 },
      { beat: at + 1, length: 0.95, key: answer, velocity: 82 },
      { beat: at + 2, length: 0.9, key: next + (next > answer ? -1 : 1), velocity: 80 },
    ];
  });
}

function drumPart(): WrittenNote[] {
  return FORM.flatMap((_, index) => {
    const at = index * BAR;
    if (index === FORM.length - 1) {
      return [...drums(DRUM.kick, 'o', at, 2), ...drums(DRUM.ride, 'x', at, 2)];
    }
    const fill = index % 8 === 7;
    return [
      ...drums(DRUM.ride, 'x.o.oo', at, 2),
      ...drums(DRUM.pedal, '..o.o.', at, 2),
      ...drums(DRUM.kick, index % 2 === 0 ? 'o.....' : 'o...g.', at, 2),
      ...drums(
        DRUM.snare,
        fill ? '.g.goo' : (['...g..', '.....g', '...g.g'][index % 3] ?? ''),
        at,
        2,
      ),
    ];
  });
}

const TUNE =
  'D5/2 B4/1 | G4/1.5 A4/0.5 B4/1 | C5/1.5 E5/0.5 G5/1! | F#5/1 E5/1 A4/1 |' +
  'D5/2 F#5/1! | G#4/1 B4/0.5 D5/0.5 E5/1 |';
const FIRST_END = 'C5/1.5 B4/0.5 A4/1 | G4/1 B4/1- D5/1-';
const SECOND_END = 'C5/1.5 B4/0.5 A4/1 | G4/3';
const MIDDLE =
  'E5/1.5 D5/0.5 C5/1 | Eb5/2! D5/1 | D5/1 G5/1 B5/1! | G#5/1.5 E5/0.5 D5/1 |' +
  'C5/1.5 B4/0.5 E5/1 | A4/1 C5/1 F#5/1! | E5/1 D5/0.5 B4/0.5 G#4/1 | A4/2 D5/1';
const LAST_END = 'C5/1 E5/1 F#5/1 | G5/3';

export const PAPER_BOATS: Piece = {
  id: 'paper-boats',
  bpm: 144,
  beatsPerBar: BAR,
  bars: FORM.length,
  swing: { share: 0.62, pair: 1 },
  parts: [
    { name: 'drums', channel: 9, notes: drumPart() },
    { name: 'bass', channel: 1, program: 32, notes: bassPart(), lean: -2 },
    { name: 'harmony', channel: 2, program: 0, notes: pianoPart(), lean: 4 },
    {
      name: 'melody',
      channel: 3,
      program: 71,
      lean: 10,
      held: 0.96,
      notes: [
        ...melody(TUNE + FIRST_END, 0, BAR),
        ...melody(TUNE + SECOND_END, 8 * BAR, BAR),
        ...melody(MIDDLE, 16 * BAR, BAR),
        ...melody(TUNE + LAST_END, 24 * BAR, BAR),
      ],
    },
  ],
};
