/**
 * How well a part was heard: the figures of EVALUATION's jam over a bad network.
 */
import type { SentNote } from '../arrivals/transmission.ts';
import type { HeardNote, HeardPlayer } from './heard-notes.ts';
import { matchNotes } from './match-notes.ts';

/** Shares and counts per 100 performed notes; times in milliseconds. */
export interface PartScore {
  readonly notes: number;
  /** Heard within 10, 20, 30 ms of their performance. */
  readonly w10: number;
  readonly w20: number;
  readonly w30: number;
  readonly medianError: number;
  readonly p95Error: number;
  readonly falseNotes: number;
  readonly missed: number;
  readonly duplicates: number;
  /** Not per 100: there must be none. */
  readonly stuck: number;
  readonly p95DurationError: number;
  /** Mean, of 127. */
  readonly velocityError: number;
  /** Heard because they were predicted. */
  readonly predicted: number;
}

export interface ScoredPart {
  readonly score: PartScore;
  /** Heard less performed, of all notes that were heard (milliseconds). */
  readonly errors: Float32Array;
}

const SILENT: HeardPlayer = { notes: [], stuck: 0 };

export function scorePart(
  sent: readonly SentNote[],
  heard: HeardPlayer = SILENT,
  drums: boolean = false,
): ScoredPart {
  const { heardOf, falseNotes, duplicates } = matchNotes(sent, heard.notes, drums);
  const pairs: Pair[] = [];
  for (const [index, note] of sent.entries()) {
    const as = heard.notes[heardOf[index] ?? -1];
    if (as) pairs.push({ note, as });
  }
  return scorePairs(sent.length, pairs, { falseNotes, duplicates, stuck: heard.stuck });
}

/** For what plays every note, at times of its own. */
export function scoreTimes(sent: readonly SentNote[], times: readonly number[]): PartScore {
  const pairs = sent.map((note, index) => {
    const at = times[index] ?? 0;
    return { note, as: { ...note, at, end: at + note.duration, cause: 'received' as const } };
  });
  return scorePairs(sent.length, pairs, { falseNotes: 0, duplicates: 0, stuck: 0 }).score;
}

/** For what plays `predicted`, and everything else when it comes. */
export function scorePredictions(
  sent: readonly SentNote[],
  predicted: readonly HeardNote[],
  drums: boolean,
): PartScore {
  const { heardOf, falseNotes, duplicates } = matchNotes(sent, predicted, drums);
  const pairs = sent.map((note, index): Pair => {
    const as = predicted[heardOf[index] ?? -1];
    if (as) return { note, as };
    const end = note.arrival + note.duration;
    return { note, as: { ...note, at: note.arrival, end, cause: 'received' } };
  });
  return scorePairs(sent.length, pairs, { falseNotes, duplicates, stuck: 0 }).score;
}

interface Pair {
  readonly note: SentNote;
  readonly as: HeardNote;
}

function scorePairs(
  notes: number,
  pairs: readonly Pair[],
  { falseNotes, duplicates, stuck }: Record<'falseNotes' | 'duplicates' | 'stuck', number>,
): ScoredPart {
  const errors = pairs.map(({ note, as }) => 1_000 * (as.at - note.at));
  const absolute = errors.map(Math.abs);
  const durationErrors = pairs.flatMap(({ note, as }) =>
    as.end === undefined ? [] : [1_000 * Math.abs(as.end - as.at - note.duration)],
  );
  const velocityErrors = pairs.map(({ note, as }) => Math.abs(as.velocity - note.velocity));
  const per100 = (count: number): number => (100 * count) / Math.max(1, notes);
  const within = (limit: number): number =>
    per100(absolute.filter((error) => error <= limit).length);
  return {
    score: {
      notes,
      w10: within(10),
      w20: within(20),
      w30: within(30),
      medianError: quantile(absolute, 0.5),
      p95Error: quantile(absolute, 0.95),
      falseNotes: per100(falseNotes),
      missed: per100(notes - pairs.length),
      duplicates: per100(duplicates),
      stuck,
      p95DurationError: quantile(durationErrors, 0.95),
      velocityError: velocityErrors.reduce((sum, one) => sum + one, 0) / Math.max(1, pairs.length),
      predicted: per100(pairs.filter(({ as }) => as.cause === 'predicted').length),
    },
    errors: Float32Array.from(errors),
  };
}

/** Interpolated; 0 of nothing. */
export function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const at = q * (sorted.length - 1);
  const below = sorted[Math.floor(at)] ?? 0;
  return below + ((sorted[Math.ceil(at)] ?? below) - below) * (at - Math.floor(at));
}
