/**
 * What a box signs to be let in: bound to the server's name and to the challenge of this one connection.
 *
 * A server that passes another server's challenge on gets a signature for its own name, which is good nowhere else; a
 * signature that was seen once is for a nonce that never comes again.
 */
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';

const CONTEXT = utf8ToBytes('jam.togthr control plane sign-in 1');
export const NONCE_OCTETS = 32;

/** `server`: the name that the box dialed; `nonce`: NONCE_OCTETS from the server; `key`: the box's public key. */
export function signedInPart(server: string, nonce: Uint8Array, key: Uint8Array): Uint8Array {
  const name = utf8ToBytes(server);
  const length = Uint8Array.of(name.length >> 8, name.length & 0xff);
  return concatBytes(CONTEXT, length, name, nonce, key);
}
