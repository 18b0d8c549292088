/**
 * The session directory. It is never listed: an entry is found by who knows its session.
 *
 * Takes  entries from members, as long as their connections stand.
 * Gives  one entry for a session, put together from what its members say.
 * Keeps  `directory/SESSION/BOX`, which runs out by itself.
 *
 * Anyone who knows a session's id may publish under it, and the server can't tell who is a member: so one entry never
 * displaces another. The host that most of them name is given, and all their members that are online; who is none of them
 * fails to prove it to the box that dials.
 */
import type { z } from 'zod';
import type { BoxId, SessionId } from '../../core/ensemble.ts';
import { fromSeconds } from '../../core/time.ts';
import type { Store } from '../../ports/store.ts';
import type { DirectoryEntry } from '../control-plane.ts';
import { ENTRY_SCHEMA, MAX_MEMBERS } from '../message-codec.ts';
import type { Presence } from './presence.ts';
import { fromStored, toStored } from './stored-json.ts';

const LASTS = fromSeconds(60);
const MOST_ENTRIES = 64;

export interface Directory {
  publish(box: BoxId, entry: DirectoryEntry): Promise<Published>;
  find(session: SessionId): Promise<DirectoryEntry | undefined>;
}

/** Disposing withdraws it. */
export interface Published extends AsyncDisposable {
  readonly entry: DirectoryEntry;
  renew(): Promise<void>;
}

export function openDirectory(deps: {
  readonly store: Store;
  readonly presence: Presence;
}): Directory {
  const { store, presence } = deps;
  const schema: z.ZodType<DirectoryEntry> = ENTRY_SCHEMA;
  return {
    async publish(box, entry) {
      const key = `directory/${entry.session}/${box}`;
      const value = toStored(entry);
      let revision = await store.put(key, value, { lasts: LASTS });
      return {
        entry,
        async renew() {
          if (revision !== undefined)
            revision = await store.put(key, value, { lasts: LASTS, revision });
        },
        async [Symbol.asyncDispose]() {
          const held = revision;
          revision = undefined;
          if (held !== undefined) await store.remove(key, held);
        },
      };
    },
    async find(session) {
      const said = await store.list(`directory/${session}/`, { limit: MOST_ENTRIES });
      const entries = said.flatMap(({ value }) => fromStored(schema, value) ?? []);
      const entry = mostNamed(entries);
      if (!entry) return undefined;
      const named = [entry.host, ...entries.flatMap(({ members }) => members)];
      const members: BoxId[] = [];
      for (const box of new Set(named))
        if (members.length < MAX_MEMBERS && (await presence.isOnline(box))) members.push(box);
      return members.length === 0 ? undefined : { ...entry, members };
    },
  };
}

/** Of the host that most name; of several such the one published first by key, so that all servers say the same. */
function mostNamed(entries: readonly DirectoryEntry[]): DirectoryEntry | undefined {
  const votes = new Map<BoxId, number>();
  for (const { host } of entries) votes.set(host, (votes.get(host) ?? 0) + 1);
  let best: DirectoryEntry | undefined;
  for (const entry of entries)
    if (!best || (votes.get(entry.host) ?? 0) > (votes.get(best.host) ?? 0)) best = entry;
  return best;
}
