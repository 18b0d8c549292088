/**
 * A piece through the engine that `togthr render` uses, and its score.
 *
 * Takes  a piece as it was played and transmitted, the mode, who predicts.
 * Gives  a score for each part, what is against the rules, and how long each line took.
 */
import type { JamMode } from '../../runtime/core/ensemble.ts';
import { ArrivalsRenderer, type RenderOptions } from '../arrivals-renderer.ts';
import { arrivalsLines } from './arrivals/arrivals-lines.ts';
import type { SentPart, Transmission } from './arrivals/transmission.ts';
import type { Piece } from './datasets/piece.ts';
import { readHeard } from './scoring/heard-notes.ts';
import { type ScoredPart, scorePart } from './scoring/part-score.ts';

export interface RenderSettings {
  readonly mode: JamMode;
  /** The arrivals have the click, where the piece has one. */
  readonly click: boolean;
  /** Who predicts; default: as ArrivalsRenderer has it. */
  readonly predictors?: RenderOptions['predictors'];
}

export interface RenderedPart extends ScoredPart {
  readonly part: SentPart;
}

export interface RenderedPiece {
  readonly parts: readonly RenderedPart[];
  /** In words; empty when every rule was kept. */
  readonly violations: readonly string[];
  /** CPU milliseconds for each line of arrivals: receiving it, and all that was decided since the one before. */
  readonly lineTimes: readonly number[];
}

/** `piece` is the one that `sent` was made of. */
export async function renderPiece(
  piece: Piece,
  sent: Transmission,
  settings: RenderSettings,
): Promise<RenderedPiece> {
  const lines = arrivalsLines(piece, sent, settings);
  const { heard, lineTimes } = await renderLines(lines, settings);
  const { players, violations } = readHeard(heard, lastReleaseOf(piece));
  const parts = sent.parts.map((part) => ({
    part,
    ...scorePart(part.notes, players.get(part.peer), part.role === 'rhythm'),
  }));
  return { parts, violations, lineTimes };
}

/** What `togthr render` writes for these lines. */
export async function renderLines(
  lines: Iterable<string>,
  { mode, predictors }: Pick<RenderSettings, 'mode' | 'predictors'>,
): Promise<{ readonly heard: readonly string[]; readonly lineTimes: readonly number[] }> {
  const renderer = new ArrivalsRenderer({ mode, ...(predictors && { predictors }) });
  const heard: string[] = [];
  const lineTimes: number[] = [];
  for (const line of lines) {
    const begun = cpuMillis();
    const certain = await renderer.push(line);
    lineTimes.push(cpuMillis() - begun);
    heard.push(...certain);
  }
  heard.push(...(await renderer.end()));
  return { heard, lineTimes };
}

/** Of this process: other programs don't count. */
function cpuMillis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

function lastReleaseOf(piece: Piece): number {
  let last = 0;
  for (const { notes } of piece.parts) {
    for (const { at, duration } of notes) last = Math.max(last, at + duration);
  }
  return last;
}
