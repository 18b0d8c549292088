/** Blobs in memory. */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, concatBytes } from '@noble/hashes/utils.js';
import { PortError } from '../runtime/core/errors.ts';
import { BLOB_HASH, type Blobs } from '../runtime/ports/blobs.ts';

const PART = 65_536;

export function openMemoryBlobs(): Blobs {
  const held = new Map<string, Uint8Array>();
  const check = (hash: string): void => {
    if (!BLOB_HASH.test(hash)) throw new PortError('invalid', `"${hash}" is no SHA-256`);
  };
  async function* inParts(content: Uint8Array): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < content.length; at += PART) yield content.slice(at, at + PART);
  }
  return {
    async put(hash, parts, most) {
      check(hash);
      const taken: Uint8Array[] = [];
      let length = 0;
      for await (const part of parts) {
        length += part.length;
        if (length > most) throw new PortError('full', `a blob may have ${most} octets`);
        taken.push(part.slice());
      }
      const content = concatBytes(...taken);
      if (bytesToHex(sha256(content)) !== hash)
        throw new PortError('invalid', 'the content of a blob is not what its name says');
      held.set(hash, content);
    },
    async get(hash) {
      check(hash);
      const content = held.get(hash);
      return content && inParts(content);
    },
    async length(hash) {
      check(hash);
      return held.get(hash)?.length;
    },
    async remove(hash) {
      check(hash);
      held.delete(hash);
    },
  };
}
