/**
 * Ed25519 by OpenSSL.
 *
 * Keys are imported once: parsing one costs as much as half a verification. The public keys of the last boxes that were
 * heard of are kept, and one private key, as a box has one.
 */
import {
  createPrivateKey,
  createPublicKey,
  sign as cryptoSign,
  verify as cryptoVerify,
  type KeyObject,
} from 'node:crypto';
import type { Signatures } from '../ports/signatures.ts';

const SEED_OCTETS = 32;
const PUBLIC_KEY_OCTETS = 32;
const SIGNATURE_OCTETS = 64;
const MAX_KEPT = 64;

/** RFC 8410: what comes before the raw key in PKCS #8 and in SubjectPublicKeyInfo. */
const PRIVATE_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const PUBLIC_PREFIX = Buffer.from('302a300506032b6570032100', 'hex');

export function openNodeSignatures(): Signatures {
  const publicKeys = new Map<string, KeyObject>();
  let privateKey: { readonly seed: Buffer; readonly key: KeyObject } | undefined;

  const privateKeyOf = (seed: Uint8Array): KeyObject => {
    if (privateKey?.seed.equals(seed)) return privateKey.key;
    if (seed.length !== SEED_OCTETS) throw new Error('an Ed25519 private key has 32 octets');
    const key = createPrivateKey({
      key: Buffer.concat([PRIVATE_PREFIX, seed]),
      format: 'der',
      type: 'pkcs8',
    });
    privateKey = { seed: Buffer.from(seed), key };
    return key;
  };

  const publicKeyFrom = (octets: Uint8Array): KeyObject => {
    const name = Buffer.from(octets).toString('latin1');
    const kept = publicKeys.get(name);
    const key =
      kept ??
      createPublicKey({
        key: Buffer.concat([PUBLIC_PREFIX, octets]),
        format: 'der',
        type: 'spki',
      });
    // The last one used is last in the map, and the first in it is the one to go.
    publicKeys.delete(name);
    publicKeys.set(name, key);
    if (publicKeys.size > MAX_KEPT) publicKeys.delete(publicKeys.keys().next().value ?? name);
    return key;
  };

  return {
    publicKeyOf(seed) {
      const der = createPublicKey(privateKeyOf(seed)).export({ format: 'der', type: 'spki' });
      return Uint8Array.from(der.subarray(PUBLIC_PREFIX.length));
    },
    sign: (seed, message) => Uint8Array.from(cryptoSign(null, message, privateKeyOf(seed))),
    verify(publicKey, message, signature) {
      if (publicKey.length !== PUBLIC_KEY_OCTETS || signature.length !== SIGNATURE_OCTETS) {
        return false;
      }
      try {
        return cryptoVerify(null, message, publicKeyFrom(publicKey), signature);
      } catch {
        // OpenSSL throws at a key that is no point of the curve: nothing verifies under it.
        return false;
      }
    },
  };
}
