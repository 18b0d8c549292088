/** Store in memory. What has expired is passed over when it is met, and dropped. */
import { PortError } from '../runtime/core/errors.ts';
import { toMillis, type WallTime } from '../runtime/core/time.ts';
import type { WallClock } from '../runtime/ports/clock.ts';
import { MAX_STORED, STORE_KEY, type Store, type StoredEntry } from '../runtime/ports/store.ts';

interface Held extends StoredEntry {
  readonly until: WallTime | undefined;
}

export function openMemoryStore(deps: { readonly clock: WallClock }): Store {
  const held = new Map<string, Held>();
  let lastRevision = 0;
  const check = (key: string): void => {
    if (!STORE_KEY.test(key)) throw new PortError('invalid', `"${key}" is no key of a store`);
  };
  const live = (key: string): Held | undefined => {
    const entry = held.get(key);
    if (entry?.until === undefined || entry.until > deps.clock.wallNow()) return entry;
    held.delete(key);
    return undefined;
  };
  const copy = ({ key, value, revision }: Held): StoredEntry => ({
    key,
    value: value.slice(),
    revision,
  });
  return {
    async get(key) {
      check(key);
      const entry = live(key);
      return entry && { value: entry.value.slice(), revision: entry.revision };
    },
    async put(key, value, init = {}) {
      check(key);
      if (value.length > MAX_STORED) throw new PortError('invalid', 'a value is too long to store');
      if (init.revision !== undefined && init.revision !== (live(key)?.revision ?? 0))
        return undefined;
      const revision = ++lastRevision;
      const until =
        init.lasts === undefined
          ? undefined
          : ((deps.clock.wallNow() + toMillis(init.lasts)) as WallTime);
      held.set(key, { key, value: value.slice(), revision, until });
      return revision;
    },
    async remove(key, revision) {
      check(key);
      const entry = live(key);
      if (!entry || (revision !== undefined && revision !== entry.revision)) return false;
      return held.delete(key);
    },
    async list(prefix, { limit = 1_000, after = '' } = {}) {
      return [...held.keys()]
        .filter((key) => key.startsWith(prefix) && key > after)
        .sort()
        .flatMap((key) => live(key) ?? [])
        .slice(0, limit)
        .map(copy);
    },
  };
}
