import { expect, test } from 'vitest';
import { SequenceBook } from './sequence-book.ts';

const at = (port: number): { readonly host: string; readonly port: number } => ({
  host: '10.0.0.1',
  port,
});

test('a stream goes on, after a gap, where the one before it to the same address, under the same SSRC, ended (item 2)', () => {
  const book = new SequenceBook();
  book.note(at(5004), 7, 0x1_0005);
  expect(book.nextFor(at(5004), 7)).toBe(7);
  expect(book.nextFor(at(5004), 8)).toBeUndefined();
  expect(book.nextFor(at(5006), 7)).toBeUndefined();
  book.note(at(5004), 7, 9);
  expect(book.nextFor(at(5004), 7)).toBe(11);
});

test('sixty-four addresses are remembered, the newest ones', () => {
  const book = new SequenceBook();
  for (let port = 0; port < 70; port++) book.note(at(port), 1, port);
  expect(book.nextFor(at(5), 1)).toBeUndefined();
  expect(book.nextFor(at(6), 1)).toBe(8);
  expect(book.nextFor(at(69), 1)).toBe(71);
});
