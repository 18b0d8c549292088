/**
 * A box's session in the page's words. Pure but for reading.
 */
import { lockState } from '../../runtime/box/panel-facts.ts';
import type { Box } from '../../runtime/compose.ts';
import type { EnsembleContext } from '../../runtime/core/ensemble.ts';
import type { EnsembleTime, Instant } from '../../runtime/core/time.ts';
import { timeOfBeat } from '../../runtime/timeline/timeline.ts';
import type { SimSession } from './protocol.ts';

/** `origin` is 0 on the simulator's timeline. */
export function simSession(
  { ensembleClock: clock, rtp, peers }: Box,
  context: EnsembleContext,
  origin: Instant,
): SimSession {
  const { name, host, locked, mode, timeline, playing, song, participants } = context;
  const here = (time: EnsembleTime): number | null =>
    clock.synced ? (clock.toLocal(time) - origin) / 1_000 : null;
  return {
    ...{ name, host, locked, mode, playing },
    lock: lockState(
      context,
      rtp.peers.some(({ ssrc }) => !peers.isBox(ssrc)),
    ),
    bpm: timeline.bpm,
    beatsPerBar: timeline.beatsPerBar,
    origin: here(timeline.origin),
    songAt: song ? here(timeOfBeat(timeline, song.start)) : null,
    participants: participants.map(({ id, name, instrument, role, connected, muted, route }) => ({
      id,
      name,
      instrument,
      role: role ?? null,
      connected,
      muted,
      route: route ?? null,
    })),
  };
}
