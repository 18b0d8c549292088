/**
 * Presence: which connection a box has, if any.
 *
 * Takes  connections that signed in, and that they still stand.
 * Gives  whether a box is online, to any server over the same store.
 * Keeps  `presence/BOX` with the connection's name; it runs out by itself when a server dies.
 */
import type { BoxId } from '../../core/ensemble.ts';
import { fromSeconds, type Micros } from '../../core/time.ts';
import type { Store } from '../../ports/store.ts';

/** Renewed this often, and believed for three times as long. */
export const RENEW_EVERY: Micros = fromSeconds(20);
const LASTS = fromSeconds(60);

export interface Presence {
  isOnline(box: BoxId): Promise<boolean>;
  /** From now on that connection is the box's; an earlier one is told through the Bus by who calls this. */
  enter(box: BoxId, connection: string): Promise<Present>;
}

export interface Present extends AsyncDisposable {
  /** False: another connection took its place. */
  renew(): Promise<boolean>;
}

export function openPresence(store: Store): Presence {
  return {
    async isOnline(box) {
      return (await store.get(`presence/${box}`)) !== undefined;
    },
    async enter(box, connection) {
      const key = `presence/${box}`;
      const value = new TextEncoder().encode(connection);
      let revision = await store.put(key, value, { lasts: LASTS });
      return {
        async renew() {
          if (revision === undefined) return false;
          revision = await store.put(key, value, { lasts: LASTS, revision });
          return revision !== undefined;
        },
        async [Symbol.asyncDispose]() {
          const held = revision;
          revision = undefined;
          if (held !== undefined) await store.remove(key, held);
        },
      };
    },
  };
}
