import { expect, test } from 'vitest';
import { RoleGuess } from './role-guess.ts';

function listen(channel: number, chords: readonly (readonly number[])[]): RoleGuess {
  const guess = new RoleGuess();
  for (const keys of chords) {
    for (const key of keys) guess.noteOn(channel, key);
    for (const key of keys) guess.noteOff(key);
  }
  return guess;
}
const often = (keys: readonly number[]): number[][] => Array.from({ length: 14 }, () => [...keys]);

test('channel 10 is rhythm with the first note', () => {
  expect(listen(9, [[36]]).role).toBe('rhythm');
});

test('low notes one by one are a bass, high ones a melody, chords a harmony', () => {
  expect(listen(0, often([40])).role).toBe('bass');
  expect(listen(0, often([72])).role).toBe('melody');
  expect(listen(0, often([60, 64, 67])).role).toBe('harmony');
});

test('a few notes are not enough', () => {
  expect(listen(0, [[40], [43]]).role).toBeUndefined();
});
