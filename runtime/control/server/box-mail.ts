/**
 * What is said on the Bus to a box's connection, on whichever server that stands. Subject: `box/BOX`.
 *
 * Takes values, gives octets, and the other way round. Octets of tunnels come as they are, behind a header; the rest is
 * JSON. The Bus is the servers' own: what can't be read is from another version of us, and is passed over.
 */
import { bytesToHex, hexToBytes } from '@noble/hashes/utils.js';
import { fromBase64url, toBase64url } from '../../core/base64url.ts';
import type { BoxId } from '../../core/ensemble.ts';

export type BoxMail =
  | { readonly kind: 'signal'; readonly from: BoxId; readonly message: Uint8Array }
  /** That connection is the box's now; every other one ends. */
  | { readonly kind: 'replaced'; readonly by: string }
  | { readonly kind: 'ask' | 'accept'; readonly from: BoxId; readonly tunnel: string }
  | {
      readonly kind: 'close';
      readonly from: BoxId;
      readonly tunnel: string;
      readonly reason: string;
    }
  | {
      readonly kind: 'credit';
      readonly from: BoxId;
      readonly tunnel: string;
      readonly octets: number;
    }
  | {
      readonly kind: 'data';
      readonly from: BoxId;
      readonly tunnel: string;
      readonly octets: Uint8Array;
    };

export const subjectOf = (box: BoxId): string => `box/${box}`;

/** First octet of `data`; JSON begins with a brace. */
const DATA = 1;
const FROM = 1;
const TUNNEL = FROM + 16;
const OCTETS = TUNNEL + 8;

export function writeMail(mail: BoxMail): Uint8Array {
  if (mail.kind !== 'data') {
    const plain = mail.kind === 'signal' ? { ...mail, message: toBase64url(mail.message) } : mail;
    return new TextEncoder().encode(JSON.stringify(plain));
  }
  const bytes = new Uint8Array(OCTETS + mail.octets.length);
  bytes[0] = DATA;
  bytes.set(hexToBytes(mail.from), FROM);
  bytes.set(hexToBytes(mail.tunnel), TUNNEL);
  bytes.set(mail.octets, OCTETS);
  return bytes;
}

export function readMail(bytes: Uint8Array): BoxMail | undefined {
  if (bytes[0] === DATA)
    return {
      kind: 'data',
      from: bytesToHex(bytes.subarray(FROM, TUNNEL)) as BoxId,
      tunnel: bytesToHex(bytes.subarray(TUNNEL, OCTETS)),
      octets: bytes.subarray(OCTETS),
    };
  try {
    const mail = JSON.parse(new TextDecoder().decode(bytes)) as BoxMail | WrittenSignal;
    if (mail.kind !== 'signal') return mail;
    const message = fromBase64url(String(mail.message));
    return message && { ...mail, message };
  } catch {
    return undefined;
  }
}

interface WrittenSignal {
  readonly kind: 'signal';
  readonly from: BoxId;
  readonly message: string;
}
