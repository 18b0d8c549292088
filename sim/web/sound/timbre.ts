/**
 * Which of our instruments a part sounds like. Data only: sound/voices.ts plays it.
 */
export type Timbre = 'keys' | 'pluck' | 'organ' | 'lead' | 'pad' | 'bass' | 'bell';

/** Players who say nothing about their sound, by box: each has one of its own. */
const BY_BOX: readonly Timbre[] = [
  'keys',
  'pluck',
  'organ',
  'bell',
  'lead',
  'pad',
  'keys',
  'pluck',
];

/** General MIDI programs come in families of eight. */
const BY_FAMILY: readonly Timbre[] = [
  'keys', // piano
  'bell', // chromatic percussion
  'organ',
  'pluck', // guitar
  'bass',
  'pad', // strings
  'pad', // ensemble
  'lead', // brass
  'lead', // reed
  'lead', // pipe
  'lead', // synth lead
  'pad', // synth pad
  'pad', // effects
  'pluck', // ethnic
  'bell', // percussive
  'pad', // sound effects
];

/** The program that was chosen wins over the role, and the role over the number of the box. */
export function timbreOf(
  program: number | undefined,
  role: string | null | undefined,
  box: number,
): Timbre {
  if (program !== undefined) return BY_FAMILY[program >> 3] ?? 'keys';
  switch (role) {
    case 'bass':
      return 'bass';
    case 'harmony':
      return 'keys';
    case 'melody':
      return 'lead';
    default:
      return BY_BOX[(Math.max(1, box) - 1) % BY_BOX.length] ?? 'keys';
  }
}

interface Partial {
  readonly wave: 'sine' | 'triangle' | 'square' | 'sawtooth';
  /** Times the note's frequency. */
  readonly ratio: number;
  readonly level: number;
  readonly cents?: number;
  /** Dies away by itself with this time constant, seconds. */
  readonly decay?: number;
}

export interface Recipe {
  readonly partials: readonly Partial[];
  /** Frequency modulation of the first partial: index in hertz per hertz, dying away. */
  readonly fm?: { readonly ratio: number; readonly index: number; readonly decay: number };
  /** Low-pass: times the note's frequency, at rest and at the beginning; time constant in seconds. */
  readonly filter: {
    readonly rest: number;
    readonly open: number;
    readonly decay: number;
    readonly q: number;
  };
  /** Seconds; `sustain` is a share. */
  readonly amp: {
    readonly attack: number;
    readonly decay: number;
    readonly sustain: number;
    readonly release: number;
  };
  /** Vibrato in cents, after a moment. */
  readonly vibrato?: number;
  readonly gain: number;
}

export const RECIPES: Readonly<Record<Timbre, Recipe>> = {
  keys: {
    partials: [
      { wave: 'sine', ratio: 1, level: 1 },
      { wave: 'sine', ratio: 2, level: 0.12, decay: 0.5 },
      { wave: 'sine', ratio: 9, level: 0.07, decay: 0.08 },
    ],
    fm: { ratio: 1, index: 1.5, decay: 0.45 },
    filter: { rest: 6, open: 12, decay: 0.5, q: 0.3 },
    amp: { attack: 0.003, decay: 1.1, sustain: 0.12, release: 0.18 },
    gain: 0.5,
  },
  pluck: {
    partials: [
      { wave: 'triangle', ratio: 1, level: 0.8 },
      { wave: 'sawtooth', ratio: 1, level: 0.28, cents: 4 },
    ],
    filter: { rest: 1.6, open: 12, decay: 0.13, q: 1.2 },
    amp: { attack: 0.002, decay: 0.45, sustain: 0.05, release: 0.14 },
    gain: 0.55,
  },
  organ: {
    partials: [
      { wave: 'sine', ratio: 0.5, level: 0.35 },
      { wave: 'sine', ratio: 1, level: 0.6 },
      { wave: 'sine', ratio: 2, level: 0.35 },
      { wave: 'sine', ratio: 3, level: 0.2, cents: 3 },
    ],
    filter: { rest: 14, open: 14, decay: 0.1, q: 0.2 },
    amp: { attack: 0.008, decay: 0.1, sustain: 0.9, release: 0.07 },
    gain: 0.34,
  },
  lead: {
    partials: [
      { wave: 'sawtooth', ratio: 1, level: 0.35, cents: -5 },
      { wave: 'square', ratio: 1, level: 0.22, cents: 5 },
      { wave: 'sine', ratio: 1, level: 0.4 },
    ],
    filter: { rest: 3.2, open: 7, decay: 0.25, q: 1.4 },
    amp: { attack: 0.012, decay: 0.3, sustain: 0.65, release: 0.12 },
    vibrato: 11,
    gain: 0.36,
  },
  pad: {
    partials: [
      { wave: 'sawtooth', ratio: 1, level: 0.3, cents: -9 },
      { wave: 'sawtooth', ratio: 1, level: 0.3, cents: 9 },
      { wave: 'triangle', ratio: 0.5, level: 0.3 },
    ],
    filter: { rest: 3, open: 2, decay: 0.4, q: 0.6 },
    amp: { attack: 0.06, decay: 0.6, sustain: 0.75, release: 0.4 },
    gain: 0.3,
  },
  bass: {
    partials: [
      { wave: 'sine', ratio: 1, level: 0.75 },
      { wave: 'sawtooth', ratio: 1, level: 0.32 },
    ],
    filter: { rest: 2.2, open: 9, decay: 0.16, q: 1.5 },
    amp: { attack: 0.004, decay: 0.6, sustain: 0.45, release: 0.09 },
    gain: 0.62,
  },
  bell: {
    partials: [
      { wave: 'sine', ratio: 1, level: 0.7 },
      { wave: 'sine', ratio: 4, level: 0.25, decay: 0.25 },
      { wave: 'sine', ratio: 10, level: 0.08, decay: 0.06 },
    ],
    filter: { rest: 16, open: 16, decay: 0.1, q: 0.2 },
    amp: { attack: 0.002, decay: 0.7, sustain: 0.02, release: 0.3 },
    gain: 0.5,
  },
};
