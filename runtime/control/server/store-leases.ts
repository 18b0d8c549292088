/**
 * Leases over a Store: whoever writes the key first has it, until the key expires.
 *
 * Takes  a Store, whose compare-and-set decides; so it holds among as many servers as share that.
 * Keeps  nothing but what the store keeps.
 */
import type { Micros } from '../../core/time.ts';
import type { Lease, Leases } from '../../ports/leases.ts';
import type { Store } from '../../ports/store.ts';

const HELD = Uint8Array.of(1);

export function openStoreLeases(store: Store): Leases {
  return {
    async take(name, lasts) {
      const revision = await store.put(`lease/${name}`, HELD, { revision: 0, lasts });
      return revision === undefined ? undefined : leaseOf(store, `lease/${name}`, lasts, revision);
    },
  };
}

function leaseOf(store: Store, key: string, lasts: Micros, taken: number): Lease {
  let revision: number | undefined = taken;
  return {
    async renew() {
      if (revision === undefined) return false;
      revision = await store.put(key, HELD, { revision, lasts });
      return revision !== undefined;
    },
    async [Symbol.asyncDispose]() {
      const held = revision;
      revision = undefined;
      if (held !== undefined) await store.remove(key, held);
    },
  };
}
