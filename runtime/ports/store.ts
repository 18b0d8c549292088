import type { Micros } from '../core/time.ts';

/**
 * Small values under ordered keys, for a server: accounts, presence, directory. Contract: tests/contracts/store.contract.ts.
 *
 * Made so that it may be one process's own or shared by many: a write is seen by others soon, not at once; there are no
 * transactions over several keys. What must not be overwritten is written with the revision that was read.
 *
 * Keys are slash-separated words of [A-Za-z0-9_-], at most 200 characters; values at most 64 KiB. Rejects with PortError:
 * 'invalid' (a malformed key, a value that is too long), 'full', 'closed', 'denied', 'unavailable'.
 */
export interface Store {
  /** Undefined when there is none, or it has expired. */
  get(key: string): Promise<Stored | undefined>;
  /** Gives the new revision; undefined, having written nothing, when `init.revision` is not that of the key any more. */
  put(key: string, value: Uint8Array, init?: PutInit): Promise<number | undefined>;
  /** False, having removed nothing, when there is none, or `revision` is given and isn't that of the key. */
  remove(key: string, revision?: number): Promise<boolean>;
  /** Those whose key begins with `prefix`, in order of keys, from the first key after `after` on. At most `limit` (1000). */
  list(
    prefix: string,
    init?: { readonly limit?: number; readonly after?: string },
  ): Promise<readonly StoredEntry[]>;
}

export interface Stored {
  readonly value: Uint8Array;
  /** Greater than those before of the same key, also when it was removed meanwhile. */
  readonly revision: number;
}

export interface StoredEntry extends Stored {
  readonly key: string;
}

export interface PutInit {
  /** Only if the key has this revision; 0: only if there is none. */
  readonly revision?: number;
  /** It goes by itself after so long. Each put says it anew. */
  readonly lasts?: Micros;
}

export const MAX_STORED: number = 65_536;
export const STORE_KEY: RegExp = /^(?=.{1,200}$)[A-Za-z0-9_-]+(\/[A-Za-z0-9_-]+)*$/;
