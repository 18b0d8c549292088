/**
 * Who opens predictors: the engine knows players and roles, and this knows models and what the players have in common.
 *
 * The engine opens one predictor for each part, tells it every note of its player once, in order of arrival, and asks it for
 * slots. That is how an implementation knows the whole band: what it keeps for all parts (a history of the band as context)
 * it shares between the predictors that it opened. `self` is the player at this box, who is never predicted.
 * Lane   2.
 */
import type { Role } from '../../core/ensemble.ts';
import type { BeatGrid } from '../grid/beat-grid.ts';
import type { PartPredictor } from './part-predictor.ts';

export interface Part {
  /** A participant's BoxId, the name of a peer, or `self`. */
  readonly source: string;
  readonly role: Role;
  readonly grid: BeatGrid;
}

export interface PartPredictors {
  open(part: Part): PartPredictor;
  /** The part ended, or is opened again in another role: what the others knew of it is forgotten. */
  close(source: string): void;
  /** What predicts that role, in words: `drums 1.2 (int8)`, or `statistics`. */
  describe(role: Role): string;
}
