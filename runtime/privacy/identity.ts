/**
 * Who this box is: an Ed25519 key, made at the first start and kept for life.
 *
 * Takes  Storage, where the private key lies under `identity/ed25519`.
 * Gives  an Identity: the box's id, its public key, signatures.
 * Keeps  the private key to itself: it is neither given out nor logged.
 * Lane   4.
 *
 * Ids certify themselves: a box's id is the first half of the SHA-256 of its public key, so whoever proves that a key is
 * theirs has proven their id, and nobody needs a list of who is who.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { BoxId } from '../core/ensemble.ts';
import type { Log } from '../core/log.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { Signatures } from '../ports/signatures.ts';
import type { Storage } from '../ports/storage.ts';

export interface Identity {
  readonly box: BoxId;
  /** 32 octets. */
  readonly publicKey: Uint8Array;
  /** 64 octets. */
  sign(message: Uint8Array): Uint8Array;
}

export const PUBLIC_KEY_OCTETS = 32;
export const SIGNATURE_OCTETS = 64;
const SEED_OCTETS = 32;
const ID_OCTETS = 16;
const KEY = 'identity/ed25519';

export interface IdentityDeps {
  readonly storage: Storage;
  readonly randomness: Randomness;
  readonly signatures: Signatures;
  readonly log: Log;
}

/** A key that can't be read is replaced: peers see a new box. Rejects with PortError when it can't be stored. */
export async function loadIdentity(deps: IdentityDeps): Promise<Identity> {
  const { storage, randomness, signatures, log } = deps;
  const stored = await storage.read(KEY);
  if (stored?.length === SEED_OCTETS) return identityFrom(signatures, stored);
  const seed = randomness.bytes(SEED_OCTETS);
  const made = identityFrom(signatures, seed);
  await storage.write(KEY, seed);
  if (stored === undefined) log.info('this box has made its key', { box: made.box });
  else {
    log.warn('the key of this box could not be read and is replaced: others see a new box', {
      box: made.box,
    });
  }
  return made;
}

export function identityFrom(signatures: Signatures, seed: Uint8Array): Identity {
  const kept = seed.slice();
  const publicKey = signatures.publicKeyOf(kept);
  return {
    box: boxIdOf(publicKey),
    publicKey,
    sign: (message) => signatures.sign(kept, message),
  };
}

/** The id of whoever has that public key. */
export const boxIdOf = (publicKey: Uint8Array): BoxId =>
  bytesToHex(sha256(publicKey).subarray(0, ID_OCTETS)) as BoxId;
