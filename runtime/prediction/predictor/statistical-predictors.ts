/**
 * Predictors without a trained model: every part by the votes of its own lags.
 */
import { DRUM_CLASS_OF_KEY } from './drums/drum-classes.ts';
import { openLagVotePredictor } from './lag-vote/lag-vote-predictor.ts';
import type { PartPredictors } from './part-predictors.ts';

export function openStatisticalPredictors(): PartPredictors {
  return {
    open: ({ role, grid }) =>
      openLagVotePredictor({ grid }, role === 'rhythm' ? { classOf: DRUM_CLASS_OF_KEY } : {}),
    close: () => {},
    describe: () => 'statistics',
  };
}
