import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Signatures } from '../../runtime/ports/signatures.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text, 'hex'));

/** RFC 8032 section 7.1, tests 1, 2, 3 and SHA(abc): seed, public key, message, signature. */
const VECTORS: readonly (readonly [string, string, string, string, string])[] = [
  [
    'of no octets',
    '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
    'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    '',
    'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  ],
  [
    'of one octet',
    '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
    '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    '72',
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  ],
  [
    'of two octets',
    'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
    'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    'af82',
    '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  ],
];

/** The order of the group, as in RFC 8032: a signature whose S is too great by it says the same, and must not verify. */
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

export function signaturesContract(name: string, open: () => Signatures): void {
  describe(`${name} keeps the Signatures contract`, () => {
    test.each(VECTORS)('keys and signatures %s are those of RFC 8032', (_of, ...parts) => {
      const [seed, publicKey, message, signature] = parts.map(hex) as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
        Uint8Array,
      ];
      const signatures = open();
      expect(signatures.publicKeyOf(seed)).toEqual(publicKey);
      expect(signatures.sign(seed, message)).toEqual(signature);
      expect(signatures.verify(publicKey, message, signature)).toBe(true);
    });

    test('a signature holds for its message under its key, and for nothing else', () => {
      const signatures = open();
      const seed = new Uint8Array(32).fill(5);
      const publicKey = signatures.publicKeyOf(seed);
      const other = signatures.publicKeyOf(new Uint8Array(32).fill(6));
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(63), (message, at) => {
          const signature = signatures.sign(seed, message);
          expect(signatures.verify(publicKey, message, signature)).toBe(true);
          expect(signatures.verify(other, message, signature)).toBe(false);
          expect(signatures.verify(publicKey, Uint8Array.of(...message, 0), signature)).toBe(false);
          signature[at] = (signature[at] ?? 0) ^ 1;
          expect(signatures.verify(publicKey, message, signature)).toBe(false);
        }),
        { numRuns: 50 },
      );
    });

    test('one message has one signature: a greater S does not verify', () => {
      const signatures = open();
      const seed = new Uint8Array(32).fill(5);
      const message = hex('0102');
      const signature = signatures.sign(seed, message);
      let greater = ORDER;
      for (let at = 0; at < 32; at++) greater += BigInt(signature[32 + at] ?? 0) << BigInt(8 * at);
      for (let at = 0; at < 32; at++) {
        signature[32 + at] = Number((greater >> BigInt(8 * at)) & 0xffn);
      }
      expect(signatures.verify(signatures.publicKeyOf(seed), message, signature)).toBe(false);
    });

    test('more keys than are kept are all told apart, in any order', () => {
      const signatures = open();
      const message = hex('aa');
      const signers = Array.from({ length: 80 }, (_, at) => {
        const seed = new Uint8Array(32).fill(at);
        return { key: signatures.publicKeyOf(seed), signature: signatures.sign(seed, message) };
      });
      for (const { key, signature } of [...signers, ...signers.toReversed()]) {
        expect(signatures.verify(key, message, signature)).toBe(true);
      }
      for (const [at, { key }] of signers.entries()) {
        const next = signers[(at + 1) % signers.length];
        if (at % 8 === 0 && next) {
          expect(signatures.verify(key, message, next.signature)).toBe(false);
        }
      }
    });

    test('malformed keys and signatures are false, never an exception', () => {
      const signatures = open();
      const octets = fc.oneof(
        fc.uint8Array({ maxLength: 70 }),
        fc.uint8Array({ minLength: 32, maxLength: 32 }),
        fc.uint8Array({ minLength: 64, maxLength: 64 }),
      );
      fc.assert(
        fc.property(octets, octets, octets, (key, message, signature) => {
          expect(signatures.verify(key, message, signature)).toBe(false);
        }),
        { numRuns: 1_000 },
      );
    });
  });
}
