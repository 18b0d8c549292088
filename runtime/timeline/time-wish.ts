/**
 * What somebody wishes of the shared time, and what becomes of timeline and song.
 *
 * Takes  the wish, timeline and song as they are, the ensemble time, and how far ahead a change must lie for everybody to
 *        hear of it before it takes effect.
 * Gives  what is to be written into the session's document: a tempo from a beat on, a metre from a bar line on, a song from
 *        a bar line to another. Pure.
 */
import type { Song, Timeline } from '../core/ensemble.ts';
import type { EnsembleTime, Micros } from '../core/time.ts';
import {
  barLineFrom,
  barsLater,
  beatAt,
  nextBeat,
  placeOfBeat,
  withMetre,
  withTempo,
} from './timeline.ts';

export type TimeWish =
  | { readonly kind: 'tempo'; readonly bpm: number }
  | { readonly kind: 'metre'; readonly beatsPerBar: number }
  /** From the song's top, after so many bars of count-in. */
  | { readonly kind: 'play'; readonly countInBars: number }
  | { readonly kind: 'stop' }
  /** Of a clock that leads: the timeline as it has it. Without a song, that of the session goes on. */
  | { readonly kind: 'lead'; readonly timeline: Timeline; readonly song?: Song };

export interface SharedTime {
  readonly timeline: Timeline;
  readonly song: Song | undefined;
}

/** Nothing in it: nothing is to be written. */
export interface TimePatch {
  readonly timeline?: Timeline;
  readonly song?: Song;
}

const NOTHING: TimePatch = {};

export function fulfil(
  wish: TimeWish,
  { timeline, song }: SharedTime,
  now: EnsembleTime,
  notice: Micros,
): TimePatch {
  const soon = (now + notice) as EnsembleTime;
  switch (wish.kind) {
    case 'tempo':
      return { timeline: withTempo(timeline, soon, wish.bpm) };
    case 'metre': {
      const next = withMetre(timeline, soon, wish.beatsPerBar);
      return { timeline: next, ...songOnBarLines(next, song, beatAt(next, soon)) };
    }
    case 'play': {
      const from = beatAt(timeline, soon);
      if (song && (song.end === undefined || song.end > from)) {
        // What was about to end goes on; what plays does so anyway.
        const { end, ...goesOn } = song;
        return end === undefined ? NOTHING : { song: goesOn };
      }
      const line = barLineFrom(timeline, from);
      const start = barsLater(timeline, line, wish.countInBars);
      return { song: { start, position: 0, countIn: start - line } };
    }
    case 'stop': {
      if (!song || song.end !== undefined) return NOTHING;
      const from = beatAt(timeline, soon);
      // In the count-in no bar is waited for.
      const end =
        from <= song.start
          ? Math.min(nextBeat(timeline, soon), song.start)
          : barLineFrom(timeline, from);
      return { song: { ...song, end } };
    }
    case 'lead':
      return { timeline: wish.timeline, ...(wish.song ? { song: wish.song } : {}) };
  }
}

/** Whether a song sounds at that beat. */
export function plays(song: Song | undefined, beat: number): boolean {
  return song !== undefined && beat >= song.start && beat < (song.end ?? Number.POSITIVE_INFINITY);
}

/** Whether that beat is counted in. */
export function countsIn(song: Song | undefined, beat: number): boolean {
  if (song === undefined) return false;
  const { start, countIn, end = start } = song;
  return beat >= start - countIn && beat < Math.min(start, end);
}

/** What lies ahead of a song stays on a bar line when bars change their length. */
function songOnBarLines(timeline: Timeline, song: Song | undefined, from: number): TimePatch {
  if (!song) return NOTHING;
  const onLine = (beat: number): number =>
    beat >= from && placeOfBeat(timeline, beat).beatInBar !== 0
      ? barLineFrom(timeline, beat)
      : beat;
  const start = onLine(song.start);
  if (song.end === undefined) return start === song.start ? NOTHING : { song: { ...song, start } };
  const end = song.end <= song.start ? song.end : onLine(song.end);
  return start === song.start && end === song.end ? NOTHING : { song: { ...song, start, end } };
}
