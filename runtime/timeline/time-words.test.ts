import { expect, test } from 'vitest';
import { fromMillis } from '../core/time.ts';
import { timeInShort, timeInWords } from './time-words.ts';

const accuracy = { uncertainty: fromMillis(0.42), bound: fromMillis(41.2) };

test('who keeps the time knows it', () => {
  const self = { keptHere: true, synced: true, accuracy };
  expect(timeInWords(self)).toBe("the session's time is kept here");
  expect(timeInShort(self)).toBe('kept here');
});

test('who follows it says how far the beat may be off, and what makes it so', () => {
  const other = { keptHere: false, synced: true, accuracy };
  expect(timeInWords(other)).toBe(
    'the beat is right to ±0.4 ms; it may be off by up to ±41 ms if the two ways to the box that keeps it differ',
  );
  expect(timeInShort(other)).toBe('±0.4 (±41) ms');
  expect(timeInWords({ ...other, synced: false })).toContain('carried on here');
});

test('what is not known is not claimed', () => {
  const none = { keptHere: false, synced: false, accuracy: undefined };
  expect(timeInWords(none)).toBe("the session's time is not known yet");
  expect(timeInShort(none)).toBe('unknown');
});
