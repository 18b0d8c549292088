/**
 * Where music can begin with a session's click. Pure.
 */
import type { SimSession } from './protocol.ts';

/** Tempos that differ by less are the same (quarter notes a minute). */
const SAME_TEMPO = 0.05;

/**
 * The first bar line from `earliest` on, in milliseconds; undefined while the session does not play at `bpm`, or its clocks
 * are not synchronized.
 */
export function barLineAfter(
  session: SimSession | undefined,
  bpm: number,
  earliest: number,
): number | undefined {
  if (!session?.playing || Math.abs(session.bpm - bpm) > SAME_TEMPO) return undefined;
  const { origin, songAt, beatsPerBar } = session;
  if (origin === null || songAt === null) return undefined;
  const bar = (60_000 / session.bpm) * beatsPerBar;
  const from = Math.max(earliest, songAt);
  return origin + Math.ceil((from - origin) / bar - 1e-6) * bar;
}
