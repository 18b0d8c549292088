/** How the players are heard in time: what the panel shows of the prediction engine, and lets one turn. */
import type { BoxId, JamMode } from '../core/ensemble.ts';

export interface PanelPrediction {
  readonly participant: BoxId;
  /** Set for this player alone; undefined: as the session has it. */
  readonly wish: JamMode | undefined;
  readonly inUse: Exclude<JamMode, 'auto'>;
  /** Why it is played so. */
  readonly reason: 'set' | 'new' | 'near' | 'noBeat' | 'unpredictable' | 'predictable';
  /** 0 to 1: how much of what is expected is played before it has come. Undefined: as set for all. */
  readonly wet: number | undefined;
  /** 0 to 1: of the last predictions, those that came in time. Undefined: too few yet. */
  readonly confidence: number | undefined;
  /** 0 to 1: of the last notes, those heard within 20 ms of when they were played. Undefined: too few yet. */
  readonly inTime: number | undefined;
  /** Predicted notes that never came, of all true notes, 0 to 1. */
  readonly falseShare: number | undefined;
  /** The link is gone, and the part is carried on: bars that are left. Undefined: it is not. */
  readonly carriedOn: number | undefined;
}
