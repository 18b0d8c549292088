/**
 * What both ends of a link sign and derive codes from. FORMAT.md, "proof of the key" and "the code".
 *
 * Takes octets, gives octets, touches nothing.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Signatures } from '../../ports/signatures.ts';
import { type CpaceInputs, lvCat } from '../../privacy/cpace.ts';
import type { Identity } from '../../privacy/identity.ts';

export type GreetingRole = 'dialer' | 'acceptor';

const TRANSCRIPT = utf8ToBytes('jam.togthr link 2');
const PROOF = utf8ToBytes('jam.togthr link 2 proof');
const CODE = utf8ToBytes('jam.togthr link 2 code');

/** In place of the binding of a connection that has none. */
export const NO_BINDING: Uint8Array = new Uint8Array(32);

/** 32 octets for one connection and one pair of hellos. */
export const transcriptOf = (
  binding: Uint8Array,
  dialerHello: Uint8Array,
  acceptorHello: Uint8Array,
): Uint8Array => sha256(concatBytes(TRANSCRIPT, binding, lvCat(dialerHello, acceptorHello)));

export const signProof = (
  identity: Identity,
  role: GreetingRole,
  transcript: Uint8Array,
): Uint8Array => identity.sign(proofPart(role, transcript));

export const proofHolds = (
  signatures: Signatures,
  publicKey: Uint8Array,
  role: GreetingRole,
  transcript: Uint8Array,
  signature: Uint8Array,
): boolean => signatures.verify(publicKey, proofPart(role, transcript), signature);

/** `number`: 1 for the first try of the greeting. */
export const codeInputs = (
  code: string,
  number: number,
  parts: {
    readonly binding: Uint8Array;
    readonly transcript: Uint8Array;
    readonly dialerKey: Uint8Array;
    readonly acceptorKey: Uint8Array;
  },
): CpaceInputs => ({
  password: utf8ToBytes(code),
  channel: lvCat(CODE, parts.binding, parts.dialerKey, parts.acceptorKey),
  sid: concatBytes(parts.transcript, Uint8Array.of(number)),
  initiatorData: parts.dialerKey,
  responderData: parts.acceptorKey,
});

const proofPart = (role: GreetingRole, transcript: Uint8Array): Uint8Array =>
  concatBytes(PROOF, Uint8Array.of(role === 'dialer' ? 0 : 1), transcript);
