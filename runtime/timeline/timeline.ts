/**
 * The shared timeline: which beat of which bar falls when, and how a change is added to it.
 *
 * Takes  a Timeline (core/ensemble.ts) and ensemble time, or a beat.
 * Gives  the other; the timeline with another tempo from a beat on, or another metre from a bar line on. Pure.
 *
 * Beats are counted without a gap across changes, and a change lies a little ahead: so a box that hears of it late still
 * has every beat where the others have it, and none twice.
 */
import type { Stretch, Timeline } from '../core/ensemble.ts';
import type { EnsembleTime } from '../core/time.ts';

/** Where a beat stands. */
export interface BeatPlace {
  readonly bar: number;
  /** From 0: the first one, which is accented. */
  readonly beatInBar: number;
  readonly beatsPerBar: number;
  readonly bpm: number;
}

const MINUTE = 60_000_000;
/** A beat's fraction that is nothing but rounding. */
const ROUNDING = 1e-4;
/** One that holds, those to come, and one for what is still being rendered. */
export const MAX_BEFORE = 4;

/** With a fraction. Beat 0 of the timeline is no beat of a song. */
export function beatAt(timeline: Timeline, time: EnsembleTime): number {
  return beatWithin(stretchAt(timeline, time), time);
}

export function timeOfBeat(timeline: Timeline, beat: number): EnsembleTime {
  return timeWithin(stretchOfBeat(timeline, beat), beat);
}

/** The length of a beat around that one (microseconds). */
export function beatLength(timeline: Timeline, beat: number): number {
  return MINUTE / stretchOfBeat(timeline, beat).bpm;
}

export function placeOfBeat(timeline: Timeline, beat: number): BeatPlace {
  const stretch = stretchOfBeat(timeline, beat);
  const { beatsPerBar, bpm } = stretch;
  const whole = Math.floor(beat + ROUNDING);
  const bars = barsWithin(stretch, whole);
  return {
    bar: (stretch.bar ?? 0) + bars,
    beatInBar: whole - (stretch.beat ?? 0) - bars * beatsPerBar,
    beatsPerBar,
    bpm,
  };
}

/** The first beat at that time or after it. */
export function nextBeat(timeline: Timeline, time: EnsembleTime): number {
  return firstFrom(beatAt(timeline, time));
}

/** The first bar line at that beat or after it. */
export function barLineFrom(timeline: Timeline, beat: number): number {
  const first = firstFrom(beat);
  const { beatInBar, beatsPerBar } = placeOfBeat(timeline, first);
  if (beatInBar === 0) return first;
  const line = first - beatInBar + beatsPerBar;
  // A bar of another metre may begin in between.
  const sooner = stretches(timeline)
    .map((stretch) => Math.round(firstBeat(stretch)))
    .filter((begun) => begun > first && begun < line)
    .filter((begun) => placeOfBeat(timeline, begun).beatInBar === 0);
  return Math.min(line, ...sooner);
}

/** So many bars after that bar line. */
export function barsLater(timeline: Timeline, barLine: number, bars: number): number {
  let line = barLine;
  for (let bar = 0; bar < bars; bar++) line = barLineFrom(timeline, line + 1);
  return line;
}

/** Another tempo from the first beat at `earliest` on. */
export function withTempo(timeline: Timeline, earliest: EnsembleTime, bpm: number): Timeline {
  return changed(timeline, nextBeat(timeline, earliest), { bpm });
}

/** Bars of another length from the first bar line at `earliest` on. */
export function withMetre(
  timeline: Timeline,
  earliest: EnsembleTime,
  beatsPerBar: number,
): Timeline {
  const line = barLineFrom(timeline, beatAt(timeline, earliest));
  return changed(timeline, line, { beatsPerBar });
}

/**
 * A bar begins at `at`, whatever was before: another clock leads from then on. No beat has a number twice; the bar has the
 * number after the one it cuts short.
 */
export function withBarAt(timeline: Timeline, at: EnsembleTime, bpm: number): Timeline {
  const begun = stretches(timeline).filter(({ from }) => from === undefined || from < at);
  const beat = nextBeat(timeline, at);
  const { bar, beatInBar, beatsPerBar } = placeOfBeat(timeline, beat);
  return joined([
    { origin: at, bpm, beatsPerBar, bar: beatInBar === 0 ? bar : bar + 1, beat, from: at },
    ...begun,
  ]);
}

interface Change {
  readonly bpm?: number;
  readonly beatsPerBar?: number;
}

/** From a beat on. Changes that lie further ahead stay where they are, unless they are of the same thing. */
function changed(timeline: Timeline, beat: number, change: Change): Timeline {
  const all = stretches(timeline).reverse();
  const later = all.filter((stretch) => firstBeat(stretch) > beat + ROUNDING);
  let before = all.filter((stretch) => firstBeat(stretch) < beat - ROUNDING);
  const { bpm, beatsPerBar } = stretchOfBeat(timeline, beat);
  if (before.length === 0) before = all.slice(0, 1);
  let list = [...before, continued(before, beat, { bpm, beatsPerBar, ...change })];
  let former: Stretch = stretchOfBeat(timeline, beat);
  for (const stretch of later) {
    const tempo = change.bpm === undefined && stretch.bpm !== former.bpm;
    const metre = change.beatsPerBar === undefined && stretch.beatsPerBar !== former.beatsPerBar;
    former = stretch;
    if (!tempo && !metre) continue;
    const at = Math.round(firstBeat(stretch));
    const last = list.at(-1) ?? stretch;
    list = [
      ...list,
      continued(list, at, {
        bpm: tempo ? stretch.bpm : last.bpm,
        beatsPerBar: metre ? stretch.beatsPerBar : last.beatsPerBar,
      }),
    ];
  }
  return joined(list.reverse());
}

/** What follows the last of `list` from that beat on, without a gap. */
function continued(
  list: readonly Stretch[],
  beat: number,
  { bpm, beatsPerBar }: Required<Change>,
): Stretch {
  const last = list.at(-1);
  if (!last) throw new RangeError('nothing to go on from');
  const from = timeWithin(last, beat);
  const bars = barsWithin(last, beat);
  const barLine = (last.beat ?? 0) + bars * last.beatsPerBar;
  return {
    origin: (from - ((beat - barLine) * MINUTE) / bpm) as EnsembleTime,
    bpm,
    beatsPerBar,
    bar: (last.bar ?? 0) + bars,
    beat: barLine,
    from,
  };
}

/** `latestFirst` has one at least. */
function joined([last, ...before]: readonly Stretch[]): Timeline {
  if (!last) throw new RangeError('a timeline has a beginning');
  return { ...last, before: before.slice(0, MAX_BEFORE) };
}

/** Latest first. */
function stretches({ before = [], ...last }: Timeline): Stretch[] {
  return [last, ...before];
}

/** The first whole beat there or after; 0 is never -0, which is another value to who compares. */
function firstFrom(beat: number): number {
  return Math.ceil(beat - ROUNDING) + 0;
}

function stretchAt(timeline: Timeline, time: EnsembleTime): Stretch {
  const { from, before } = timeline;
  if (from === undefined || time >= from || before === undefined) return timeline;
  for (const stretch of before) {
    if (stretch.from === undefined || time >= stretch.from) return stretch;
  }
  return before.at(-1) ?? timeline;
}

function stretchOfBeat(timeline: Timeline, beat: number): Stretch {
  const { before } = timeline;
  if (before === undefined || beat >= firstBeat(timeline) - ROUNDING) return timeline;
  for (const stretch of before) {
    if (beat >= firstBeat(stretch) - ROUNDING) return stretch;
  }
  return before.at(-1) ?? timeline;
}

function firstBeat(stretch: Stretch): number {
  return stretch.from === undefined ? Number.NEGATIVE_INFINITY : beatWithin(stretch, stretch.from);
}

function beatWithin({ origin, bpm, beat = 0 }: Stretch, time: EnsembleTime): number {
  return beat + ((time - origin) * bpm) / MINUTE;
}

function timeWithin({ origin, bpm, beat = 0 }: Stretch, at: number): EnsembleTime {
  return (origin + ((at - beat) * MINUTE) / bpm) as EnsembleTime;
}

function barsWithin({ beat = 0, beatsPerBar }: Stretch, at: number): number {
  return Math.floor((at - beat) / beatsPerBar);
}
