/**
 * What the prediction engine tells of each stream: for the panel, the simulator and the status page.
 *
 * Snapshots, made when asked; counts since the stream began, shares of the last 64 notes.
 */
import type { JamMode, Role } from '../core/ensemble.ts';

/** How a stream is played just now; `auto` is a wish, not a way to play. */
export type ModeInUse = Exclude<JamMode, 'auto'>;

/** Why Auto plays a stream as it does, or `set`: somebody chose the mode. */
export type ModeReason =
  | 'set'
  /** Nothing is known yet. */
  | 'new'
  /** It comes so soon that playing it on arrival is best. */
  | 'near'
  /** No beat is known to predict by. */
  | 'noBeat'
  /** The player does what nobody foresees: rubato, a solo. */
  | 'unpredictable'
  /** Far enough away, and predictable. */
  | 'predictable';

export interface PredictionStats {
  /** As set for this participant or for all. */
  readonly mode: JamMode;
  readonly modeInUse: ModeInUse;
  readonly reason: ModeReason;
  readonly role: Role | undefined;
  /** Set in the session or its file; else guessed from the notes. */
  readonly roleKnown: boolean;
  /** What predicts it, in words. */
  readonly predictor: string;
  /** 0 to 1: how sure the beat is. */
  readonly beatConfidence: number;
  /** 0 to 1: of the last predictions, those that came within 20 ms. Undefined: too few yet. */
  readonly confidence: number | undefined;
  /** 0 to 1: of the last true notes, those that were heard within 20 ms of their performance. Undefined: too few yet. */
  readonly w20: number | undefined;
  /** Note-ons that came. */
  readonly notes: number;
  /** Notes played before they came. */
  readonly predicted: number;
  /** Of those, the ones that came. */
  readonly confirmed: number;
  /** Of those, the ones within 20 ms. */
  readonly precise: number;
  /** Expected, and came before they were due. */
  readonly forestalled: number;
  /** Played, and never came. */
  readonly falseNotes: number;
  /** False ones that still sounded and were released. */
  readonly corrected: number;
  /** Not foreseen, and played more than 20 ms late. */
  readonly late: number;
  /** Expected notes that a slow model told of too late. */
  readonly tooLate: number;
  /** 0: nothing predicted is played; 1: as much as the role's budget of false notes allows. */
  readonly wet: number;
  /** 0 to 1: how far notes are moved to the grid. */
  readonly quantization: number;
  /** Its link is gone and it is carried on: bars that are left, with a fraction. Undefined: it is not. */
  readonly fallbackBars: number | undefined;
}
