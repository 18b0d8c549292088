import fc from 'fast-check';
import { expect, test } from 'vitest';
import { locateKeys } from './json-lines.ts';

test.each([
  ['{\n "a": 1,\n "b": }\n\n\n', 3],
  ['{\n "a": 1,\n', 2],
  ['{\n "a": 1\n "b": 2\n}\n', 3],
  ['{\n "a": 1,\n}\n', 3],
  ['{\n "a": .5\n}\n', 2],
  ['{\n "a": 1}\n}\n', 3],
  ['', 1],
  ['\0\0', 1],
  [`{"a":\n${'['.repeat(100_000)}`, 2],
])('the line where %j stops being JSON', (text, line) => {
  expect(locateKeys(text)).toEqual({ ok: false, line });
});

test('keys inside arrays are not located, those after them are', () => {
  expect(locateKeys('{"a": [{"b": 1},\n2],\n "c": {"d": "x: {"}}')).toEqual({
    ok: true,
    lines: new Map([
      ['a', 1],
      ['c', 3],
      ['c.d', 3],
    ]),
  });
});

test('what JSON.parse takes is taken, and what it refuses is refused', () => {
  const broken = fc
    .tuple(fc.json({ maxDepth: 4 }), fc.nat(), fc.string({ maxLength: 2 }))
    .map(([text, at, wound]) => {
      const place = at % (text.length + 1);
      return text.slice(0, place) + wound + text.slice(place + 1);
    });
  fc.assert(
    fc.property(fc.oneof(fc.json({ maxDepth: 4 }), broken), (text) => {
      let valid = true;
      try {
        JSON.parse(text);
      } catch {
        valid = false;
      }
      expect(locateKeys(text).ok).toBe(valid);
    }),
    { numRuns: 1_000 },
  );
});
