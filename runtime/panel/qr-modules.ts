/**
 * A text as a QR code (ISO/IEC 18004): rows of modules, `true` is dark. Level L: nothing covers a display, and fewer
 * modules are larger ones.
 */
import { encode } from 'uqr';

export function qrModules(text: string): readonly (readonly boolean[])[] {
  return encode(text, { ecc: 'L', border: 0 }).data;
}
