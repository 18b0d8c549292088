import { PortError } from '../runtime/core/errors.ts';
import type { Storage } from '../runtime/ports/storage.ts';

const KEY = /^[a-z0-9_-][a-z0-9._-]*(\/[a-z0-9_-][a-z0-9._-]*)*$/;
const MAX_KEY = 200;

/** Storage in memory. `capacity` octets in all, then writes are refused with 'full'. */
export function openMemoryStorage(init: { readonly capacity?: number } = {}): Storage {
  const capacity = init.capacity ?? Number.POSITIVE_INFINITY;
  const files = new Map<string, Uint8Array>();
  const check = (key: string): void => {
    if (key.length > MAX_KEY || !KEY.test(key)) {
      throw new PortError(
        'invalid',
        `"${key}" is no storage key: use words of a-z 0-9 . _ -, like documents/control`,
      );
    }
  };
  return {
    async read(key) {
      check(key);
      return files.get(key)?.slice();
    },
    async write(key, bytes) {
      check(key);
      let total = bytes.length;
      for (const [other, held] of files) if (other !== key) total += held.length;
      if (total > capacity)
        throw new PortError('full', `storage holds ${capacity} octets; remove something`);
      files.set(key, bytes.slice());
    },
    async remove(key) {
      check(key);
      files.delete(key);
    },
    async list(prefix) {
      return [...files.keys()].filter((key) => key.startsWith(prefix)).sort();
    },
  };
}
