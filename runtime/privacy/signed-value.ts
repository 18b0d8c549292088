/**
 * Values of the session documents, signed by whoever wrote them.
 *
 * Takes  a value and the place in the document where it is written.
 * Gives  what is stored, `[value, public key, signature]`; of what is stored, its author, if the signature holds.
 * Keeps  the outcome of the last verifications: a document is read far more often than written.
 * Lane   4.
 *
 * The signature covers the place: session, root, key, and the identifier that Yjs gives the item with what it stands
 * after. A value that is copied to another session, another key, or written again later, does not verify there.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import type { BoxId, SessionId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import type { Signatures } from '../ports/signatures.ts';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { canonicalJson } from './canonical-json.ts';
import { boxIdOf, type Identity, PUBLIC_KEY_OCTETS, SIGNATURE_OCTETS } from './identity.ts';

/** Identifier of an item of a Yjs document. */
export interface ItemId {
  readonly client: number;
  readonly clock: number;
}

export interface ValuePlace extends ItemId {
  readonly session: SessionId;
  /** Name of the shared type in the document. */
  readonly root: string;
  readonly key: string;
  /** The item that this one stands after: of a map, the value that it takes the place of. */
  readonly origin: ItemId | undefined;
}

export type SignedValue = readonly [value: unknown, publicKey: string, signature: string];

export interface AuthoredValue {
  readonly value: unknown;
  readonly author: BoxId;
  readonly publicKey: Uint8Array;
}

export interface SignedValues {
  /** Undefined: not signed by anybody for that place. Never throws. */
  open(place: ValuePlace, stored: unknown): AuthoredValue | undefined;
}

const CONTEXT = 'jam.togthr value 1';
const MAX_KEPT = 4_096;
const MAX_AUTHORS = 512;

/** Throws PortError 'invalid' for what is no JSON value: a bug of ours. */
export function signValue(identity: Identity, place: ValuePlace, value: unknown): SignedValue {
  const signed = signedPart(place, value);
  if (!signed) throw new PortError('invalid', 'only JSON values can be written to a document');
  const { publicKey } = identity;
  return [value, encodeBase64Url(publicKey), encodeBase64Url(identity.sign(signed))];
}

/** `kept`: how many outcomes to remember; 0 for who asks once for each value. */
export function openSignedValues(
  deps: { readonly signatures: Signatures },
  init: { readonly kept?: number } = {},
): SignedValues {
  const { signatures } = deps;
  const most = init.kept ?? MAX_KEPT;
  /** By digest of all that was verified; the one used last is last. */
  const outcomes = new Map<string, boolean>();

  const verify = (publicKey: Uint8Array, signed: Uint8Array, signature: Uint8Array): boolean => {
    if (most === 0) return signatures.verify(publicKey, signed, signature);
    const digest = sha256.create().update(publicKey).update(signature).update(signed).digest();
    const name = bytesToHex(digest);
    const holds = outcomes.get(name) ?? signatures.verify(publicKey, signed, signature);
    outcomes.delete(name);
    outcomes.set(name, holds);
    const [oldest] = outcomes.keys();
    if (outcomes.size > most && oldest !== undefined) outcomes.delete(oldest);
    return holds;
  };

  /** By public key, as it is written. */
  const authors = new Map<string, BoxId>();
  const authorOf = (text: string, publicKey: Uint8Array): BoxId => {
    const known = authors.get(text);
    if (known !== undefined) return known;
    if (authors.size >= MAX_AUTHORS) authors.clear();
    const author = boxIdOf(publicKey);
    authors.set(text, author);
    return author;
  };

  return {
    open(place, stored) {
      if (!Array.isArray(stored) || stored.length !== 3) return undefined;
      const publicKey = decodeBase64Url(stored[1], PUBLIC_KEY_OCTETS);
      const signature = decodeBase64Url(stored[2], SIGNATURE_OCTETS);
      if (!publicKey || !signature) return undefined;
      const value: unknown = stored[0];
      const signed = signedPart(place, value);
      if (!signed || !verify(publicKey, signed, signature)) return undefined;
      return { value, author: authorOf(stored[1] as string, publicKey), publicKey };
    },
  };
}

/** A canonical JSON text, so that no two places or values make the same octets. */
function signedPart(place: ValuePlace, value: unknown): Uint8Array | undefined {
  const { session, root, key, client, clock, origin } = place;
  const after = origin ? [origin.client, origin.clock] : null;
  const text = canonicalJson([CONTEXT, session, root, key, client, clock, after, value]);
  return text === undefined ? undefined : utf8ToBytes(text);
}
