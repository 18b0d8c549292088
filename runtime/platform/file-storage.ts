/**
 * Storage in a directory: one file per key, readable by its owner alone.
 *
 * A file is the four letters `jts1`, the first eight octets of the SHA-256 of the content, and the content: a card that
 * forgets is noticed. Slashes of a key become `+`, so that `a` and `a/b` may both exist. Beside `name` lie
 * `name~previous`, the copy before the last write, which is used with a warning when `name` is damaged, and for a
 * moment `name~new`. A directory belongs to one process.
 */
import { createHash } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { PortError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Storage } from '../ports/storage.ts';
import { portErrorFrom, systemCode } from './system-errors.ts';

const MAGIC = Buffer.from('jts1', 'latin1');
const DIGEST = 8;
const HEADER = MAGIC.length + DIGEST;
const KEY = /^[a-z0-9_-][a-z0-9._-]*(\/[a-z0-9_-][a-z0-9._-]*)*$/;
const MAX_KEY = 200;

export interface FileStorageDeps {
  readonly log: Log;
}

/** Makes the directory if need be; rejects with PortError 'denied' when it may not. */
export async function openFileStorage(
  deps: FileStorageDeps,
  init: { readonly directory: string },
): Promise<Storage> {
  try {
    await mkdir(init.directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw portErrorFrom(error, `making the directory ${init.directory}`);
  }
  return new FileStorage(deps.log, init.directory);
}

class FileStorage implements Storage {
  readonly #log: Log;
  readonly #directory: string;
  /** The last thing asked for each key: the next waits for it. */
  readonly #queues = new Map<string, Promise<unknown>>();

  constructor(log: Log, directory: string) {
    this.#log = log;
    this.#directory = directory;
  }

  async read(key: string): Promise<Uint8Array | undefined> {
    const path = this.#path(key);
    return this.#inTurn(key, async () => {
      const current = await readWhole(path);
      if (current.state === 'whole') return current.bytes;
      const previous = await readWhole(`${path}~previous`);
      if (previous.state === 'whole') {
        this.#log.warn('a stored file is damaged or missing; its previous copy is used', {
          key,
          damage: current.state,
        });
        return previous.bytes;
      }
      if (current.state === 'damaged') {
        this.#log.error('a stored file is damaged and has no previous copy', { key });
      }
      return undefined;
    });
  }

  async write(key: string, bytes: Uint8Array): Promise<void> {
    const path = this.#path(key);
    const content = Uint8Array.from(bytes);
    return this.#inTurn(key, async () => {
      const file = await open(`${path}~new`, 'w', 0o600);
      try {
        await file.writeFile(Buffer.concat([MAGIC, digestOf(content), content]));
        await file.sync();
      } finally {
        await file.close();
      }
      // A damaged file must not take the place of a good previous copy. If the power fails between the two
      // renames, the previous copy is what is read.
      if ((await readWhole(path)).state === 'whole') await rename(path, `${path}~previous`);
      await rename(`${path}~new`, path);
      await syncDirectory(this.#directory);
    });
  }

  async remove(key: string): Promise<void> {
    const path = this.#path(key);
    return this.#inTurn(key, async () => {
      // The previous copy first, or it would come to life again if the power fails in between.
      await rm(`${path}~previous`, { force: true });
      await rm(path, { force: true });
      await syncDirectory(this.#directory);
    });
  }

  async list(prefix: string): Promise<readonly string[]> {
    await Promise.allSettled(this.#queues.values());
    const keys = new Set<string>();
    try {
      for (const name of await readdir(this.#directory)) {
        const key = name.replace(/~previous$/, '').replaceAll('+', '/');
        if (KEY.test(key) && key.startsWith(prefix)) keys.add(key);
      }
    } catch (error) {
      throw portErrorFrom(error, `listing ${this.#directory}`);
    }
    return [...keys].sort();
  }

  #path(key: string): string {
    if (key.length > MAX_KEY || !KEY.test(key)) {
      throw new PortError(
        'invalid',
        `"${key}" is no storage key: use words of a-z 0-9 . _ -, like documents/control`,
      );
    }
    return join(this.#directory, key.replaceAll('/', '+'));
  }

  async #inTurn<T>(key: string, work: () => Promise<T>): Promise<T> {
    const before = this.#queues.get(key);
    const mine = (async (): Promise<T> => {
      // The one before has told its own caller about its failure.
      await before?.catch(() => {});
      try {
        return await work();
      } catch (error) {
        throw portErrorFrom(error, `storing ${key} in ${this.#directory}`);
      }
    })();
    this.#queues.set(key, mine);
    try {
      return await mine;
    } finally {
      if (this.#queues.get(key) === mine) this.#queues.delete(key);
    }
  }
}

type Whole =
  | { readonly state: 'whole'; readonly bytes: Uint8Array }
  | { readonly state: 'missing' | 'damaged' };

async function readWhole(path: string): Promise<Whole> {
  let file: Buffer;
  try {
    file = await readFile(path);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return { state: 'missing' };
    if (code === 'EIO' || code === 'EISDIR') return { state: 'damaged' };
    throw error;
  }
  const content = file.subarray(HEADER);
  const whole =
    file.length >= HEADER &&
    file.subarray(0, MAGIC.length).equals(MAGIC) &&
    file.subarray(MAGIC.length, HEADER).equals(digestOf(content));
  return whole ? { state: 'whole', bytes: Uint8Array.from(content) } : { state: 'damaged' };
}

function digestOf(content: Uint8Array): Buffer {
  return createHash('sha256').update(content).digest().subarray(0, DIGEST);
}

/** Makes renames durable. */
async function syncDirectory(directory: string): Promise<void> {
  const handle = await open(directory, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
