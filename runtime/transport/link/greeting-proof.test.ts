import { expect, test } from 'vitest';
import { identityOf, signatures } from '../../../tests/credentials-rig.ts';
import { lvCat } from '../../privacy/cpace.ts';
import { codeInputs, proofHolds, signProof, transcriptOf } from './greeting-proof.ts';

const text = (words: string): Uint8Array => new TextEncoder().encode(words);
const BINDING = new Uint8Array(32).fill(1);
const TRANSCRIPT = transcriptOf(BINDING, text('dialer says'), text('acceptor says'));
const anna = identityOf('anna');

test('a transcript is one for its binding and both hellos in their order', () => {
  expect(Buffer.from(TRANSCRIPT).toString('hex')).toBe(
    // SHA-256 of "jam.togthr link 2", 32 times 01, 0b "dialer says", 0d "acceptor says".
    '99bfb0c42935e48cd7959062c36d343bcf2f40e3bd25081f3330a7920b8b1c9b',
  );
  const others = [
    transcriptOf(new Uint8Array(32), text('dialer says'), text('acceptor says')),
    transcriptOf(BINDING, text('acceptor says'), text('dialer says')),
    transcriptOf(BINDING, text('dialer say'), text('sacceptor says')),
  ];
  expect(new Set([TRANSCRIPT, ...others].map(String)).size).toBe(4);
});

test('a proof holds for its role, its transcript and its key only', () => {
  const signature = signProof(anna, 'dialer', TRANSCRIPT);
  const holds = (key = anna.publicKey, role: 'dialer' | 'acceptor' = 'dialer', of = TRANSCRIPT) =>
    proofHolds(signatures, key, role, of, signature);
  expect(holds()).toBe(true);
  expect(holds(identityOf('bert').publicKey)).toBe(false);
  expect(holds(anna.publicKey, 'acceptor')).toBe(false);
  expect(holds(anna.publicKey, 'dialer', BINDING)).toBe(false);
  // As FORMAT.md has it.
  const signed = Buffer.concat([text('jam.togthr link 2 proof'), Buffer.of(0), TRANSCRIPT]);
  expect(anna.sign(signed)).toEqual(signature);
});

test('codes are bound to the connection, both keys and the number of the try', () => {
  const dialerKey = new Uint8Array(32).fill(2);
  const acceptorKey = new Uint8Array(32).fill(3);
  const inputs = codeInputs('012345', 2, {
    binding: BINDING,
    transcript: TRANSCRIPT,
    dialerKey,
    acceptorKey,
  });
  expect(inputs).toEqual({
    password: text('012345'),
    channel: lvCat(text('jam.togthr link 2 code'), BINDING, dialerKey, acceptorKey),
    sid: Uint8Array.of(...TRANSCRIPT, 2),
    initiatorData: dialerKey,
    responderData: acceptorKey,
  });
});
