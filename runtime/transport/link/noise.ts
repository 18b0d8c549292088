/**
 * Noise_NN_25519_ChaChaPoly_SHA256: two messages, and two directions are sealed. Nobody is authenticated by it: that is
 * done inside, over the handshake hash.
 *
 * Takes  an ephemeral private key drawn for this handshake alone.
 * Gives  the two messages, then a cipher for each direction and the handshake hash.
 * Spec: The Noise Protocol Framework, revision 34; names as in its section 5.
 */
import { chacha20poly1305 } from '@noble/ciphers/chacha.js';
import { x25519 } from '@noble/curves/ed25519.js';
import { expand, extract } from '@noble/hashes/hkdf.js';
import { sha256 } from '@noble/hashes/sha2.js';

const NAME = new TextEncoder().encode('Noise_NN_25519_ChaChaPoly_SHA256');
export const KEY_OCTETS = 32;
export const TAG_OCTETS = 16;
const NONCE_OCTETS = 12;
/** Section 5.1: this nonce is for another use. A counter of ours never gets there. */
const LAST_NONCE = Number.MAX_SAFE_INTEGER;
const NOTHING = new Uint8Array();

/** One direction. A nonce is used for one message that left or arrived, never for two. */
export class NoiseCipher {
  readonly #key: Uint8Array;
  #nonce = 0;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** `ahead`: how many messages sealed before this one have not been counted by `advance` yet. */
  seal(plaintext: Uint8Array, ahead = 0, data: Uint8Array = NOTHING): Uint8Array {
    return chacha20poly1305(this.#key, nonceOf(this.#nonce + ahead), data).encrypt(plaintext);
  }

  /** Those messages are on their way. */
  advance(messages = 1): void {
    this.#nonce += messages;
    if (this.#nonce >= LAST_NONCE) throw new RangeError('a Noise cipher has no nonce left');
  }

  /** Undefined, having counted nothing, when it does not open: the connection is to end. */
  open(ciphertext: Uint8Array, data: Uint8Array = NOTHING): Uint8Array | undefined {
    try {
      const plaintext = chacha20poly1305(this.#key, nonceOf(this.#nonce), data).decrypt(ciphertext);
      this.advance();
      return plaintext;
    } catch {
      // Too short, or the tag is wrong: there is nothing else that a far end can cause.
      return undefined;
    }
  }
}

/** Section 12.3: 32 bits of zeros, then 64 bits of the counter, least significant octet first. */
function nonceOf(counter: number): Uint8Array {
  const nonce = new Uint8Array(NONCE_OCTETS);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, counter % 0x1_0000_0000, true);
  view.setUint32(8, Math.floor(counter / 0x1_0000_0000), true);
  return nonce;
}

export interface NoiseSession {
  readonly outgoing: NoiseCipher;
  readonly incoming: NoiseCipher;
  /** The same at both ends, and of no other handshake: section 11.2. */
  readonly hash: Uint8Array;
}

class Handshake {
  #chainingKey: Uint8Array = NAME;
  #hash: Uint8Array = NAME;
  #cipher: NoiseCipher | undefined;

  constructor(prologue: Uint8Array) {
    this.mixHash(prologue);
  }

  mixHash(data: Uint8Array): void {
    this.#hash = sha256.create().update(this.#hash).update(data).digest();
  }

  mixKey(material: Uint8Array): void {
    const [chainingKey, key] = this.#derive(material);
    this.#chainingKey = chainingKey;
    this.#cipher = new NoiseCipher(key);
  }

  encryptAndHash(plaintext: Uint8Array): Uint8Array {
    const ciphertext = this.#cipher?.seal(plaintext, 0, this.#hash) ?? plaintext;
    this.#cipher?.advance();
    this.mixHash(ciphertext);
    return ciphertext;
  }

  decryptAndHash(ciphertext: Uint8Array): Uint8Array | undefined {
    const plaintext = this.#cipher ? this.#cipher.open(ciphertext, this.#hash) : ciphertext;
    this.mixHash(ciphertext);
    return plaintext;
  }

  split(initiator: boolean): NoiseSession {
    const [ours, theirs] = this.#derive(NOTHING).map((key) => new NoiseCipher(key)) as [
      NoiseCipher,
      NoiseCipher,
    ];
    return {
      outgoing: initiator ? ours : theirs,
      incoming: initiator ? theirs : ours,
      hash: this.#hash,
    };
  }

  /** HKDF of section 4.3 with two outputs: that of RFC 5869 without info. */
  #derive(material: Uint8Array): [Uint8Array, Uint8Array] {
    const both = expand(
      sha256,
      extract(sha256, material, this.#chainingKey),
      NOTHING,
      2 * KEY_OCTETS,
    );
    return [both.slice(0, KEY_OCTETS), both.slice(KEY_OCTETS)];
  }
}

/** Undefined for a public key that gives no secret (RFC 7748 section 6.1). */
function sharedSecret(privateKey: Uint8Array, publicKey: Uint8Array): Uint8Array | undefined {
  try {
    return x25519.getSharedSecret(privateKey, publicKey);
  } catch {
    return undefined;
  }
}

export interface NoiseInitiator {
  readonly first: Uint8Array;
  /** Undefined: the answer is none, or was changed. */
  finish(second: Uint8Array): { session: NoiseSession; payload: Uint8Array } | undefined;
}

export function initiateNoise(
  ephemeral: Uint8Array,
  prologue: Uint8Array,
  payload: Uint8Array = NOTHING,
): NoiseInitiator {
  const handshake = new Handshake(prologue);
  const publicKey = x25519.getPublicKey(ephemeral);
  handshake.mixHash(publicKey);
  return {
    first: Uint8Array.from([...publicKey, ...handshake.encryptAndHash(payload)]),
    finish(second) {
      if (second.length < KEY_OCTETS + TAG_OCTETS) return undefined;
      const far = second.slice(0, KEY_OCTETS);
      handshake.mixHash(far);
      const secret = sharedSecret(ephemeral, far);
      if (!secret) return undefined;
      handshake.mixKey(secret);
      const answer = handshake.decryptAndHash(second.slice(KEY_OCTETS));
      return answer && { session: handshake.split(true), payload: answer };
    },
  };
}

/** Undefined: what came is no first message. */
export function respondNoise(
  ephemeral: Uint8Array,
  prologue: Uint8Array,
  first: Uint8Array,
  payload: Uint8Array = NOTHING,
): { second: Uint8Array; session: NoiseSession; payload: Uint8Array } | undefined {
  if (first.length < KEY_OCTETS) return undefined;
  const handshake = new Handshake(prologue);
  const far = first.slice(0, KEY_OCTETS);
  handshake.mixHash(far);
  const asked = handshake.decryptAndHash(first.slice(KEY_OCTETS));
  const publicKey = x25519.getPublicKey(ephemeral);
  handshake.mixHash(publicKey);
  const secret = sharedSecret(ephemeral, far);
  if (!secret || !asked) return undefined;
  handshake.mixKey(secret);
  const second = Uint8Array.from([...publicKey, ...handshake.encryptAndHash(payload)]);
  return { second, session: handshake.split(false), payload: asked };
}
