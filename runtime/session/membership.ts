/**
 * Who is there, who hosts, and who keeps the session's time: from the links and words of the boxes. FORMAT.md,
 * "authority".
 *
 * Takes  what the documents say and which links this box has.
 * Gives  the boxes within reach, the host, and whose duty it is to take over. Pure: the same for everybody who sees the
 *        same documents.
 */
import type { BoxId } from '../core/ensemble.ts';
import { type Authority, type ControlRegisters, type Hosting, saidByHost } from './authority.ts';
import type { BootedBox, ClockReference } from './control-values.ts';
import type { ParticipantEntry } from './participants-document.ts';

export interface View {
  readonly self: BootedBox;
  /** Boxes that this one has a link to. */
  readonly linked: ReadonlySet<BoxId>;
  readonly entries: ReadonlyMap<BoxId, ParticipantEntry>;
  /** Boxes out of reach for a moment only: nobody takes their place yet. */
  readonly excused: ReadonlySet<BoxId>;
  readonly registers: ControlRegisters;
  /** Hosts by right, the present one last; none: nobody knows who made the session. */
  readonly chain: readonly Hosting[];
}

export interface Standing {
  /** By links, over as many boxes as it takes; self included. */
  readonly within: ReadonlySet<BoxId>;
  readonly host: BoxId;
  /** Nobody has said yet that `host` hosts: it is to stand in for the one that is away. */
  readonly hostVacant: boolean;
  /** The reference is gone, or was restarted: `keeper` is to take its place. */
  readonly referenceVacant: boolean;
  readonly keeper: BoxId;
  /** Whose word counts. */
  readonly authority: Authority;
}

export function standing(view: View): Standing {
  const within = withinReach(view);
  const candidates = [...within].sort();
  const keepers = candidates.filter((id) => view.entries.get(id)?.keepsTime === true);
  const standIn = firstToStandIn(view, candidates);
  const byRight = view.chain.at(-1)?.box;
  const rightful = byRight !== undefined && isThere(view, within, byRight) ? byRight : undefined;
  // Nobody has the session's time any more: it begins anew with the first by id.
  const host = rightful ?? standIn ?? keepers[0] ?? candidates[0] ?? view.self.box;
  const hosts =
    host === byRight ? view.chain : [...view.chain, { box: host, until: Number.POSITIVE_INFINITY }];

  const keeper =
    keepers.includes(host) || keepers.length === 0 ? host : (keepers[0] ?? view.self.box);
  const named = saidByHost(view.registers, hosts, 'reference')?.value;
  const offered = view.registers.get(keeper)?.reference?.value;
  const reference = [named, offered?.box === keeper ? offered : undefined].find((one) =>
    holds(view, within, one),
  );
  return {
    within,
    host,
    hostVacant: rightful === undefined && standIn === undefined,
    referenceVacant: reference === undefined,
    keeper,
    // Until somebody takes its place, time goes on by what was last.
    authority: { hosts, reference: reference ?? named },
  };
}

/** The box that has stood in for the host for the longest time, of those that are there. */
function firstToStandIn(view: View, candidates: readonly BoxId[]): BoxId | undefined {
  let first: { readonly box: BoxId; readonly stamp: number } | undefined;
  for (const box of candidates) {
    const standsIn = view.registers.get(box)?.standsIn;
    if (!standsIn?.value || (first && first.stamp <= standsIn.stamp)) continue;
    first = { box, stamp: standsIn.stamp };
  }
  return first?.box;
}

function isThere(view: View, within: ReadonlySet<BoxId>, box: BoxId): boolean {
  if (box === view.self.box) return true;
  return view.entries.get(box)?.present === true && (within.has(box) || view.excused.has(box));
}

/** Whether that box still gives the session its time: it is there, or excused, and was not restarted since. */
function holds(
  view: View,
  within: ReadonlySet<BoxId>,
  reference: ClockReference | undefined,
): boolean {
  if (!reference) return false;
  if (reference.box === view.self.box) return reference.boot === view.self.boot;
  if (view.entries.get(reference.box)?.boot !== reference.boot) return false;
  return isThere(view, within, reference.box);
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

/** Of a box that was restarted and has not entered again, what the documents say is not true any more. */
export const linkedNow = (
  links: ReadonlyMap<BoxId, { readonly peer: { readonly boot: number } }>,
  entries: ReadonlyMap<BoxId, ParticipantEntry>,
): ReadonlySet<BoxId> =>
  new Set(
    [...links].filter(([id, { peer }]) => entries.get(id)?.boot === peer.boot).map(([id]) => id),
  );
