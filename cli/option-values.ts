/**
 * Readers for option values: what was typed, or a UsageError that says what would have been right.
 */
import { nearestWord } from '../runtime/settings/nearest-word.ts';
import { UsageError } from './failure.ts';

/** For commander: a whole number from `min` to `max`. */
export function wholeNumber(option: string, min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= min && value <= max) return value;
    throw new UsageError(`${option} ${text}: must be a whole number from ${min} to ${max}`);
  };
}

/** For commander: a number above 0, up to `max`, in `unit`. */
export function positiveNumber(
  option: string,
  max: number,
  unit: string,
): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (/^\d*\.?\d+$/.test(text) && value > 0 && value <= max) return value;
    throw new UsageError(`${option} ${text}: must be a number above 0, up to ${max} ${unit}`);
  };
}

/** For commander: one of `words`. */
export function oneOf(option: string, words: readonly string[]): (text: string) => string {
  return (text) => {
    if (words.includes(text)) return text;
    const meant = nearestWord(text, words);
    throw new UsageError(
      `${option} ${text}: must be one of ${words.join(', ')}${meant ? `; did you mean ${meant}?` : ''}`,
    );
  };
}
