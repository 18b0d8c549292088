/**
 * How many values this box has written to documents in its life: so that what it wrote later wins, whatever was lost.
 *
 * Takes  Storage, where the count lies under `session/writes`.
 * Gives  a number greater than any before, each time.
 * Keeps  a reserve: the stored number is ahead of what was given out, so that a power cut never brings one twice.
 */
import type { Log } from '../core/log.ts';
import type { Storage } from '../ports/storage.ts';
import { MAX_COUNT } from './client-id.ts';

export interface WriteCounter {
  /** Undefined: all numbers were given out. */
  next(): number | undefined;
  /** A number of this box was seen that it doesn't remember: later ones will be greater. */
  atLeast(count: number): void;
  /** Resolves once what was reserved is stored. */
  settled(): Promise<void>;
}

const KEY = 'session/writes';
/** A power cut loses so many numbers at most; a new reservation is made when half of them are given out. */
const RESERVE = 256;

/** Rejects with PortError when storage can't be read or written. */
export async function openWriteCounter(deps: {
  readonly storage: Storage;
  readonly log: Log;
}): Promise<WriteCounter> {
  const { storage, log } = deps;
  const stored = await storage.read(KEY);
  let next = stored ? readCount(stored) : 0;
  let reserved = 0;
  let work: Promise<void> = Promise.resolve();
  if (next === undefined) {
    // What was given out is in the documents of others: it is taken up from there (`atLeast`).
    log.warn('the count of what this box wrote could not be read; it begins anew');
    next = 0;
  }

  const reserve = (): Promise<void> => {
    reserved = Math.min((next ?? 0) + RESERVE, MAX_COUNT + 1);
    const text = JSON.stringify({ version: 1, next: reserved });
    return storage.write(KEY, new TextEncoder().encode(text));
  };
  const reserveSoon = (): void => {
    if ((next ?? 0) <= reserved - RESERVE / 2 || reserved > MAX_COUNT) return;
    work = reserve().catch((failure: unknown) =>
      log.warn('the count of what this box wrote could not be stored', { reason: String(failure) }),
    );
  };
  await reserve();

  return {
    next() {
      if (next === undefined || next > MAX_COUNT) return undefined;
      const given = next++;
      reserveSoon();
      return given;
    },
    atLeast(count) {
      next = Math.max(next ?? 0, Math.min(count, MAX_COUNT + 1));
      reserveSoon();
    },
    settled: () => work,
  };
}

function readCount(bytes: Uint8Array): number | undefined {
  try {
    const { version, next } = JSON.parse(new TextDecoder().decode(bytes)) as Record<
      string,
      unknown
    >;
    const sound = version === 1 && Number.isInteger(next) && (next as number) >= 0;
    return sound ? (next as number) : undefined;
  } catch {
    return undefined;
  }
}
