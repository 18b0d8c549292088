/**
 * Where things lie on the piano roll.
 *
 * Takes  the time now, the size in pixels and what sounds. Gives numbers; draws nothing.
 */
import type { Span } from './roll-spans.ts';

export interface RollWindow {
  /** Simulator milliseconds at the left and right edge. */
  readonly from: number;
  readonly to: number;
  /** The present: at the right when the roll scrolls, anywhere when it turns pages. */
  readonly now: number;
}

/** The longest time shown. */
export const ROLL_MS = 8_000;
const LEAST_ROLL_MS = 3_500;
const PIXELS_PER_SECOND = 115;
/** Room to the right of the present: for what is already known to come; for what is expected to. */
const AHEAD_MS = 300;
const EXPECTING_SHARE = 0.24;

/**
 * A scrolling window, with room for what is expected; with `still`, one that stands and is turned like a page, for eyes
 * that motion disturbs.
 */
export function rollWindow(
  now: number,
  width: number,
  still: boolean,
  expecting: boolean,
): RollWindow {
  const fits = (width / PIXELS_PER_SECOND) * 1_000;
  const span = Math.min(ROLL_MS, Math.max(LEAST_ROLL_MS, fits));
  const ahead = expecting ? EXPECTING_SHARE * span : AHEAD_MS;
  if (!still) return { from: now + ahead - span, to: now + ahead, now };
  const from = Math.floor(now / span) * span;
  return { from, to: from + span, now };
}

export function xAt(window: RollWindow, time: number, width: number): number {
  return ((time - window.from) / (window.to - window.from)) * width;
}

/** Lowest and highest key shown. */
export interface KeyRange {
  readonly low: number;
  readonly high: number;
}

const LEAST_KEYS = 24;
const MARGIN = 2;

/** Percussion has rows of its own. */
export const PERCUSSION = 9;

/** The keys in use with a margin, at least two octaves; a range of before is only ever left when it no longer fits well. */
export function keyRange(spans: readonly Span[], from: number, before: KeyRange): KeyRange {
  let low = 128;
  let high = -1;
  for (const span of spans) {
    if (span.channel === PERCUSSION || (span.end !== undefined && span.end < from)) continue;
    if (span.key < low) low = span.key;
    if (span.key > high) high = span.key;
  }
  if (high < 0) return before;
  const fits = Math.max(0, low - 1) >= before.low && Math.min(127, high + 1) <= before.high;
  const used = high - low + 2 * MARGIN;
  const roomy = before.high - before.low > Math.max(LEAST_KEYS, used) * 1.8;
  if (fits && !roomy) return before;
  const spare = Math.max(0, LEAST_KEYS - used) / 2;
  return {
    low: Math.max(0, Math.floor(low - MARGIN - spare)),
    high: Math.min(127, Math.ceil(high + MARGIN + spare)),
  };
}

/** Rows of percussion, from the bottom up. */
export const DRUM_ROWS: readonly string[] = ['Kick', 'Snare', 'Toms', 'Hats', 'Cymbals', 'Other'];

/** General MIDI percussion keys by row. */
export function drumRow(key: number): number {
  if (key === 35 || key === 36) return 0;
  if (key >= 37 && key <= 40) return 1;
  if (key === 42 || key === 44 || key === 46) return 3;
  if (key === 41 || key === 43 || key === 45 || key === 47 || key === 48 || key === 50) return 2;
  if (
    key === 49 ||
    key === 51 ||
    key === 52 ||
    key === 53 ||
    key === 55 ||
    key === 57 ||
    key === 59
  )
    return 4;
  return 5;
}

export interface BeatLine {
  readonly time: number;
  readonly bar: boolean;
}

/** Beats inside the window; none for a timeline that makes no sense. */
export function beatLines(
  window: RollWindow,
  timeline: { readonly origin: number | null; readonly bpm: number; readonly beatsPerBar: number },
): readonly BeatLine[] {
  const { origin, bpm, beatsPerBar } = timeline;
  if (origin === null || !(bpm >= 10 && bpm <= 1_000) || beatsPerBar < 1) return [];
  const beat = 60_000 / bpm;
  const lines: BeatLine[] = [];
  for (let n = Math.ceil((window.from - origin) / beat); ; n++) {
    const time = origin + n * beat;
    if (time > window.to) return lines;
    lines.push({ time, bar: ((n % beatsPerBar) + beatsPerBar) % beatsPerBar === 0 });
  }
}
