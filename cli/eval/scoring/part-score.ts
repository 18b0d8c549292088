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
  const errors: number[] = [];
  const durationErrors: number[] = [];
  let velocityError = 0;
  let predicted = 0;
  for (const [index, note] of sent.entries()) {
    const as: HeardNote | undefined = heard.notes[heardOf[index] ?? -1];
    if (!as) continue;
    errors.push(1_000 * (as.at - note.at));
    if (as.end !== undefined) {
      durationErrors.push(1_000 * Math.abs(as.end - as.at - note.duration));
    }
    velocityError += Math.abs(as.velocity - note.velocity);
    if (as.cause === 'predicted') predicted++;
  }
  const per100 = (count: number): number => (100 * count) / Math.max(1, sent.length);
  const absolute = errors.map(Math.abs);
  const within = (limit: number): number =>
    per100(absolute.filter((error) => error <= limit).length);
  return {
    score: {
      notes: sent.length,
      w10: within(10),
      w20: within(20),
      w30: within(30),
      medianError: quantile(absolute, 0.5),
      p95Error: quantile(absolute, 0.95),
      falseNotes: per100(falseNotes),
      missed: per100(sent.length - errors.length),
      duplicates: per100(duplicates),
      stuck: heard.stuck,
      p95DurationError: quantile(durationErrors, 0.95),
      velocityError: velocityError / Math.max(1, errors.length),
      predicted: per100(predicted),
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
