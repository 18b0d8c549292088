/**
 * Blobs as files: `FOLDER/ab/abcdef...`, written beside as `.part-N` and renamed when they are whole.
 */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PortError } from '../core/errors.ts';
import { BLOB_HASH, type Blobs } from '../ports/blobs.ts';
import { portErrorFrom, systemCode } from './system-errors.ts';

const PART = 65_536;
const UNFINISHED = /^\.part-/;

/** Makes the folder if need be, and removes what was left unfinished. Rejects with PortError. */
export async function openFileBlobs(init: { readonly folder: string }): Promise<Blobs> {
  try {
    await mkdir(init.folder, { recursive: true, mode: 0o700 });
    for (const name of await readdir(init.folder))
      if (UNFINISHED.test(name)) await rm(join(init.folder, name), { force: true });
  } catch (failure) {
    throw portErrorFrom(failure, `making the folder ${init.folder}`);
  }
  return new FileBlobs(init.folder);
}

class FileBlobs implements Blobs {
  readonly #folder: string;
  #writes = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async put(hash: string, parts: AsyncIterable<Uint8Array>, most: number): Promise<void> {
    const path = this.#path(hash);
    const unfinished = join(this.#folder, `.part-${this.#writes++}`);
    const digest = createHash('sha256');
    let length = 0;
    const file = await this.#tried('storing a blob', () => open(unfinished, 'wx', 0o600));
    try {
      try {
        for await (const part of parts) {
          length += part.length;
          if (length > most) throw new PortError('full', `a blob may have ${most} octets`);
          digest.update(part);
          await this.#tried('storing a blob', () => file.writeFile(part));
        }
        if (digest.digest('hex') !== hash)
          throw new PortError('invalid', 'the content of a blob is not what its name says');
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#tried('storing a blob', async () => {
        await mkdir(join(path, '..'), { recursive: true, mode: 0o700 });
        await rename(unfinished, path);
      });
    } catch (failure) {
      await rm(unfinished, { force: true });
      throw failure;
    }
  }

  async get(hash: string): Promise<AsyncIterable<Uint8Array> | undefined> {
    if ((await this.length(hash)) === undefined) return undefined;
    return createReadStream(this.#path(hash), { highWaterMark: PART });
  }

  async length(hash: string): Promise<number | undefined> {
    const path = this.#path(hash);
    try {
      return (await stat(path)).size;
    } catch (failure) {
      if (systemCode(failure) === 'ENOENT') return undefined;
      throw portErrorFrom(failure, `reading ${path}`);
    }
  }

  async remove(hash: string): Promise<void> {
    await this.#tried('removing a blob', () => rm(this.#path(hash), { force: true }));
  }

  #path(hash: string): string {
    if (!BLOB_HASH.test(hash)) throw new PortError('invalid', `"${hash}" is no SHA-256`);
    return join(this.#folder, hash.slice(0, 2), hash);
  }

  async #tried<T>(doing: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (failure) {
      throw portErrorFrom(failure, `${doing} in ${this.#folder}`);
    }
  }
}
