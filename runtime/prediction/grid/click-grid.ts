/**
 * The beat of a shared click, in local time.
 *
 * Takes  the session's timeline as it changes, or a click and its changes of tempo one by one (`togthr render`).
 * Gives  a BeatGrid whose beats were in the past where they were then, for longer than the timeline itself remembers.
 * Keeps  the last 1024 stretches of even beats, in fixed arrays. Nothing allocated when asked.
 */
import type { Timeline } from '../../core/ensemble.ts';
import type { Instant } from '../../core/time.ts';
import type { BeatGrid } from './beat-grid.ts';

/** How the click's time maps to local time (transport/clock-sync); in `render` they are the same. */
export interface ClickTime {
  toLocal(time: number): number;
  fromLocal(local: number): number;
}

const STRETCHES = 1_024;
/** What is forgotten at once when they are full: the oldest. */
const FORGOTTEN = 256;
const MINUTE = 60_000_000;
/** A beat that moves by more at a change of tempo (in beats) was counted anew. */
const RECOUNTED = 0.06;
const SAME_TIME = {
  toLocal: (time: number): number => time,
  fromLocal: (local: number): number => local,
};

export class ClickGrid implements BeatGrid {
  readonly #time: ClickTime;
  /** Stretch i holds from `#from[i]` (click time) on. Beat `#beat[i]` is at `#anchors[i]`; `#line[i]` begins a bar. */
  readonly #from = new Float64Array(STRETCHES);
  readonly #anchors = new Float64Array(STRETCHES);
  readonly #beat = new Float64Array(STRETCHES);
  readonly #length = new Float64Array(STRETCHES);
  readonly #line = new Float64Array(STRETCHES);
  readonly #beatsPerBar = new Float64Array(STRETCHES);
  #count = 0;
  epoch = 0;

  constructor(time: ClickTime = SAME_TIME) {
    this.#time = time;
  }

  /** 0 until there is a click. */
  get confidence(): number {
    return this.#count > 0 ? 1 : 0;
  }

  /** The session's timeline: what it no longer tells of the past is kept. */
  setTimeline(timeline: Timeline): void {
    const { before = [] } = timeline;
    for (let index = before.length; index >= 0; index--) {
      const stretch = index === 0 ? timeline : before[index - 1];
      if (stretch === undefined) continue;
      const { origin, bpm, beatsPerBar, beat = 0, from } = stretch;
      const length = MINUTE / bpm;
      const start = from ?? Number.NEGATIVE_INFINITY;
      if (this.#isLike(start, origin, beat, length, beatsPerBar)) continue;
      // One that holds since ever is anchored at its origin.
      const anchor = from ?? origin;
      this.#put(start, anchor, beat + (anchor - origin) / length, length, beat, beatsPerBar);
    }
  }

  /** A click that goes on since ever; `origin` is beat 0, a bar line. */
  setClick(origin: number, bpm: number, beatsPerBar: number): void {
    this.#put(Number.NEGATIVE_INFINITY, origin, 0, MINUTE / bpm, 0, beatsPerBar);
  }

  /** `beat` falls at `time`, and from then on the tempo is `bpm`. Bars go on as they were. */
  setTempo(time: number, bpm: number, beat: number): void {
    const at = this.#count === 0 ? -1 : this.#stretchAt(time);
    const line = at < 0 ? 0 : (this.#line[at] ?? 0);
    const beatsPerBar = at < 0 ? 4 : (this.#beatsPerBar[at] ?? 4);
    const start = at < 0 ? Number.NEGATIVE_INFINITY : time;
    this.#put(start, time, beat, MINUTE / bpm, line, beatsPerBar);
  }

  beatsPerBar(beat: number): number {
    return this.#count === 0 ? 4 : (this.#beatsPerBar[this.#stretchOf(beat)] ?? 4);
  }

  barLine(beat: number): number {
    if (this.#count === 0) return Math.floor(beat / 4) * 4;
    const at = this.#stretchOf(beat);
    const line = this.#line[at] ?? 0;
    const beats = this.#beatsPerBar[at] ?? 4;
    return line + Math.floor((beat - line) / beats + 1e-9) * beats;
  }

  timeOf(beat: number): Instant {
    if (this.#count === 0) return 0 as Instant;
    const at = this.#stretchOf(beat);
    const time =
      this.#anchor(at) + (beat - (this.#beat[at] ?? 0)) * (this.#length[at] ?? MINUTE / 120);
    return this.#time.toLocal(time) as Instant;
  }

  beatAt(local: Instant): number {
    if (this.#count === 0) return 0;
    const time = this.#time.fromLocal(local);
    const at = this.#stretchAt(time);
    return (this.#beat[at] ?? 0) + (time - this.#anchor(at)) / (this.#length[at] ?? MINUTE / 120);
  }

  #anchor(at: number): number {
    return this.#anchors[at] ?? 0;
  }

  #stretchAt(time: number): number {
    let at = this.#count - 1;
    if (time >= (this.#from[at] ?? 0)) return at;
    // Asked about the present mostly, and the past in a row: few steps back, then by halves.
    for (let steps = 0; steps < 4 && at > 0; steps++) {
      at--;
      if (time >= (this.#from[at] ?? 0)) return at;
    }
    let low = 0;
    for (let high = at; low < high; ) {
      const middle = (low + high + 1) >> 1;
      if ((this.#from[middle] ?? 0) <= time) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #stretchOf(beat: number): number {
    let at = this.#count - 1;
    for (let steps = 0; steps < 4 && at > 0; steps++) {
      if (beat >= this.#first(at)) return at;
      at--;
    }
    let low = 0;
    for (let high = at; low < high; ) {
      const middle = (low + high + 1) >> 1;
      if (this.#first(middle) <= beat) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The beat, with a fraction, that a stretch begins with; rounding aside. */
  #first(at: number): number {
    return at === 0 ? Number.NEGATIVE_INFINITY : (this.#beat[at] ?? 0) - 1e-6;
  }

  #isLike(
    from: number,
    origin: number,
    beat: number,
    length: number,
    beatsPerBar: number,
  ): boolean {
    for (let at = this.#count - 1; at >= 0; at--) {
      if (this.#from[at] !== from) continue;
      const there = (this.#beat[at] ?? 0) + (origin - this.#anchor(at)) / (this.#length[at] ?? 1);
      return (
        Math.abs(there - beat) < 1e-6 &&
        this.#length[at] === length &&
        this.#beatsPerBar[at] === beatsPerBar &&
        (beat - (this.#line[at] ?? 0)) % beatsPerBar === 0
      );
    }
    return false;
  }

  /** A stretch from `from` on; what was to hold from then or later is no more. */
  #put(
    from: number,
    anchor: number,
    beat: number,
    length: number,
    line: number,
    beatsPerBar: number,
  ): void {
    const known = this.#count > 0;
    const expected = known && from > Number.NEGATIVE_INFINITY ? this.#beatThen(anchor) : beat;
    while (this.#count > 0 && (this.#from[this.#count - 1] ?? 0) >= from) this.#count--;
    // Beats that were told before, and are other ones now.
    if (known && (this.#count === 0 || Math.abs(expected - beat) > RECOUNTED)) this.epoch++;
    if (this.#count === STRETCHES) this.#forget();
    const at = this.#count++;
    this.#from[at] = from;
    this.#anchors[at] = anchor;
    this.#beat[at] = beat;
    this.#length[at] = length;
    this.#line[at] = line;
    this.#beatsPerBar[at] = beatsPerBar;
  }

  #beatThen(time: number): number {
    const at = this.#stretchAt(time);
    return (this.#beat[at] ?? 0) + (time - this.#anchor(at)) / (this.#length[at] ?? 1);
  }

  #forget(): void {
    for (const array of [
      this.#from,
      this.#anchors,
      this.#beat,
      this.#length,
      this.#line,
      this.#beatsPerBar,
    ]) {
      array.copyWithin(0, FORGOTTEN, this.#count);
    }
    this.#count -= FORGOTTEN;
  }
}
