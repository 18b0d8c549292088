/**
 * Who links with whom: everybody with everybody up to a measured size; beyond it, everybody with two boxes that pass
 * packets on.
 *
 * Takes  what the boxes within reach say of themselves. Gives the boxes that forward, whom this one is to be linked with,
 *        and by whom those are reached that it has no link with. Pure: the same for everybody who sees the same documents.
 *
 * Every box says whom it goes by (`forwarders`), and whoever most of them go by stays: so nothing changes because another
 * would be a little better, and boxes that disagreed for a moment come to agree. The first of the two is used, the second
 * is the spare: all have a link with it, too.
 */
import type { BoxId } from '../core/ensemble.ts';
import type { ParticipantEntry } from './participants-document.ts';

/** Boxes that a full mesh carries: measured, `make bench-session`. */
const MESH_LIMIT = 16;
/** Boxes that a session takes: as many as were measured to play together, by the same bench. */
export const SESSION_LIMIT = 32;
/** A star goes back to a mesh when it is so many smaller: who comes and goes does not turn everything over. */
const RETURN = 2;
/** Beyond the spare one. */
const FORWARDERS = 2;
/** Of its packets, as its listeners tell in the median: a box that loses more than that is not chosen, or not kept. */
const LOSS_TO_BEGIN = 0.02;
const LOSS_TO_STAY = 0.08;
/** Round trips within one such step, in microseconds, are alike: only what players would notice counts. */
const RTT_STEP = 10_000;
/** Who forwards stays unless it is so many steps further away than the nearest: it was cut off, and is back by a detour. */
const FAR_TO_STAY = 5;

export interface TopologyView {
  /** This box, and those within its reach. */
  readonly within: ReadonlySet<BoxId>;
  readonly entries: ReadonlyMap<BoxId, ParticipantEntry>;
  readonly host: BoxId;
}

/** Who passes packets on, best first; none: everybody is linked with everybody. */
export function forwardersOf(view: TopologyView, meshLimit: number = MESH_LIMIT): readonly BoxId[] {
  const members = [...view.within].filter((id) => view.entries.get(id)?.present === true).sort();
  const going = members.filter((id) => (view.entries.get(id)?.forwarders.length ?? 0) > 0);
  const forwardsNow = 2 * going.length > members.length;
  if (members.length <= (forwardsNow ? meshLimit - RETURN : meshLimit)) return [];
  const votes = countVotes(members, view.entries);
  const candidates = members.map((id) => standingOf(id, members, view, votes.get(id) ?? 0));
  const nearest = Math.min(...candidates.map(({ far }) => far));
  return candidates
    .map((each) => ({ ...each, fit: each.fit && each.far <= nearest + FAR_TO_STAY }))
    .sort(better)
    .slice(0, FORWARDERS)
    .map(({ id }) => id);
}

export interface Neighbours {
  readonly self: BoxId;
  readonly forwarders: readonly BoxId[];
  readonly entries: ReadonlyMap<BoxId, ParticipantEntry>;
}

/** Those whom both that box and this one are linked with: they pass packets on between the two. */
export function forwardersBetween(
  box: BoxId,
  { forwarders, entries }: Neighbours,
  linked: ReadonlySet<BoxId>,
): readonly BoxId[] {
  return forwarders.filter(
    (id) => id !== box && linked.has(id) && entries.get(id)?.links.includes(box) === true,
  );
}

/** Whether a link is the only way to that box, or one that others are reached by. */
export function needsLink(box: BoxId, { self, forwarders, entries }: Neighbours): boolean {
  if (forwarders.length === 0 || forwarders.includes(self) || forwarders.includes(box)) return true;
  const reaches = (by: BoxId, id: BoxId): boolean => entries.get(by)?.links.includes(id) === true;
  return !forwarders.some((by) => reaches(by, box) && reaches(by, self));
}

interface Candidate {
  readonly id: BoxId;
  readonly votes: number;
  readonly fit: boolean;
  /** Members that have a link with it. */
  readonly links: number;
  /** Median round trip to it, in steps. */
  readonly far: number;
  readonly hosts: boolean;
  readonly joined: number;
}

/** Two for the first place, one for the second. */
function countVotes(
  members: readonly BoxId[],
  entries: ReadonlyMap<BoxId, ParticipantEntry>,
): ReadonlyMap<BoxId, number> {
  const votes = new Map<BoxId, number>();
  for (const member of members) {
    const [first, second] = entries.get(member)?.forwarders ?? [];
    if (first !== undefined) votes.set(first, (votes.get(first) ?? 0) + 2);
    if (second !== undefined) votes.set(second, (votes.get(second) ?? 0) + 1);
  }
  return votes;
}

function standingOf(
  id: BoxId,
  members: readonly BoxId[],
  { entries, host }: TopologyView,
  votes: number,
): Candidate {
  const own = entries.get(id);
  let links = 0;
  const losses: number[] = [];
  const trips: number[] = [];
  for (const other of members) {
    if (other === id) continue;
    const entry = entries.get(other);
    if (entry?.links.includes(id) && own?.links.includes(other)) links++;
    const told = entry?.stats[id];
    if (!told) continue;
    losses.push(told.loss);
    if (told.rtt !== undefined) trips.push(told.rtt);
  }
  return {
    id,
    votes,
    fit: median(losses) <= (votes > 0 ? LOSS_TO_STAY : LOSS_TO_BEGIN),
    links,
    far: Math.floor(median(trips) / RTT_STEP),
    hosts: id === host,
    joined: own?.joined ?? Number.POSITIVE_INFINITY,
  };
}

/** Who is linked with one box less than another may just have been told of it later. */
const ALIKE = 2;

function better(a: Candidate, b: Candidate): number {
  if (a.fit !== b.fit) return a.fit ? -1 : 1;
  if (a.votes !== b.votes) return b.votes - a.votes;
  const links = Math.floor(b.links / ALIKE) - Math.floor(a.links / ALIKE);
  if (links !== 0) return links;
  if (a.far !== b.far) return a.far - b.far;
  // It is the one whom all know how to reach.
  if (a.hosts !== b.hosts) return a.hosts ? -1 : 1;
  return a.joined - b.joined || (a.id < b.id ? -1 : 1);
}

function median(values: number[]): number {
  values.sort((a, b) => a - b);
  return values[Math.floor(values.length / 2)] ?? 0;
}
