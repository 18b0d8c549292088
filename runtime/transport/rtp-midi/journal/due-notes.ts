/**
 * Which keys Chapters N and E speak of: those that were struck or let go since the checkpoint; and to a receiver that has
 * said nothing yet, those as well that sound since before, so that it counts NoteOns as the sender does.
 *
 * Spec   RFC 6295 appendices A.6, A.7 and C.2.2.2 (a receiver that joins late).
 */
import type { ChannelState } from './channel-state.ts';
import type { JournalView } from './chapter.ts';

/** Neither this key nor one whose newest command is older is in the journal. */
export function areNoMoreDue({ notes }: ChannelState, view: JournalView, key: number): boolean {
  const stamp = notes.stamps[key] as number;
  return stamp <= view.confirmed && stamp <= (view.sounding ?? view.confirmed);
}

/** By the checkpoint, or because it sounds: a synthesizer that counts NoteOns may hear it after a NoteOff too. */
export function isNoteDue(state: ChannelState, view: JournalView, key: number): boolean {
  if ((state.notes.stamps[key] as number) > view.confirmed) return true;
  return state.velocities[key] !== 0 || state.references[key] !== 0;
}
