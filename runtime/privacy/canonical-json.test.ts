import fc from 'fast-check';
import { expect, test } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

test('the example of RFC 8785 section 3.2.2 comes out as in section 3.2.3', () => {
  const value: unknown = JSON.parse(
    `{
      "numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],
      "string": "\\u20ac$\\u000F\\u000aA'\\u0042\\u0022\\u005c\\\\\\"\\/",
      "literals": [null, true, false]
    }`,
  );
  expect(canonicalJson(value)).toBe(
    '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],' +
      '"string":"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"}',
  );
});

test('members are sorted by UTF-16 units, as in RFC 8785 section 3.2.3', () => {
  const names = ['€', '\r', '\ufb33', '1', '😀', '\u0080', 'ö'];
  const text = canonicalJson(Object.fromEntries(names.map((name) => [name, 0])));
  expect(Object.keys(JSON.parse(text ?? ''))).toEqual([
    '1',
    '\r',
    '\u0080',
    'ö',
    '€',
    '😀',
    '\ufb33',
  ]);
});

const wellFormed = fc.jsonValue({ maxDepth: 5 }).filter((value) => {
  return !/\p{Surrogate}/u.test(JSON.stringify(value).replace(/\\ud[0-9a-f]{3}/g, '\ud800'));
});

test('a text says the same value, whatever the order in which it was made', () => {
  const reversed = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(reversed);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([name, member]) => [name, reversed(member)]),
    );
  };
  fc.assert(
    fc.property(wellFormed, (value) => {
      const text = canonicalJson(value);
      expect(text).toBeDefined();
      expect(JSON.parse(text ?? '')).toEqual(JSON.parse(JSON.stringify(value)));
      expect(canonicalJson(reversed(value))).toBe(text);
    }),
    { numRuns: 2_000 },
  );
});

test('two different values never have the same text', () => {
  fc.assert(
    fc.property(wellFormed, wellFormed, (a, b) => {
      const same = canonicalJson(a) === canonicalJson(b);
      expect(canonicalJson(JSON.parse(JSON.stringify(a))) === canonicalJson(b)).toBe(same);
      if (same) expect(JSON.parse(JSON.stringify(a))).toEqual(JSON.parse(JSON.stringify(b)));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ['undefined', undefined],
  ['a hole', new Array(2)],
  ['a function', () => 1],
  ['a big integer', 1n],
  ['not a number', Number.NaN],
  ['infinity', [Number.POSITIVE_INFINITY]],
  ['octets', new Uint8Array(2)],
  ['half a character', '\ud83d'],
  ['half a character in a name', { '\ude00': 1 }],
  ['a date', new Date(0)],
])('%s has no text', (_name, value) => {
  expect(canonicalJson(value)).toBeUndefined();
});

test('what is nested without end has no text, and takes no stack', () => {
  const nested = Array.from({ length: 100_000 }).reduce<unknown>((inner) => [inner], 1);
  expect(canonicalJson(nested)).toBeUndefined();
});
