import fc from 'fast-check';
import { expect, test } from 'vitest';
import { trackHeldNotes } from './held-notes.ts';

const bytes = (hex: string): Uint8Array =>
  new Uint8Array(Buffer.from(hex.replaceAll(' ', ''), 'hex'));
const hex = (value: Uint8Array): string => Buffer.from(value).toString('hex');

test('a key that is down is let go, one that is up is not', () => {
  const held = trackHeldNotes();
  held.follow(bytes('90 3c 64 93 40 50 80 3c 40'));
  expect(held.size).toBe(1);
  expect(hex(held.release())).toBe('834040');
  expect(held.size).toBe(0);
  expect(held.release()).toHaveLength(0);
});

test('a note-on with velocity 0 ends the note', () => {
  const held = trackHeldNotes();
  held.follow(bytes('90 3c 64 90 3c 00'));
  expect(held.size).toBe(0);
});

test('a sustain pedal that is down comes up', () => {
  const held = trackHeldNotes();
  held.follow(bytes('b2 40 7f b1 40 7f b1 40 00'));
  expect(hex(held.release())).toBe('b24000');
});

test.each([
  ['nothing', ''],
  ['a data octet alone', '3c'],
  ['a note cut off', '90 3c'],
  ['a status inside a note', '90 3c 90'],
  ['running status', '90 3c 64 3e 64'],
  ['system exclusive without its end', 'f0 7d 01'],
  ['an end without system exclusive', 'f7'],
  ['an undefined status', 'f4'],
])('%s is not whole messages, and nothing of it is followed', (_what, text) => {
  const held = trackHeldNotes();
  expect(held.follow(bytes(text))).toBe(false);
  expect(held.size).toBe(0);
});

test.each([
  ['system exclusive', 'f0 7d 01 f7'],
  ['a program and a bend', 'c0 05 e0 00 40'],
  ['a song position and a clock', 'f2 00 01 f8'],
])('%s is whole', (_what, text) => {
  expect(trackHeldNotes().follow(bytes(text))).toBe(true);
});

test('arbitrary bytes never throw, and what is released ends exactly what is held', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (garbage) => {
      const held = trackHeldNotes();
      held.follow(garbage);
      const { size } = held;
      const ends = held.release();
      const after = trackHeldNotes();
      expect(ends.length === 0 || after.follow(ends)).toBe(true);
      expect(ends.length).toBeGreaterThanOrEqual(3 * size);
    }),
  );
});
