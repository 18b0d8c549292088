/**
 * Where in the bar the ensemble is, for drawing. Pure; each box draws the shared metronome itself.
 */
import type { Song, Timeline } from '../core/ensemble.ts';
import { type EnsembleTime, fromMillis, type Instant, type Micros } from '../core/time.ts';
import { beatAt, placeOfBeat, timeOfBeat } from '../timeline/timeline.ts';
import type { LedLevel } from './led-pattern.ts';

export interface BarPosition {
  /** Of the song, from 1; 0 and below before it, as in a count-in. Without a song, since the timeline began. */
  readonly bar: number;
  /** From 1. */
  readonly beat: number;
  /** Local time of the next beat. */
  readonly nextBeat: Instant;
}

/** How long a beat lights the LED, and the first one of a bar. */
const FLASH: Micros = fromMillis(60);
const ACCENT: Micros = fromMillis(150);
/** A beat that begins now has begun, whatever rounding says. */
const ROUNDING = 1e-9;

export function barPosition(
  timeline: Timeline,
  now: Instant,
  ensembleShift: Micros,
  song?: Song,
): BarPosition {
  const sound = checked(timeline);
  const beat = Math.floor(beatAt(sound, (now + ensembleShift) as EnsembleTime) + ROUNDING);
  const { bar, beatInBar } = placeOfBeat(sound, beat);
  const first = song === undefined ? 0 : placeOfBeat(sound, song.start).bar;
  return {
    bar: bar - first + 1,
    beat: beatInBar + 1,
    nextBeat: (timeOfBeat(sound, beat + 1) - ensembleShift) as Instant,
  };
}

/** A LED that beats: a flash for each beat, a longer one for the first of a bar. */
export function beatLed(timeline: Timeline, now: Instant, ensembleShift: Micros): LedLevel {
  const sound = checked(timeline);
  const beat = Math.floor(beatAt(sound, (now + ensembleShift) as EnsembleTime) + ROUNDING);
  const lit = placeOfBeat(sound, beat).beatInBar === 0 ? ACCENT : FLASH;
  const dark = timeOfBeat(sound, beat) - ensembleShift + lit;
  if (now < dark) return { level: 1, until: dark as Instant };
  return { level: 0, until: (timeOfBeat(sound, beat + 1) - ensembleShift) as Instant };
}

function checked(timeline: Timeline): Timeline {
  return {
    ...timeline,
    bpm: Math.max(1, timeline.bpm),
    beatsPerBar: Math.max(1, Math.round(timeline.beatsPerBar)),
  };
}
