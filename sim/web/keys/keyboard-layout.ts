/**
 * Where the keys of a keyboard lie, what they are called, and how hard a finger hits them.
 * Positions are shares of the keyboard's width, 0 to 1.
 */
export interface KeyPlace {
  readonly key: number;
  readonly black: boolean;
  readonly left: number;
  readonly width: number;
  readonly name: string;
}

/** Two octaves and the next C. */
const KEYS_SHOWN = 25;
export const LOWEST_BASE = 12;
export const HIGHEST_BASE = 96;

const NAMES = ['C', 'C♯', 'D', 'D♯', 'E', 'F', 'F♯', 'G', 'G♯', 'A', 'A♯', 'B'] as const;
const BLACK = new Set([1, 3, 6, 8, 10]);
/** How far a black key sits off the middle of its gap, in white keys: as on a piano. */
const LEAN: Readonly<Record<number, number>> = { 1: -0.1, 3: 0.1, 6: -0.13, 8: 0, 10: 0.13 };
const BLACK_WIDTH = 0.62;

/** Middle C (60) is C4. */
export function keyName(key: number): string {
  return `${NAMES[key % 12] ?? ''}${Math.floor(key / 12) - 1}`;
}

export const isBlack = (key: number): boolean => BLACK.has(key % 12);

/** `base` is a C. White keys first, so that black ones lie on top of them. */
export function layKeys(base: number, count: number = KEYS_SHOWN): readonly KeyPlace[] {
  const keys = Array.from({ length: count }, (_, i) => base + i).filter((key) => key <= 127);
  const white = 1 / keys.filter((key) => !isBlack(key)).length;
  let whites = 0;
  const places = keys.map((key): KeyPlace => {
    const name = keyName(key);
    if (!isBlack(key)) return { key, black: false, left: whites++ * white, width: white, name };
    const width = white * BLACK_WIDTH;
    const middle = (whites + (LEAN[key % 12] ?? 0)) * white;
    return { key, black: true, left: middle - width / 2, width, name };
  });
  return [...places.filter((place) => !place.black), ...places.filter((place) => place.black)];
}

/** A finger near the front edge plays loud, one at the back soft; `depth` 0 is the back, 1 the front. */
export function velocityAt(depth: number): number {
  return Math.round(38 + 86 * Math.min(1, Math.max(0, depth)));
}

/** Drum pads by General MIDI percussion key; the order is that of the pads. */
export const PADS: readonly { readonly key: number; readonly name: string }[] = [
  { key: 36, name: 'Kick' },
  { key: 38, name: 'Snare' },
  { key: 42, name: 'Hat' },
  { key: 46, name: 'Open hat' },
  { key: 45, name: 'Low tom' },
  { key: 50, name: 'High tom' },
  { key: 51, name: 'Ride' },
  { key: 49, name: 'Crash' },
];

/** Computer keys by their place (KeyboardEvent.code), in semitones above the keyboard's middle C. */
export const COMPUTER_KEYS: Readonly<Record<string, number>> = {
  KeyA: 0,
  KeyW: 1,
  KeyS: 2,
  KeyE: 3,
  KeyD: 4,
  KeyF: 5,
  KeyT: 6,
  KeyG: 7,
  KeyY: 8,
  KeyH: 9,
  KeyU: 10,
  KeyJ: 11,
  KeyK: 12,
  KeyO: 13,
  KeyL: 14,
  KeyP: 15,
  Semicolon: 16,
};

/** What is printed on the computer key that plays so many semitones above middle C, if one does. */
export function computerKeyCap(semitones: number): string | undefined {
  const code = CODES[semitones];
  return code === 'Semicolon' ? ';' : code?.replace('Key', '');
}

const CODES: readonly string[] = Object.keys(COMPUTER_KEYS);

/** The same row strikes the pads. */
export const COMPUTER_PADS: Readonly<Record<string, number>> = {
  KeyA: 36,
  KeyS: 38,
  KeyD: 42,
  KeyF: 46,
  KeyG: 45,
  KeyH: 50,
  KeyJ: 51,
  KeyK: 49,
};
