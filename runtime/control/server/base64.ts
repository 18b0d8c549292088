import { toBase64url } from '../../core/base64url.ts';

/** With padding (RFC 4648 section 4). */
export function toBase64(octets: Uint8Array): string {
  const text = toBase64url(octets).replaceAll('-', '+').replaceAll('_', '/');
  return text.padEnd(Math.ceil(text.length / 4) * 4, '=');
}
