/**
 * What counts as the same note: the same key, or for drums a key of the same class. Percussion of no class (a conga, a shaker)
 * is itself only.
 */
import {
  DRUM_CLASS_OF_KEY,
  DRUM_CLASSES,
} from '../../../runtime/prediction/predictor/drums/drum-classes.ts';

const PERCUSSION: number = DRUM_CLASSES.indexOf('percussion');
const OWN_CLASS = 128;

/** 0 to 255. */
export function pitchOf(key: number, drums: boolean): number {
  if (!drums) return key;
  const found = DRUM_CLASS_OF_KEY[key] ?? PERCUSSION;
  return found === PERCUSSION ? OWN_CLASS + key : found;
}
