import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { initiateNoise, type NoiseCipher, respondNoise } from './noise.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));
const text = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

interface Vector {
  readonly name: string;
  readonly prologue: string;
  readonly initiatorEphemeral: string;
  readonly responderEphemeral: string;
  readonly handshakeHash: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}
const FILE = new URL(
  '../../../tests/vectors/noise/nn-25519-chachapoly-sha256.json',
  import.meta.url,
);
const { vectors } = JSON.parse(readFileSync(FILE, 'utf8')) as { vectors: Vector[] };

const shake = (prologue = hex('00'), theirs = prologue) => {
  const initiator = initiateNoise(hex('11'.repeat(32)), prologue);
  const responder = respondNoise(hex('22'.repeat(32)), theirs, initiator.first);
  if (!responder) throw new Error('the responder refused');
  return { initiator, responder };
};

test.each(vectors)('$name gives what others compute, both ways', (vector) => {
  const [first, second, ...rest] = vector.messages;
  if (!first || !second) throw new Error('the vector has no handshake');
  const prologue = hex(vector.prologue);
  const initiator = initiateNoise(hex(vector.initiatorEphemeral), prologue, hex(first.payload));
  expect(text(initiator.first)).toBe(first.ciphertext);
  const responder = respondNoise(
    hex(vector.responderEphemeral),
    prologue,
    initiator.first,
    hex(second.payload),
  );
  expect(responder && text(responder.payload)).toBe(first.payload);
  expect(responder && text(responder.second)).toBe(second.ciphertext);
  const done = initiator.finish(responder?.second ?? new Uint8Array());
  expect(done && text(done.payload)).toBe(second.payload);
  expect(done && text(done.session.hash)).toBe(vector.handshakeHash);
  expect(responder && text(responder.session.hash)).toBe(vector.handshakeHash);
  for (const [index, { payload, ciphertext }] of rest.entries()) {
    const [from, to] = index % 2 === 0 ? [done, responder] : [responder, done];
    const sealed = from?.session.outgoing.seal(hex(payload)) ?? new Uint8Array();
    from?.session.outgoing.advance();
    expect(text(sealed)).toBe(ciphertext);
    expect(text(to?.session.incoming.open(sealed) ?? new Uint8Array())).toBe(payload);
  }
});

test('a handshake of another prologue, or one that was touched, comes to nothing', () => {
  const { initiator, responder } = shake(hex('00'), hex('01'));
  expect(initiator.finish(responder.second)).toBeUndefined();
  fc.assert(
    fc.property(fc.nat(47), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const { initiator, responder } = shake();
      const touched = responder.second.slice();
      touched[at] = (touched[at] ?? 0) ^ flip;
      // The top bit of a public key is not read (RFC 7748 section 5), but it is hashed.
      expect(initiator.finish(touched)).toBeUndefined();
    }),
    { numRuns: 50 },
  );
  expect(initiateNoise(hex('11'.repeat(32)), hex('00')).finish(new Uint8Array(10))).toBeUndefined();
});

test('a public key that gives no secret is refused by either side', () => {
  const low = new Uint8Array(32);
  expect(respondNoise(hex('22'.repeat(32)), hex('00'), low)).toBeUndefined();
  const { initiator } = shake();
  expect(initiator.finish(Uint8Array.from([...low, ...new Uint8Array(16)]))).toBeUndefined();
});

test('a sealed message opens once and in its turn only', () => {
  const { initiator, responder } = shake();
  const session = initiator.finish(responder.second)?.session;
  const out = session?.outgoing as NoiseCipher;
  const [one, two] = [out.seal(hex('01')), out.seal(hex('02'), 1)];
  out.advance(2);
  const into = responder.session.incoming;
  expect(into.open(two)).toBeUndefined();
  expect(into.open(one)).toEqual(hex('01'));
  expect(into.open(one)).toBeUndefined();
  expect(into.open(two)).toEqual(hex('02'));
});
