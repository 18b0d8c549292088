/**
 * CPace: two sides that know the same short code agree on a key; who does not know it learns nothing but whether one
 * guess was right.
 *
 * Takes  the code, what identifies the connection, and random octets.
 * Gives  a share to send, then, for the far end's share, tags by which each side proves that it knew the code.
 * Keeps  a secret scalar, for one exchange.
 * Spec: draft-irtf-cfrg-cpace-21, suite CPACE-RISTR255-SHA512 (section 8.3), initiator and responder (section 7.2), key
 * confirmation by HMAC-SHA512 (section 10.4). Test vectors: tests/vectors/cpace.
 */
import { ristretto255, ristretto255_hasher } from '@noble/curves/ed25519.js';
import { hmac } from '@noble/hashes/hmac.js';
import { sha512 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { Randomness } from '../ports/randomness.ts';
import { equalOctets } from './equal-octets.ts';

/** Names of the draft. */
export interface CpaceInputs {
  /** What both sides know and nobody else does (PRS). */
  readonly password: Uint8Array;
  /** CI: both sides have to see the same one. */
  readonly channel: Uint8Array;
  /** Both sides have to have the same one, and no two exchanges share one. */
  readonly sid: Uint8Array;
  /** ADa and ADb: associated data of the initiator and of the responder. */
  readonly initiatorData: Uint8Array;
  readonly responderData: Uint8Array;
}

export interface CpaceExchange {
  /** 32 octets for the far end. */
  readonly share: Uint8Array;
  /** Undefined: that is no share of an honest far end, and the exchange has failed. */
  derive(farShare: Uint8Array): CpaceKeys | undefined;
}

export interface CpaceKeys {
  /** 64 octets. Not for use as they are: derive keys from it. */
  readonly isk: Uint8Array;
  /** 64 octets that tell the far end that this side knows the password. */
  readonly tag: Uint8Array;
  /** Whether the far end has shown that it knows it. In constant time. */
  confirms(farTag: Uint8Array): boolean;
}

export const SHARE_OCTETS = 32;
export const TAG_OCTETS = 64;

const DSI = utf8ToBytes('CPaceRistretto255');
const DSI_ISK = utf8ToBytes('CPaceRistretto255_ISK');
const MAC_CONTEXT = utf8ToBytes('CPaceMac');
const HASH_BLOCK = 128;
const SCALAR_OCTETS = 32;
/** group_size_bits is 252: of the last octet the low nibble remains. */
const TOP_OCTET_MASK = 0x0f;

export function startCpace(
  role: 'initiator' | 'responder',
  inputs: CpaceInputs,
  randomness: Randomness,
): CpaceExchange {
  return exchange(role, inputs, sampleScalar(randomness));
}

/** For test vectors: with that scalar (32 octets, least significant first). */
export function exchange(
  role: 'initiator' | 'responder',
  inputs: CpaceInputs,
  scalar: Uint8Array,
): CpaceExchange {
  const { sid, initiatorData, responderData } = inputs;
  const own = scalarFrom(scalar);
  const generator = ristretto255_hasher.deriveToCurve?.(sha512(generatorString(inputs)));
  if (!generator) throw new Error('ristretto255 derives elements from octets');
  const share = generator.multiply(own).toBytes();
  const first = role === 'initiator';
  return {
    share,
    derive(farShare) {
      const secret = multiplyVerified(own, farShare);
      if (!secret) return undefined;
      const initiator = lvCat(first ? share : farShare, initiatorData);
      const responder = lvCat(first ? farShare : share, responderData);
      const isk = sha512(concatBytes(lvCat(DSI_ISK, sid, secret), initiator, responder));
      const key = sha512(concatBytes(MAC_CONTEXT, sid, isk));
      const expected = hmac(sha512, key, first ? responder : initiator);
      return {
        isk,
        tag: hmac(sha512, key, first ? initiator : responder),
        confirms: (farTag) => equalOctets(expected, farTag),
      };
    },
  };
}

/** scalar_mult_vfy. Undefined for octets that encode no element, and for the neutral one. */
export function multiplyVerified(scalar: bigint, octets: Uint8Array): Uint8Array | undefined {
  try {
    const product = ristretto255.Point.fromBytes(octets).multiply(scalar);
    return product.is0() ? undefined : product.toBytes();
  } catch {
    // The library throws at an encoding that is not canonical or no element: section 8.3 takes it for the neutral one.
    return undefined;
  }
}

export function scalarFrom(littleEndian: Uint8Array): bigint {
  let scalar = 0n;
  for (let at = littleEndian.length - 1; at >= 0; at--) {
    scalar = (scalar << 8n) | BigInt(littleEndian[at] ?? 0);
  }
  return scalar;
}

function sampleScalar(randomness: Randomness): Uint8Array {
  const octets = randomness.bytes(SCALAR_OCTETS);
  octets[SCALAR_OCTETS - 1] = (octets[SCALAR_OCTETS - 1] ?? 0) & TOP_OCTET_MASK;
  // Zero is no scalar; it is drawn once in 2^252 times, unless the source of randomness is broken.
  if (octets.every((octet) => octet === 0)) throw new Error('the source of randomness gives zeros');
  return octets;
}

/** Section 8.1: zeros fill the first block of the hash, so that its time tells nothing of the password's length. */
export function generatorString({ password, channel, sid }: CpaceInputs): Uint8Array {
  const head = prependLength(DSI).length + prependLength(password).length;
  const zeros = new Uint8Array(Math.max(0, HASH_BLOCK - 1 - head));
  return lvCat(DSI, password, zeros, channel, sid);
}

/** Appendix A.1: each part after its length in LEB128. */
export const lvCat = (...parts: readonly Uint8Array[]): Uint8Array =>
  concatBytes(...parts.map(prependLength));

function prependLength(octets: Uint8Array): Uint8Array {
  const length: number[] = [];
  for (let rest = octets.length; ; rest >>>= 7) {
    if (rest < 0x80) {
      length.push(rest);
      return concatBytes(Uint8Array.from(length), octets);
    }
    length.push((rest & 0x7f) | 0x80);
  }
}
