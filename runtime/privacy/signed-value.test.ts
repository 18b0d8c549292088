import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SessionId } from '../core/ensemble.ts';
import { openNodeSignatures } from '../platform/node-signatures.ts';
import type { Signatures } from '../ports/signatures.ts';
import { identityFrom } from './identity.ts';
import { openSignedValues, signValue, type ValuePlace } from './signed-value.ts';

const signatures = openNodeSignatures();
const identity = identityFrom(signatures, new Uint8Array(32).fill(7));
const PLACE: ValuePlace = {
  session: 'ab'.repeat(16) as SessionId,
  root: 'control',
  key: 'mode',
  client: 4_000_000_000,
  clock: 17,
  origin: { client: 3, clock: 9 },
};

/** Counts verifications. */
function openCounting(kept?: number) {
  const counted = { verified: 0 };
  const counting: Signatures = {
    ...signatures,
    verify(publicKey, message, signature) {
      counted.verified++;
      return signatures.verify(publicKey, message, signature);
    },
  };
  return {
    counted,
    values: openSignedValues({ signatures: counting }, kept === undefined ? {} : { kept }),
  };
}

test('a signed value names its author, also after it was stored as JSON in another order', () => {
  const { values } = openCounting();
  const stored = signValue(identity, PLACE, { b: 1, a: ['x', null] });
  const read = JSON.parse(
    JSON.stringify(stored).replace('"b":1,"a":["x",null]', '"a":["x",null],"b":1'),
  );
  expect(values.open(PLACE, read)).toMatchObject({
    author: identity.box,
    value: { a: ['x', null], b: 1 },
  });
});

test.each<[string, Partial<ValuePlace>]>([
  ['session', { session: '00'.repeat(16) as SessionId }],
  ['root', { root: 'participants' }],
  ['key', { key: 'name' }],
  ['client', { client: 5 }],
  ['clock', { clock: 18 }],
  ['origin', { origin: { client: 3, clock: 10 } }],
  ['missing origin', { origin: undefined }],
])('a value that was moved to another %s is nobody’s', (_name, patch) => {
  const { values } = openCounting();
  const stored = signValue(identity, PLACE, 'live');
  expect(values.open(PLACE, stored)).toBeDefined();
  expect(values.open({ ...PLACE, ...patch }, stored)).toBeUndefined();
});

test('a value, a key or a signature that was changed is nobody’s', () => {
  const { values } = openCounting();
  const [value, key, signature] = signValue(identity, PLACE, 'live');
  const other = identityFrom(signatures, new Uint8Array(32).fill(8));
  const [, otherKey, otherSignature] = signValue(other, PLACE, 'live');
  for (const stored of [
    ['tight', key, signature],
    [value, otherKey, signature],
    [value, key, otherSignature],
    [value, key, `${signature}=`],
    [value, `${key}A`, signature],
    [value, key, signature.replace(/.$/, '.')],
    [value, key],
    [value, key, signature, 1],
    'live',
    null,
  ]) {
    expect(values.open(PLACE, stored)).toBeUndefined();
  }
  expect(values.open(PLACE, [value, otherKey, otherSignature])?.author).toBe(other.box);
});

test('each value is verified once as long as it is remembered, whether it held or not', () => {
  const { values, counted } = openCounting(2);
  const good = signValue(identity, PLACE, 1);
  const bad = [2, good[1], good[2]];
  for (let read = 0; read < 5; read++) {
    expect(values.open(PLACE, good)?.value).toBe(1);
    expect(values.open(PLACE, bad)).toBeUndefined();
  }
  expect(counted.verified).toBe(2);
  values.open(PLACE, signValue(identity, PLACE, 3));
  values.open(PLACE, bad);
  expect(counted.verified).toBe(3);
  values.open(PLACE, good);
  expect(counted.verified).toBe(4);
});

test('whatever is stored never throws', () => {
  const { values } = openCounting();
  const [, key, signature] = signValue(identity, PLACE, 1);
  const part = fc.oneof(fc.anything(), fc.constant(key), fc.constant(signature));
  fc.assert(
    fc.property(fc.oneof(fc.anything(), fc.tuple(fc.anything(), part, part)), (stored) => {
      expect(values.open(PLACE, stored)).toBeUndefined();
    }),
    { numRuns: 2_000 },
  );
});

test('what is no JSON value is not signed', () => {
  expect(() => signValue(identity, PLACE, undefined)).toThrow('only JSON values');
});
