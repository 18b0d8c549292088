/**
 * Octets as text for JSON: base64url without padding (RFC 4648 section 5).
 *
 * Takes octets or text, gives the other; a text that `encodeBase64Url` doesn't write is undefined.
 */
import { fromBase64UrlEncoded, toBase64UrlEncoded } from 'lib0/buffer';

export const encodeBase64Url = (octets: Uint8Array): string => toBase64UrlEncoded(octets);

/** `length`: how many octets it has to be. */
export function decodeBase64Url(text: unknown, length: number): Uint8Array | undefined {
  if (typeof text !== 'string' || text.length !== Math.ceil((length * 4) / 3)) return undefined;
  const octets = fromBase64UrlEncoded(text);
  // The decoder passes over what is no digit, and the last digit has bits to spare: one text for each value.
  return octets.length === length && encodeBase64Url(octets) === text ? octets : undefined;
}
