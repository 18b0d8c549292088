/** After hours: funk in E dorian, 24 bars. Riff and clavinet, eight bars of changes, riff again. */
import { chord, comp, DRUM, drums, keyOf, melody, type WrittenNote } from './notation.ts';
import type { Piece } from './performance.ts';

const BAR = 4;
const STEPS = 4;
const bars = (count: number): number[] => Array.from({ length: count }, (_, bar) => bar);

/** `step:key:length` in sixteenths. */
function riff(text: string, bar: number): WrittenNote[] {
  return text.split(' ').map((token) => {
    const [step = '', key = '', length = ''] = token.split(':');
    const beat = bar * BAR + Number(step) / STEPS;
    const velocity = Number(step) % 4 === 0 ? 100 : 88;
    return { beat, length: Number(length) / STEPS, key: keyOf(key), velocity };
  });
}

const RIFF_A = '0:E2:3 3:E2:1 6:G2:1 7:A2:2 10:Bb2:1 11:B2:2 14:D3:1 15:E3:1';
const RIFF_B = '0:E2:3 3:E2:1 6:D3:1 7:E3:2 10:B2:1 11:A2:2 14:G2:1 15:F#2:1';
const CHANGES_BASS = [
  '0:C3:3 3:C3:1 6:E3:1 7:G3:2 10:E3:1 12:C3:2 15:Bb2:1',
  '0:B2:3 3:B2:1 6:D#3:1 7:F#3:2 10:A3:2 12:B2:2 14:A2:1 15:G#2:1',
  '0:A2:3 3:A2:1 6:C3:1 7:E3:2 10:G3:1 12:A2:2 15:C#3:1',
  '0:D3:3 3:D3:1 6:F#3:1 7:A3:2 10:C4:1 12:D3:1 13:D3:1 14:B2:1 15:A2:1',
];
const CHANGES = ['E3 B3 D4 G4', 'D#3 A3 D4 F#4', 'G3 B3 C4 E4', 'F#3 B3 C4 E4'].map(chord);
const EM9 = chord('G3 B3 D4 F#4');
const A13 = chord('G3 C#4 E4 F#4');

function drumPart(): WrittenNote[] {
  const fill = [
    ...drums(DRUM.snare, '.... .... ..oo xxoo', 0, STEPS),
    ...drums(DRUM.highTom, '.... .... .... ...x', 0, STEPS),
    ...drums(DRUM.kick, 'x..x ..x. x... ....', 0, STEPS),
    ...drums(DRUM.hat, 'xoxo xoxo xo.. ....', 0, STEPS),
  ];
  const groove = (bar: number): WrittenNote[] => {
    const at = bar * BAR;
    const odd = bar % 2 === 1;
    const changes = bar >= 12 && bar < 20;
    return [
      ...drums(DRUM.hat, odd ? 'xoxo xoxo xoxo xo.o' : 'xoxo xoxo xoxo xoxo', at, STEPS),
      ...(odd ? drums(DRUM.openHat, '.... .... .... ..x.', at, STEPS) : []),
      ...drums(DRUM.kick, changes ? 'x..x ..o. ..x. o...' : 'x..x ..x. ..ox ....', at, STEPS),
      ...drums(DRUM.snare, odd ? '.... X..g .g.. X..g' : '.... X..g .g.g X...', at, STEPS),
      ...(bar % 8 === 4 ? drums(DRUM.crash, 'x', at, STEPS) : []),
    ];
  };
  return bars(24).flatMap((bar) => {
    if (bar === 23) return ending();
    if (bar % 8 !== 3) return groove(bar);
    return fill.map((note) => ({ ...note, beat: note.beat + bar * BAR }));
  });
}

function ending(): WrittenNote[] {
  const at = 23 * BAR;
  return [
    ...drums(DRUM.hat, 'xoxo xoxo', at, STEPS),
    ...drums(DRUM.kick, 'x..x ..x. X', at, STEPS),
    ...drums(DRUM.snare, '.... X.gx', at, STEPS),
    ...drums(DRUM.crash, '.... .... X', at, STEPS),
  ];
}

function bassPart(): WrittenNote[] {
  return bars(24).flatMap((bar) => {
    if (bar === 23) return riff('0:E2:3 3:E2:1 6:D3:1 7:D#3:1 8:E2:6', bar);
    if (bar >= 12 && bar < 20) return riff(CHANGES_BASS[bar % 4] ?? RIFF_A, bar);
    return riff(bar % 2 === 0 ? RIFF_A : RIFF_B, bar);
  });
}

function harmonyPart(): WrittenNote[] {
  return bars(24).flatMap((bar) => {
    const at = bar * BAR;
    if (bar < 2) return [];
    if (bar === 23) {
      return [
        ...comp(EM9, '...o ..x.', at, STEPS, 0.2),
        ...comp(EM9, '.... .... X', at, STEPS, 1.4),
      ];
    }
    if (bar >= 12 && bar < 20) {
      const keys = CHANGES[bar % 4] ?? EM9;
      return [
        ...comp(keys, 'x... .... .... ....', at, STEPS, 0.7),
        ...comp(keys, '.... ..o. .o.. x.o.', at, STEPS, 0.22),
      ];
    }
    const odd = bar % 2 === 1;
    return [
      ...comp(EM9, odd ? '...x ..o. .... ....' : '...x ..o. ...x ..o.', at, STEPS, 0.2),
      ...(odd ? comp(A13, '.... .... ..x. .x.o', at, STEPS, 0.2) : []),
    ];
  });
}

const VERSE =
  'r/0.5 B4/0.5 D5/0.5 E5/0.5! r/0.5 G5/0.5 E5/1 | D5/0.75 B4/0.25- A4/0.5 G4/0.5 A4/1.5 r/0.5 |' +
  'r/0.5 B4/0.5 D5/0.5 E5/0.5 G5/0.5 A5/0.5! G5/0.25 E5/0.75 | D5/0.5 E5/0.5- B4/2 r/1';
const ANSWER =
  'r/0.5 B4/0.5 D5/0.5 E5/0.5! r/0.5 G5/0.5 E5/1 | D5/0.75 B4/0.25- A4/0.5 G4/0.5 A4/1.5 r/0.5 |' +
  'G4/0.5 A4/0.25 Bb4/0.25 B4/0.5 D5/0.5 E5/0.75 D5/0.25- B4/1 | A4/0.5 G4/0.5 E4/2! r/1';
const BRIDGE =
  'G5/1.5! E5/0.5 D5/0.5 E5/0.5 B4/1 | D#5/1 F#5/0.5 A5/1.5 F#5/0.5 D#5/0.5- |' +
  'E5/1.5 C5/0.5 B4/0.5 C5/0.5 A4/1 | F#4/0.5 A4/0.5 C5/0.5 E5/0.5 D5/1.5! r/0.5';
const RISE =
  'G5/1.5! E5/0.5 D5/0.5 E5/0.5 B4/1 | D#5/1 F#5/0.5 A5/1.5! B5/1 |' +
  'C6/1 B5/0.5 A5/0.5 G5/0.5 E5/1.5 | F#5/0.5 E5/0.5 D5/0.5 B4/0.5 A4/0.5 B4/0.5 D5/0.5 r/0.5';
const LAST =
  'r/0.5 B4/0.5 D5/0.5 E5/0.5! r/0.5 G5/0.5 E5/1 | D5/0.75 B4/0.25- A4/0.5 G4/0.5 A4/1.5 r/0.5 |' +
  'G4/0.5 A4/0.25 Bb4/0.25 B4/0.5 D5/0.5 E5/0.75 G5/0.25 A5/0.5 Bb5/0.5 |' +
  'B5/0.75 A5/0.25 G5/0.5 D5/0.5 E5/1.5! r/0.5';

export const AFTER_HOURS: Piece = {
  id: 'after-hours',
  bpm: 104,
  beatsPerBar: BAR,
  bars: 24,
  swing: { share: 0.54, pair: 0.5 },
  parts: [
    { name: 'drums', channel: 9, notes: drumPart(), lean: 2 },
    { name: 'bass', channel: 1, program: 36, notes: bassPart(), lean: 4, held: 0.85 },
    { name: 'harmony', channel: 2, program: 7, notes: harmonyPart(), lean: -2 },
    {
      name: 'melody',
      channel: 3,
      program: 62,
      lean: 8,
      notes: [
        ...melody(VERSE, 4 * BAR, BAR),
        ...melody(ANSWER, 8 * BAR, BAR),
        ...melody(BRIDGE, 12 * BAR, BAR),
        ...melody(RISE, 16 * BAR, BAR),
        ...melody(LAST, 20 * BAR, BAR),
      ],
    },
  ],
};
