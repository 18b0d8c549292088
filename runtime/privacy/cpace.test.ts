import { readFileSync } from 'node:fs';
import { ristretto255_hasher } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { systemRandomness } from '../platform/system-randomness.ts';
import {
  type CpaceInputs,
  exchange,
  generatorString,
  lvCat,
  multiplyVerified,
  scalarFrom,
  startCpace,
} from './cpace.ts';

const vectors = new Map<string, Uint8Array>();
for (const line of readFileSync('tests/vectors/cpace/ristretto255-sha512.txt', 'utf8').split(
  '\n',
)) {
  const [name, hex] = line.split('|').map((part) => part.trim());
  if (name && hex && !line.startsWith('#')) vectors.set(name, Buffer.from(hex, 'hex'));
}
const vector = (name: string): Uint8Array => {
  const value = vectors.get(name);
  if (!value) throw new Error(`no vector ${name}`);
  return Uint8Array.from(value);
};
const text = (words: string): Uint8Array => new TextEncoder().encode(words);

const INPUTS: CpaceInputs = {
  password: vector('PRS'),
  channel: vector('CI'),
  sid: vector('sid'),
  initiatorData: vector('ADa'),
  responderData: vector('ADb'),
};

test('lengths are prepended as in the draft', () => {
  expect(lvCat(text('1234'), text('5'), text(''), text('678'))).toEqual(
    vector('lv_cat(1234,5,,678)'),
  );
  expect(lvCat(new Uint8Array(127)).subarray(0, 1)).toEqual(Uint8Array.of(0x7f));
  expect(lvCat(new Uint8Array(128)).subarray(0, 2)).toEqual(Uint8Array.of(0x80, 0x01));
});

test('the generator is that of the draft', () => {
  const seed = generatorString(INPUTS);
  expect(seed).toEqual(vector('generator_string'));
  expect(sha512(seed)).toEqual(vector('generator_hash'));
  const generator = ristretto255_hasher.deriveToCurve?.(sha512(seed));
  expect(generator?.toBytes()).toEqual(vector('generator'));
});

test('shares and the session key of both sides are those of the draft', () => {
  const initiator = exchange('initiator', INPUTS, vector('ya'));
  const responder = exchange('responder', INPUTS, vector('yb'));
  expect(initiator.share).toEqual(vector('Ya'));
  expect(responder.share).toEqual(vector('Yb'));
  expect(multiplyVerified(scalarFrom(vector('ya')), vector('Yb'))).toEqual(vector('K'));
  expect(initiator.derive(responder.share)?.isk).toEqual(vector('ISK_IR'));
  expect(responder.derive(initiator.share)?.isk).toEqual(vector('ISK_IR'));
});

test('tags are made as section 10.4 says, and each side accepts that of the other only', () => {
  const initiator = exchange('initiator', INPUTS, vector('ya')).derive(vector('Yb'));
  const responder = exchange('responder', INPUTS, vector('yb')).derive(vector('Ya'));
  if (!initiator || !responder) throw new Error('valid shares were refused');
  const key = sha512(Buffer.concat([text('CPaceMac'), vector('sid'), vector('ISK_IR')]));
  expect(initiator.tag).toEqual(hmac(sha512, key, lvCat(vector('Ya'), vector('ADa'))));
  expect(responder.tag).toEqual(hmac(sha512, key, lvCat(vector('Yb'), vector('ADb'))));
  expect(initiator.confirms(responder.tag)).toBe(true);
  expect(responder.confirms(initiator.tag)).toBe(true);
  expect(initiator.confirms(initiator.tag)).toBe(false);
  expect(responder.confirms(responder.tag)).toBe(false);
});

test('points that the draft calls invalid are refused, the valid one is multiplied', () => {
  const scalar = scalarFrom(vector('valid_s'));
  expect(multiplyVerified(scalar, vector('valid_X'))).toEqual(vector('valid_product'));
  for (const name of ['invalid_Y_i1', 'invalid_Y_i2']) {
    expect(multiplyVerified(scalar, vector(name))).toBeUndefined();
    for (const role of ['initiator', 'responder'] as const) {
      expect(exchange(role, INPUTS, vector('ya')).derive(vector(name))).toBeUndefined();
    }
  }
});

test('whatever comes for a share never throws', () => {
  const { derive } = exchange('initiator', INPUTS, vector('ya'));
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), (octets) => {
      derive(octets);
    }),
    { numRuns: 300 },
  );
});

test.each<[string, Partial<CpaceInputs>]>([
  ['another code', { password: text('Passwore') }],
  ['another channel', { channel: text('elsewhere') }],
  ['another exchange', { sid: text('0123456789abcdef') }],
  ['another initiator', { initiatorData: text('x') }],
  ['another responder', { responderData: text('x') }],
])('with %s neither side is confirmed', (_name, patch) => {
  const initiator = startCpace('initiator', INPUTS, systemRandomness);
  const responder = startCpace('responder', { ...INPUTS, ...patch }, systemRandomness);
  const ours = initiator.derive(responder.share);
  const theirs = responder.derive(initiator.share);
  if (!ours || !theirs) throw new Error('valid shares were refused');
  expect(ours.confirms(theirs.tag)).toBe(false);
  expect(theirs.confirms(ours.tag)).toBe(false);
});

test('no two exchanges have the same share', () => {
  const shares = new Set(
    Array.from({ length: 50 }, () =>
      String(startCpace('initiator', INPUTS, systemRandomness).share),
    ),
  );
  expect(shares.size).toBe(50);
});
