import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fromBase64url, toBase64url } from './base64url.ts';

/** RFC 4648 section 10, without the padding. */
test.each([
  ['', ''],
  ['f', 'Zg'],
  ['fo', 'Zm8'],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg'],
  ['fooba', 'Zm9vYmE'],
  ['foobar', 'Zm9vYmFy'],
])('%j is written %j', (plain, written) => {
  expect(toBase64url(new TextEncoder().encode(plain))).toBe(written);
});

test('it is what Node writes, and reads back', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (octets) => {
      const text = toBase64url(octets);
      expect(text).toBe(Buffer.from(octets).toString('base64url'));
      expect(fromBase64url(text)).toEqual(octets);
    }),
  );
});

test.each(['A', 'Zh', 'Zm9', 'Zg==', 'Zm9v ', 'Zm+v', 'Zm/v'])('%j is refused', (text) => {
  expect(fromBase64url(text)).toBeUndefined();
});
