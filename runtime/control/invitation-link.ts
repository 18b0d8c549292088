/**
 * Links of invitations: `togthr://HOST/i/CODE#SECRET`, and `https://HOST/CODE#SEED`, short enough for a QR code of two
 * pixels a module on the display (HOST up to 16 characters). Either scheme may stand before either.
 *
 * Takes  the server's host, the code that the server gave and the secret that the inviting box made.
 * Gives  both forms, and the parts of either. CODE has 65 bits: 13 characters of Crockford's base 32, or 11 of base64url.
 *        SECRET has 128 bits, 22 characters of base64url; it is made of SEED, which has 96 bits, 16 characters. They stand
 *        in the fragment, which no browser and no box sends to a server (RFC 3986 section 3.5).
 * Keeps  nothing.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { concatBytes, utf8ToBytes } from '@noble/hashes/utils.js';
import { fromBase64url, toBase64url } from '../core/base64url.ts';
import { PortError } from '../core/errors.ts';
import type { Randomness } from '../ports/randomness.ts';

/** No I, L, O, U: what is read aloud or typed is not mistaken. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_LENGTH = 13;
const CODE_OCTETS = 9;
const SHORT_LENGTH = 11;
const SECRET_OCTETS = 16;
const SEED_OCTETS = 12;
const SECRET_CONTEXT = utf8ToBytes('jam.togthr invitation secret 1');
const CODE = /^[0-9A-HJKMNP-TV-Z]{13}$/;
/** Host, perhaps a port; a plain server (diagnosis, loopback) is written `togthr+http`. */
const LINK =
  /^(togthr|https|togthr\+http|http):\/\/([^/?#@\s]{1,255})\/(i\/)?([^/?#\s]{1,64})#(.{1,64})$/;

export interface InvitationLink {
  /** The server's URL without a path: `https://jam.example.org`. */
  readonly server: string;
  readonly code: string;
  readonly secret: Uint8Array;
}

/** 65 bits of `octets` (at least 9) as a code. */
export function codeFrom(octets: Uint8Array): string {
  let code = '';
  for (let at = 0; at < CODE_LENGTH; at++) {
    let digit = 0;
    for (let bit = at * 5; bit < at * 5 + 5; bit++)
      digit = (digit << 1) | (((octets[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1);
    code += ALPHABET[digit];
  }
  return code;
}

export const isCode = (text: string): boolean => CODE.test(text);

/** A secret that a short link can carry. */
export function newInvitationSecret(randomness: Randomness): {
  seed: Uint8Array;
  secret: Uint8Array;
} {
  const seed = randomness.bytes(SEED_OCTETS);
  return { seed, secret: secretOf(seed) };
}

const secretOf = (seed: Uint8Array): Uint8Array =>
  sha256(concatBytes(SECRET_CONTEXT, seed)).slice(0, SECRET_OCTETS);

export function writeInvitationLink({ server, code, secret }: InvitationLink): string {
  const [scheme = '', host = ''] = server.split('://');
  const app = scheme === 'http' ? 'togthr+http' : 'togthr';
  return `${app}://${host}/i/${code}#${toBase64url(secret)}`;
}

export const writeShortLink = ({
  server,
  code,
  seed,
}: {
  readonly server: string;
  readonly code: string;
  readonly seed: Uint8Array;
}): string => `${server}/${shortCode(code)}#${toBase64url(seed)}`;

/** The same 65 bits in 11 characters. */
function shortCode(code: string): string {
  const octets = new Uint8Array(CODE_OCTETS);
  for (let at = 0; at < CODE_LENGTH * 5; at++) {
    const digit = ALPHABET.indexOf(code[Math.floor(at / 5)] ?? '');
    const bit = (digit >> (4 - (at % 5))) & 1;
    octets[at >> 3] = (octets[at >> 3] ?? 0) | (bit << (7 - (at & 7)));
  }
  return toBase64url(octets).slice(0, SHORT_LENGTH);
}

/** Undefined: it is none, in neither form. */
export function readCode(text: string): string | undefined {
  const plain = text.toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  if (isCode(plain)) return plain;
  // What is left of nine octets is 0.
  const octets = text.length === SHORT_LENGTH ? fromBase64url(`${text}A`) : undefined;
  if (!octets) return undefined;
  const code = codeFrom(octets);
  return shortCode(code) === text ? code : undefined;
}

function readSecret(text: string): Uint8Array | undefined {
  const octets = fromBase64url(text);
  if (octets?.length === SEED_OCTETS) return secretOf(octets);
  return octets?.length === SECRET_OCTETS ? octets : undefined;
}

/** Rejects with PortError 'invalid' what is no invitation, saying which part is wrong. */
export function readInvitationLink(text: string): InvitationLink {
  const [, scheme = '', host = '', , code = '', fragment = ''] = LINK.exec(text.trim()) ?? [];
  if (scheme === '')
    throw new PortError(
      'invalid',
      'that is no invitation link; it looks like togthr://HOST/i/CODE#SECRET, to the last character',
    );
  const plain = readCode(code);
  const secret = readSecret(fragment);
  if (!plain || !secret)
    throw new PortError('invalid', 'the invitation link was cut or changed; ask for it again');
  const secure = scheme === 'togthr' || scheme === 'https';
  return {
    server: `${secure ? 'https' : 'http'}://${host.toLowerCase()}`,
    code: plain,
    secret,
  };
}
