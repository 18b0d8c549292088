/**
 * One piece over one network: rendered, scored, and every baseline beside it.
 *
 * Takes  tasks that say which, and the loaded models. Gives plain data, for it may have been computed by another process.
 */
import type { JamMode, Role } from '../../runtime/core/ensemble.ts';
import type { Models } from '../../runtime/prediction/predictor/models.ts';
import { openPartPredictors } from '../../runtime/prediction/predictor/models-part-predictors.ts';
import type { ProfileName } from '../../sim/network/profiles.ts';
import { humanise } from './arrivals/humanise.ts';
import { transmit } from './arrivals/transmission.ts';
import { type Contender, scoreBaselines } from './baselines/baselines.ts';
import { findCausalityFault } from './causality.ts';
import { listPieces } from './datasets/catalogue.ts';
import type { DatasetName, Piece, PieceSource, Split } from './datasets/piece.ts';
import { type RenderSettings, renderPiece } from './render-piece.ts';
import { type PartScore, quantile } from './scoring/part-score.ts';

export interface EvaluationSettings {
  readonly mode: JamMode;
  readonly click: boolean;
  /** Players are predicted knowing what the others play. */
  readonly context: boolean;
  readonly baselines: boolean;
  /** Looks for output that depends on lines that come later. */
  readonly causality: boolean;
  /** Only so much of every piece (seconds). */
  readonly seconds: number | undefined;
}

export interface EvaluationTask {
  readonly data: string;
  readonly set: DatasetName;
  readonly id: string;
  readonly profile: ProfileName;
  readonly settings: EvaluationSettings;
}

export interface PartResult {
  readonly peer: string;
  readonly role: Role;
  readonly scores: Readonly<Partial<Record<Contender, PartScore>>>;
  /** Heard less performed (milliseconds), of the notes that were heard. */
  readonly errors: Float32Array;
}

export interface TaskResult {
  readonly id: string;
  readonly set: DatasetName;
  readonly split: Split;
  readonly profile: ProfileName;
  readonly parts: readonly PartResult[];
  readonly violations: readonly string[];
  /** CPU milliseconds: mean and 99th percentile of a line of arrivals with all that was decided since the one before. */
  readonly lineTime: { readonly mean: number; readonly p99: number };
}

export type TaskRunner = (task: EvaluationTask) => Promise<TaskResult>;

/** Remembers what sets it listed: that reads their indices, which is for once and not for each piece. */
export function openTaskRunner(deps: { readonly models: Models }): TaskRunner {
  const listed = new Map<string, ReadonlyMap<string, PieceSource>>();
  return ({ data, set, id, profile, settings }) => {
    const place = `${data}/${set}`;
    const sources =
      listed.get(place) ?? new Map(listPieces(data, set).map((source) => [source.id, source]));
    listed.set(place, sources);
    const source = sources.get(id);
    if (!source) throw new Error(`${id} is not in ${data}`);
    return evaluatePiece(source.load(), profile, settings, deps.models);
  };
}

async function evaluatePiece(
  whole: Piece,
  profile: ProfileName,
  settings: EvaluationSettings,
  models: Models,
): Promise<TaskResult> {
  const piece = shorten(humanise(whole), settings.seconds);
  const sent = transmit(piece, profile);
  const rendering: RenderSettings = {
    mode: settings.mode,
    click: settings.click,
    predictors: ({ lane }) =>
      openPartPredictors({ lane, models }, { usesContext: settings.context }),
  };
  const rendered = await renderPiece(piece, sent, rendering);
  const violations = [...rendered.violations];
  if (settings.causality) {
    const fault = await findCausalityFault(piece, sent, rendering);
    if (fault !== undefined) violations.push(fault);
  }
  const parts = rendered.parts.map(
    ({ part, score, errors }): PartResult => ({
      peer: part.peer,
      role: part.role,
      scores: { togthr: score, ...(settings.baselines ? scoreBaselines(piece, part) : {}) },
      errors,
    }),
  );
  const { lineTimes } = rendered;
  const total = lineTimes.reduce((sum, time) => sum + time, 0);
  return {
    id: piece.id,
    set: piece.set,
    split: piece.split,
    profile,
    parts,
    violations,
    lineTime: { mean: total / Math.max(1, lineTimes.length), p99: quantile(lineTimes, 0.99) },
  };
}

function shorten(piece: Piece, seconds: number | undefined): Piece {
  if (seconds === undefined) return piece;
  return {
    ...piece,
    parts: piece.parts
      .map((part) => ({ ...part, notes: part.notes.filter(({ at }) => at < seconds) }))
      .filter(({ notes }) => notes.length > 0),
  };
}
