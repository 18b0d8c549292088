/**
 * Links of invitations: `togthr://HOST/i/CODE#SECRET`, and `https://HOST/i/CODE#SECRET` for telephones.
 *
 * Takes  the server's host, the code that the server gave and the secret that the inviting box made.
 * Gives  both forms, and the parts of either. CODE is 13 characters of Crockford's base 32 (65 bits), SECRET 22 of
 *        base64url (128 bits). The secret stands in the fragment, which no browser and no box sends to a server
 *        (RFC 3986 section 3.5).
 * Keeps  nothing.
 */
import { fromBase64url, toBase64url } from '../core/base64url.ts';
import { PortError } from '../core/errors.ts';

/** No I, L, O, U: what is read aloud or typed is not mistaken. */
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';
const CODE_LENGTH = 13;
export const SECRET_OCTETS = 16;
const CODE = /^[0-9A-HJKMNP-TV-Z]{13}$/;
/** Host, perhaps a port; a plain server (diagnosis, loopback) is written `togthr+http`. */
const LINK =
  /^(togthr|https|togthr\+http|http):\/\/([^/?#@\s]{1,255})\/i\/([^/?#\s]{1,64})#(.{1,64})$/;

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

export function writeInvitationLink(
  { server, code, secret }: InvitationLink,
  form: 'app' | 'web',
): string {
  const [scheme = '', host = ''] = server.split('://');
  const app = scheme === 'http' ? 'togthr+http' : 'togthr';
  return `${form === 'web' ? scheme : app}://${host}/i/${code}#${toBase64url(secret)}`;
}

/** Rejects with PortError 'invalid' what is no invitation, saying which part is wrong. */
export function readInvitationLink(text: string): InvitationLink {
  const [, scheme = '', host = '', code = '', secret = ''] = LINK.exec(text.trim()) ?? [];
  if (scheme === '')
    throw new PortError(
      'invalid',
      'that is no invitation link; it looks like togthr://HOST/i/CODE#SECRET, to the last character',
    );
  const octets = fromBase64url(secret);
  const plain = code.toUpperCase().replaceAll('O', '0').replaceAll(/[IL]/g, '1');
  if (!isCode(plain) || octets?.length !== SECRET_OCTETS)
    throw new PortError('invalid', 'the invitation link was cut or changed; ask for it again');
  const secure = scheme === 'togthr' || scheme === 'https';
  return {
    server: `${secure ? 'https' : 'http'}://${host.toLowerCase()}`,
    code: plain,
    secret: octets,
  };
}
