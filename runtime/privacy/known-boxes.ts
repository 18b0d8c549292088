/**
 * Boxes that this one has met: their public keys, pinned at the first contact.
 *
 * Takes  boxes that were let in by code or invitation, or that let this one in.
 * Gives  whether a box is known, and whether its name is another one's.
 * Keeps  at most 256 in Storage under `privacy/known-boxes`; whoever was met longest ago gives way.
 * Lane   4. Asked without waiting: the list is in memory, and written behind.
 */
import { z } from 'zod';
import type { BoxId } from '../core/ensemble.ts';
import { Listeners } from '../core/listeners.ts';
import type { Log } from '../core/log.ts';
import type { WallTime } from '../core/time.ts';
import type { WallClock } from '../ports/clock.ts';
import type { Storage } from '../ports/storage.ts';
import { decodeBase64Url, encodeBase64Url } from './base64url.ts';
import { boxIdOf, PUBLIC_KEY_OCTETS } from './identity.ts';

export interface KnownBox {
  readonly box: BoxId;
  readonly publicKey: Uint8Array;
  /** As it called itself when it was met last. */
  readonly name: string;
  readonly since: WallTime;
  readonly metAt: WallTime;
}

export interface KnownBoxes extends AsyncDisposable {
  /** Those met last first. */
  readonly all: readonly KnownBox[];
  onChange(listener: () => void): Disposable;
  isKnown(box: BoxId): boolean;
  /** Another box than this one is known by that name. */
  isNameOfAnother(name: string, box: BoxId): boolean;
  /** Pins the key, if it is new, and notes that its box was met just now. */
  meet(publicKey: Uint8Array, name: string): void;
  /** As if it had never been met: it has to be let in again. */
  forget(box: BoxId): void;
}

const KEY = 'privacy/known-boxes';
const MAX_KNOWN = 256;
const MAX_NAME = 64;

const TIME = z.number().min(0).max(8_640_000_000_000_000);
const STORED = z.object({
  version: z.literal(1),
  boxes: z
    .array(
      z.object({
        key: z.string().max(64),
        name: z.string().max(MAX_NAME),
        since: TIME,
        metAt: TIME,
      }),
    )
    .max(MAX_KNOWN),
});

/** Rejects with PortError when storage can't be read. A list that can't be read counts as empty, and is said in the log. */
export async function openKnownBoxes(deps: {
  readonly storage: Storage;
  readonly wallClock: WallClock;
  readonly log: Log;
}): Promise<KnownBoxes> {
  const { storage, wallClock, log } = deps;
  const changes = new Listeners<[]>();
  const stored = await storage.read(KEY);
  let boxes = stored ? parse(stored) : [];
  if (!boxes) {
    log.warn('the list of known boxes could not be read: they have to be let in again');
    boxes = [];
  }
  /** Oldest first. */
  const known = new Map<BoxId, KnownBox>(boxes.map((box) => [box.box, box]));
  let writing: Promise<void> = Promise.resolve();

  const changed = (): void => {
    const text = JSON.stringify({
      version: 1,
      boxes: [...known.values()].map(({ publicKey, name, since, metAt }) => ({
        key: encodeBase64Url(publicKey),
        name,
        since,
        metAt,
      })),
    });
    writing = storage
      .write(KEY, new TextEncoder().encode(text))
      .catch((failure: unknown) =>
        log.warn('the list of known boxes was not stored', { reason: String(failure) }),
      );
    changes.emit();
  };

  return {
    get all() {
      return [...known.values()].reverse();
    },
    onChange: (listener) => changes.add(listener),
    isKnown: (box) => known.has(box),
    isNameOfAnother(name, box) {
      const wanted = comparable(name);
      if (wanted === '') return false;
      for (const other of known.values()) {
        if (other.box !== box && comparable(other.name) === wanted) return true;
      }
      return false;
    },
    meet(publicKey, name) {
      const box = boxIdOf(publicKey);
      const metAt = wallClock.wallNow();
      const since = known.get(box)?.since ?? metAt;
      known.delete(box);
      known.set(box, {
        box,
        publicKey: publicKey.slice(),
        name: name.slice(0, MAX_NAME),
        since,
        metAt,
      });
      const [oldest] = known.keys();
      if (known.size > MAX_KNOWN && oldest !== undefined) known.delete(oldest);
      changed();
    },
    forget(box) {
      if (known.delete(box)) changed();
    },
    async [Symbol.asyncDispose]() {
      changes.clear();
      await writing;
    },
  };
}

/** Names that people would take for the same. */
const comparable = (name: string): string =>
  name.normalize('NFKC').toLowerCase().replace(/\s+/g, ' ').trim();

function parse(bytes: Uint8Array): KnownBox[] | undefined {
  try {
    const { boxes } = STORED.parse(JSON.parse(new TextDecoder().decode(bytes)));
    return boxes.flatMap(({ key, name, since, metAt }) => {
      const publicKey = decodeBase64Url(key, PUBLIC_KEY_OCTETS);
      if (!publicKey) return [];
      const box = boxIdOf(publicKey);
      return [{ box, publicKey, name, since: since as WallTime, metAt: metAt as WallTime }];
    });
  } catch {
    return undefined;
  }
}
