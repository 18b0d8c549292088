/**
 * Membership of a session, as something a box can show: a chain of signed grants from whoever made the session to it.
 *
 * Takes bytes and keys, gives a MembershipProof or undefined, touches nothing.
 *
 * A session's id is a hash of its creator's public key and a nonce, so that only the creator's key can begin a chain.
 * Each grant is signed with the key that the one before it admitted. Whoever holds a chain that ends at their own key is
 * let in by every member, with no code and with nobody asked. Layout: FORMAT.md beside the link, "membership".
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes, hexToBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import type { BoxId, SessionId } from '../core/ensemble.ts';
import type { WallTime } from '../core/time.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { Signatures } from '../ports/signatures.ts';
import { equalOctets } from './equal-octets.ts';
import { boxIdOf, type Identity, PUBLIC_KEY_OCTETS, SIGNATURE_OCTETS } from './identity.ts';

export interface Grant {
  /** Public key that is admitted by it. */
  readonly admitted: Uint8Array;
  /** For people: when, by the clock of whoever signed it. */
  readonly at: WallTime;
  readonly signature: Uint8Array;
}

export interface MembershipProof {
  /** Public key of whoever made the session. */
  readonly creator: Uint8Array;
  readonly nonce: Uint8Array;
  /** From the creator onward; none for the creator itself. */
  readonly grants: readonly Grant[];
}

/** Why a proof proves nothing. */
export type MembershipFault = 'session' | 'holder' | 'length' | 'signature';

export const MAX_GRANTS = 16;
const VERSION = 1;
const NONCE_OCTETS = 16;
const TIME_OCTETS = 8;
const GRANT_OCTETS = PUBLIC_KEY_OCTETS + TIME_OCTETS + SIGNATURE_OCTETS;
const HEAD_OCTETS = 1 + PUBLIC_KEY_OCTETS + NONCE_OCTETS + 1;
export const MAX_PROOF: number = HEAD_OCTETS + MAX_GRANTS * GRANT_OCTETS;
const MAX_TIME = 8_640_000_000_000_000;

const SESSION_CONTEXT = utf8ToBytes('jam.togthr session 1');
const GRANT_CONTEXT = utf8ToBytes('jam.togthr grant 1');

/** A session of this box's own making, and the proof that it may be in it. */
export function newSession(
  identity: Identity,
  randomness: Randomness,
): { readonly session: SessionId; readonly proof: MembershipProof } {
  const nonce = randomness.bytes(NONCE_OCTETS);
  const creator = identity.publicKey;
  return { session: sessionIdOf(creator, nonce), proof: { creator, nonce, grants: [] } };
}

/** The session that a proof is about, whether it proves anything or not. */
export const sessionOfProof = ({ creator, nonce }: MembershipProof): SessionId =>
  sessionIdOf(creator, nonce);

/** `own`, continued to whoever has that key. Undefined: `own` has the greatest length already. */
export function grantMembership(
  identity: Identity,
  own: MembershipProof,
  admitted: Uint8Array,
  at: WallTime,
): MembershipProof | undefined {
  if (own.grants.length >= MAX_GRANTS) return undefined;
  const session = sessionOfProof(own);
  const when = Math.round(Math.min(Math.max(at, 0), MAX_TIME)) as WallTime;
  const signature = identity.sign(signedPart(session, identity.publicKey, admitted, when));
  return { ...own, grants: [...own.grants, { admitted, at: when, signature }] };
}

/** Undefined: whoever has `key` is a member of `session`. */
export function checkMembership(
  signatures: Signatures,
  proof: MembershipProof,
  session: SessionId,
  key: Uint8Array,
): MembershipFault | undefined {
  if (proof.grants.length > MAX_GRANTS) return 'length';
  if (sessionOfProof(proof) !== session) return 'session';
  if (!equalOctets(holderOf(proof), key)) return 'holder';
  let by = proof.creator;
  for (const { admitted, at, signature } of proof.grants) {
    if (!signatures.verify(by, signedPart(session, by, admitted, at), signature)) {
      return 'signature';
    }
    by = admitted;
  }
  return undefined;
}

/** Ids of all whose word a proof rests on: its creator, and whoever was admitted on the way to the holder. */
export const vouchersOf = ({ creator, grants }: MembershipProof): readonly BoxId[] =>
  [creator, ...grants.map(({ admitted }) => admitted)].slice(0, -1).map(boxIdOf);

/** Public key of whoever a proof admits. */
export const holderOf = ({ creator, grants }: MembershipProof): Uint8Array =>
  grants.at(-1)?.admitted ?? creator;

/** Public key of whoever signed the last grant. Undefined: nobody, the holder made the session. */
export function granterOf({ creator, grants }: MembershipProof): Uint8Array | undefined {
  if (grants.length === 0) return undefined;
  return grants.at(-2)?.admitted ?? creator;
}

export function encodeMembership({ creator, nonce, grants }: MembershipProof): Uint8Array {
  const parts = grants.flatMap(({ admitted, at, signature }) => [
    admitted,
    encodeTime(at),
    signature,
  ]);
  return concatBytes(
    Uint8Array.of(VERSION),
    creator,
    nonce,
    Uint8Array.of(grants.length),
    ...parts,
  );
}

/** Undefined for anything that `encodeMembership` doesn't write. Never throws. */
export function decodeMembership(bytes: Uint8Array): MembershipProof | undefined {
  const count = bytes[HEAD_OCTETS - 1];
  if (bytes[0] !== VERSION || count === undefined || count > MAX_GRANTS) return undefined;
  if (bytes.length !== HEAD_OCTETS + count * GRANT_OCTETS) return undefined;
  const grants: Grant[] = [];
  for (let at = HEAD_OCTETS; at < bytes.length; at += GRANT_OCTETS) {
    const time = at + PUBLIC_KEY_OCTETS;
    const signature = time + TIME_OCTETS;
    const when = decodeTime(bytes.subarray(time, signature));
    if (when === undefined) return undefined;
    grants.push({
      admitted: bytes.slice(at, time),
      at: when,
      signature: bytes.slice(signature, at + GRANT_OCTETS),
    });
  }
  const nonce = 1 + PUBLIC_KEY_OCTETS;
  return {
    creator: bytes.slice(1, nonce),
    nonce: bytes.slice(nonce, nonce + NONCE_OCTETS),
    grants,
  };
}

const sessionIdOf = (creator: Uint8Array, nonce: Uint8Array): SessionId =>
  bytesToHex(sha256(concatBytes(SESSION_CONTEXT, creator, nonce)).subarray(0, 16)) as SessionId;

const signedPart = (
  session: SessionId,
  by: Uint8Array,
  admitted: Uint8Array,
  at: WallTime,
): Uint8Array => concatBytes(GRANT_CONTEXT, hexToBytes(session), by, admitted, encodeTime(at));

function encodeTime(at: WallTime): Uint8Array {
  const bytes = new Uint8Array(TIME_OCTETS);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(at));
  return bytes;
}

function decodeTime(bytes: Uint8Array): WallTime | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const time = view.getBigUint64(0);
  return time <= BigInt(MAX_TIME) ? (Number(time) as WallTime) : undefined;
}
