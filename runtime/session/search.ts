/**
 * Looks for sessions on the local network, as long as it is open.
 *
 * Takes  what discovery finds.
 * Gives  the sessions there are, and where their members are.
 */
import type { BoxId, SessionId } from '../core/ensemble.ts';
import { Listeners } from '../core/listeners.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { Discovery } from '../ports/discovery.ts';
import { sameValue } from './equality.ts';
import { type FoundMember, foundMembers, foundSessions } from './found-sessions.ts';
import type { FoundSession } from './session.ts';

export interface Search extends Disposable {
  /** Members of all sessions that announce themselves, this box among them. */
  readonly members: readonly FoundMember[];
  readonly found: readonly FoundSession[];
  onFound(listener: (found: readonly FoundSession[]) => void): Disposable;
  /** Where members of that session take links, without this box. */
  placesOf(session: SessionId): readonly NetAddress[];
}

export function openSearch(
  deps: { readonly discovery: Discovery },
  init: { readonly self: BoxId },
): Search {
  const listeners = new Listeners<[found: readonly FoundSession[]]>();
  let members: readonly FoundMember[] = [];
  let found: readonly FoundSession[] = [];
  const browsing = deps.discovery.browse('_jam-togthr._tcp', (services) => {
    const heard = foundMembers(services);
    if (sameValue(heard, members)) return;
    members = heard;
    found = foundSessions(members.filter(({ box }) => box !== init.self));
    listeners.emit(found);
  });
  return {
    get members() {
      return members;
    },
    get found() {
      return found;
    },
    onFound: (listener) => listeners.add(listener),
    placesOf: (session) =>
      members
        .filter((member) => member.session === session && member.box !== init.self)
        .flatMap(({ addresses, port }) => addresses.map((host) => ({ host, port }))),
    [Symbol.dispose]: () => browsing[Symbol.dispose](),
  };
}
