/**
 * Discovery for a member in a process of its own: the band's registry, at the other end of the IPC channel.
 *
 * Takes  what the registry found and named. Gives  announcements and browse wishes to it.
 */
import type {
  Announcement,
  Discovery,
  FoundService,
  ServiceAdvert,
  ServiceType,
} from '../../../runtime/ports/discovery.ts';
import type { FromMember, ToMember } from './member-messages.ts';

export interface RelayedDiscovery extends Discovery {
  take(message: Extract<ToMember, { kind: 'found' | 'announced' }>): void;
}

export function openRelayedDiscovery(send: (message: FromMember) => void): RelayedDiscovery {
  const found = new Map<ServiceType, readonly FoundService[]>();
  const listeners = new Map<ServiceType, Set<(found: readonly FoundService[]) => void>>();
  const named = new Map<number, (name: string) => void>();
  let ids = 0;
  return {
    async announce(advert: ServiceAdvert): Promise<Announcement> {
      const id = ++ids;
      const name = await new Promise<string>((resolve) => {
        named.set(id, resolve);
        send({ kind: 'announce', id, advert });
      });
      named.delete(id);
      return {
        name,
        update: async (txt) => send({ kind: 'update', id, txt }),
        [Symbol.asyncDispose]: async () => send({ kind: 'withdraw', id }),
      };
    },
    browse(type, listener) {
      const told = (services: readonly FoundService[]): void => listener(services);
      const all = listeners.get(type) ?? new Set();
      if (all.size === 0) send({ kind: 'browse', type });
      listeners.set(type, all.add(told));
      told(found.get(type) ?? []);
      return { [Symbol.dispose]: () => all.delete(told) };
    },
    take(message) {
      if (message.kind === 'announced') {
        named.get(message.id)?.(message.name);
        return;
      }
      found.set(message.type, message.services);
      for (const listener of listeners.get(message.type) ?? []) listener(message.services);
    },
    async [Symbol.asyncDispose]() {
      listeners.clear();
    },
  };
}
