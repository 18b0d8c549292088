/**
 * Classes of drums: keys of General MIDI's percussion map that a listener takes for the same drum.
 *
 * Drummers move between keys of a class as they please (the edge and the bow of one hi-hat), so predictions and their scores
 * count by class. Keys 22 and 26 are the edges of a Roland hi-hat, which General MIDI leaves free.
 */
export type DrumClass =
  | 'kick'
  | 'snare'
  | 'closedHat'
  | 'openHat'
  | 'lowTom'
  | 'midTom'
  | 'highTom'
  | 'crash'
  | 'ride'
  | 'percussion';

/** In the order of their numbers. */
export const DRUM_CLASSES: readonly DrumClass[] = [
  'kick',
  'snare',
  'closedHat',
  'openHat',
  'lowTom',
  'midTom',
  'highTom',
  'crash',
  'ride',
  'percussion',
];

const KEYS: Readonly<Record<Exclude<DrumClass, 'percussion'>, readonly number[]>> = {
  kick: [35, 36],
  snare: [37, 38, 40],
  closedHat: [22, 42, 44],
  openHat: [26, 46],
  lowTom: [41, 43, 58],
  midTom: [45, 47],
  highTom: [48, 50],
  crash: [49, 52, 55, 57],
  ride: [51, 53, 59],
};

/** The number of the class of every key; `percussion` for all that has no class of its own. */
export const DRUM_CLASS_OF_KEY: Uint8Array = classOfKeys();

function classOfKeys(): Uint8Array {
  const classes = new Uint8Array(128).fill(DRUM_CLASSES.indexOf('percussion'));
  for (const [index, name] of DRUM_CLASSES.entries()) {
    if (name === 'percussion') continue;
    for (const key of KEYS[name]) classes[key] = index;
  }
  return classes;
}
