/**
 * The EnsembleContext: an immutable snapshot of the session for those who play in it.
 *
 * Takes  the documents' state, who is within reach, and this box's own statistics.
 * Gives  a frozen snapshot. Pure. Nobody asks the documents while playing.
 */
import type {
  BoxId,
  EnsembleContext,
  LinkStats,
  Participant,
  ParticipantRoute,
  RemovedBox,
  SessionId,
} from '../core/ensemble.ts';
import type { ControlState } from './control-document.ts';
import type { ParticipantEntry } from './participants-document.ts';

export interface EnsembleFacts {
  readonly session: SessionId;
  /** The session's name as long as the document has none. */
  readonly knownAs: string;
  readonly self: BoxId;
  readonly host: BoxId;
  readonly control: ControlState;
  readonly entries: ReadonlyMap<BoxId, ParticipantEntry>;
  /** Boxes to be listed besides self. */
  readonly listed: ReadonlySet<BoxId>;
  /** By which way each box with a link is reached. */
  readonly linked: ReadonlyMap<BoxId, ParticipantRoute>;
  readonly stats: ReadonlyMap<BoxId, LinkStats>;
}

export function ensembleContext(facts: EnsembleFacts): EnsembleContext {
  const { control, self } = facts;
  const ids = [...facts.listed].filter((id) => id !== self).sort();
  const participants = [self, ...ids].flatMap((id): Participant[] => {
    const entry = facts.entries.get(id);
    return entry ? [Object.freeze(participant(id, entry, facts))] : [];
  });
  return Object.freeze({
    session: facts.session,
    name: control.name ?? facts.knownAs,
    host: facts.host,
    mode: control.mode,
    timeline: Object.freeze({ ...control.timeline }),
    playing: control.song !== undefined && control.song.end === undefined,
    ...(control.song ? { song: Object.freeze({ ...control.song }) } : {}),
    locked: control.locked,
    removed: Object.freeze(control.removed.map((id) => Object.freeze(removedBox(id, facts)))),
    participants: Object.freeze(participants),
  });
}

const removedBox = (id: BoxId, { entries }: EnsembleFacts): RemovedBox => ({
  id,
  name: entries.get(id)?.name || id.slice(0, 8),
});

const participant = (id: BoxId, entry: ParticipantEntry, facts: EnsembleFacts): Participant => ({
  id,
  name: entry.name,
  instrument: entry.instrument,
  role: entry.role ?? undefined,
  roleByHand: entry.roleByHand,
  self: id === facts.self,
  connected: id === facts.self || facts.linked.has(id),
  muted: facts.control.muted.includes(id),
  carryOn: entry.carryOn,
  route: facts.linked.get(id),
  stats: facts.stats.get(id),
});
