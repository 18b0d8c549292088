/**
 * A click that follows annotated beats, as one that somebody taps: a tempo change wherever the tempo is another.
 */
import type { PieceClick, TempoChange } from './piece.ts';

export interface AnnotatedBeat {
  /** Seconds. */
  readonly time: number;
  /** Beats from a bar line, which is beat 0; rising by one. */
  readonly beat: number;
}

/** A beat may be off the even click by as much before the click follows it. */
const TOLERANCE = 0.0015;

export function clickFromBeats(
  beats: readonly AnnotatedBeat[],
  beatsPerBar: number,
): { readonly click: PieceClick; readonly tempos: readonly TempoChange[] } | undefined {
  const [first, second] = beats;
  if (!(first && second)) return undefined;
  let period = (second.time - first.time) / (second.beat - first.beat);
  let from = first;
  const tempos: TempoChange[] = [];
  const origin = first.time - first.beat * period;
  const bpm = 60 / period;
  for (const [index, beat] of beats.entries()) {
    const expected = from.time + (beat.beat - from.beat) * period;
    const next = beats[index + 1];
    if (index === 0 || !next) continue;
    const nextExpected = expected + period * (next.beat - beat.beat);
    if (Math.abs(next.time - nextExpected) <= TOLERANCE) continue;
    // The change holds from this beat on, so that the next one is hit.
    period = (next.time - expected) / (next.beat - beat.beat);
    from = { time: expected, beat: beat.beat };
    tempos.push({ time: expected, bpm: 60 / period, beat: beat.beat });
  }
  return { click: { origin, bpm, beatsPerBar }, tempos };
}
