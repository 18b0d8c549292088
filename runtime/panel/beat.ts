/**
 * Where in the bar the ensemble is, for drawing. Pure; each box draws the shared metronome itself.
 */
import type { Timeline } from '../core/ensemble.ts';
import type { Instant, Micros } from '../core/time.ts';

export interface BarPosition {
  /** From 1; 0 and below before the origin. */
  readonly bar: number;
  /** From 1. */
  readonly beat: number;
  /** Local time of the next beat. */
  readonly nextBeat: Instant;
}

export function barPosition(timeline: Timeline, now: Instant, ensembleShift: Micros): BarPosition {
  const beatLength = 60_000_000 / Math.max(1, timeline.bpm);
  const beatsPerBar = Math.max(1, Math.round(timeline.beatsPerBar));
  const since = now + ensembleShift - timeline.origin;
  const beats = Math.floor(since / beatLength);
  const bar = Math.floor(beats / beatsPerBar);
  return {
    bar: bar + 1,
    beat: beats - bar * beatsPerBar + 1,
    nextBeat: (timeline.origin - ensembleShift + (beats + 1) * beatLength) as Instant,
  };
}
