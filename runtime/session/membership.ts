/**
 * Who is there, and who keeps the session's time: from the links that the boxes tell of.
 *
 * Takes  what the documents say and which links this box has.
 * Gives  the boxes within reach, the host, and whose duty it is to take over. Pure: the same for everybody who sees the
 *        same documents.
 */
import type { BoxId } from '../core/ensemble.ts';
import type { BootedBox, ClockReference } from './control-document.ts';
import type { ParticipantEntry } from './participants-document.ts';

export interface View {
  readonly self: BootedBox;
  /** Boxes that this one has a link to. */
  readonly linked: ReadonlySet<BoxId>;
  readonly entries: ReadonlyMap<BoxId, ParticipantEntry>;
  /** Boxes out of reach for a moment only: nobody takes their place yet. */
  readonly excused: ReadonlySet<BoxId>;
  readonly host: BootedBox | undefined;
  readonly reference: ClockReference | undefined;
}

export interface Standing {
  /** By links, over as many boxes as it takes; self included. */
  readonly within: ReadonlySet<BoxId>;
  readonly host: BoxId;
  /** The host of the documents is gone, or was restarted: `host` is to take its place there. */
  readonly hostVacant: boolean;
  /** The reference is gone, or was restarted: `keeper` is to take its place. */
  readonly referenceVacant: boolean;
  readonly keeper: BoxId;
}

export function standing(view: View): Standing {
  const within = withinReach(view);
  const candidates = [...within].sort();
  const keepers = candidates.filter((id) => view.entries.get(id)?.keepsTime === true);
  // Nobody has the session's time any more: it begins anew with the first by id.
  const successor = keepers[0] ?? candidates[0] ?? view.self.box;

  const hostVacant = !holds(view, within, view.host);
  const host = hostVacant || !view.host ? successor : view.host.box;
  const referenceVacant = !holds(view, within, view.reference);
  const hostKeepsTime = keepers.includes(host) || keepers.length === 0;
  return { within, host, hostVacant, referenceVacant, keeper: hostKeepsTime ? host : successor };
}

/** Whether that box still fills its place: it is there, or excused, and was not restarted since. */
function holds(view: View, within: ReadonlySet<BoxId>, place: BootedBox | undefined): boolean {
  if (!place) return false;
  if (place.box === view.self.box) return place.boot === view.self.boot;
  const entry = view.entries.get(place.box);
  if (!entry?.present || entry.boot !== place.boot) return false;
  return within.has(place.box) || view.excused.has(place.box);
}

function withinReach({ self, linked, entries }: View): ReadonlySet<BoxId> {
  const within = new Set<BoxId>([self.box]);
  const open: BoxId[] = [];
  const reach = (id: BoxId): void => {
    if (within.has(id) || entries.get(id)?.present !== true) return;
    within.add(id);
    open.push(id);
  };
  for (const id of linked) reach(id);
  for (let id = open.pop(); id !== undefined; id = open.pop()) {
    for (const next of entries.get(id)?.links ?? []) reach(next);
  }
  return within;
}
