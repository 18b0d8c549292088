import { expect, test } from 'vitest';
import { AddressBook, wireHost } from './address-book.ts';

test('a destination is written for the family of the socket, or not at all', () => {
  expect(wireHost('192.0.2.7', 6)).toBe('::ffff:192.0.2.7');
  expect(wireHost('192.0.2.7', 4)).toBe('192.0.2.7');
  expect(wireHost('fe80::1%eth0', 6)).toBe('fe80::1%eth0');
  expect(wireHost('::1', 4)).toBeUndefined();
  expect(wireHost('example.com', 6)).toBeUndefined();
});

test('one object per source, as long as at least the last `capacity` sources are remembered', () => {
  const book = new AddressBook(4);
  const first = book.find('192.0.2.1', 1);
  expect(book.find('192.0.2.1', 1)).toBe(first);
  expect(book.find('192.0.2.1', 2)).not.toBe(first);
  for (let port = 3; port <= 5; port++) book.find('192.0.2.1', port);
  expect(book.find('192.0.2.1', 1)).toBe(first);
  for (let port = 10; port < 30; port++) book.find('192.0.2.1', port);
  expect(book.find('192.0.2.1', 1)).not.toBe(first);
});

test('a source that keeps sending is never forgotten, however many others come and go', () => {
  const book = new AddressBook(8);
  const steady = book.find('192.0.2.1', 1);
  for (let port = 2; port < 500; port++) {
    book.find('192.0.2.9', port);
    expect(book.find('192.0.2.1', 1)).toBe(steady);
  }
});
