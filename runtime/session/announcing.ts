/**
 * Tells of the present session where others look for one: on the local network, and with the control plane.
 *
 * Takes  each snapshot of the session.
 * Gives  the announcement of this box, and what the directory says; the latter only when it has changed.
 */
import type { ControlPlane, DirectoryEntry } from '../control/control-plane.ts';
import type { BoxId, EnsembleContext } from '../core/ensemble.ts';
import type { Announcer } from './announcer.ts';
import { sameValue } from './equality.ts';
import { memberAdvert } from './found-sessions.ts';

export interface Announcing {
  tell(context: EnsembleContext, self: { readonly name: string; readonly port: number }): void;
  /** In no session any more. */
  stop(): void;
}

export function openAnnouncing(
  deps: { readonly announcer: Announcer; readonly controlPlane: ControlPlane | undefined },
  init: { readonly box: BoxId },
): Announcing {
  const { announcer, controlPlane } = deps;
  const { box } = init;
  let published: DirectoryEntry | undefined;
  return {
    tell(context, self) {
      const { session, name, timeline, host } = context;
      const tempo = timeline.bpm;
      const participants = context.participants.length;
      announcer.set(
        memberAdvert({
          ...{ box, boxName: self.name, port: self.port },
          ...{ session, name, tempo, participants },
          hosts: host === box,
        }),
      );
      const there = context.participants.filter(({ connected }) => connected);
      const entry: DirectoryEntry = {
        ...{ session, name, host, tempo, participants },
        hostName: there.find(({ id }) => id === host)?.name ?? self.name,
        members: [host, ...there.map(({ id }) => id).filter((id) => id !== host)],
      };
      if (sameValue(entry, published)) return;
      published = entry;
      controlPlane?.publish(entry);
    },
    stop() {
      announcer.set(undefined);
      published = undefined;
      controlPlane?.publish(undefined);
    },
  };
}
