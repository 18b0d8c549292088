import { expect, test } from 'vitest';
import { VirtualClock } from '../../../sim/virtual-clock.ts';
import { type Instant, instant } from '../../core/time.ts';
import type { Model, Tensor } from '../../ports/inference.ts';
import type { BeatGrid } from '../grid/beat-grid.ts';
import { openInferenceLane } from './inference-lane.ts';
import type { ModelState } from './models.ts';
import { openPartPredictors } from './models-part-predictors.ts';
import type { PartPredictor } from './part-predictor.ts';
import { CONTEXT_SIZE } from './pitched/pitched-features.ts';

const BEAT = 500_000;
/** Where the context tells how many other parts there are (in quarters). */
const OTHERS = CONTEXT_SIZE - 3;

function steadyGrid(): BeatGrid {
  return {
    confidence: 1,
    epoch: 0,
    beatsPerBar: () => 4,
    barLine: (beat) => Math.floor(beat / 4) * 4,
    timeOf: (beat) => instant(beat * BEAT),
    beatAt: (time) => time / BEAT,
  };
}

class ListeningModel implements Model {
  readonly inputNames = [];
  readonly outputNames = [];
  readonly others: number[] = [];

  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>> {
    this.others.push(4 * Number(inputs['context']?.data[OTHERS]));
    const rows = inputs['candidates']?.shape[0] ?? 0;
    return { judged: { shape: [rows, 3], data: new Float32Array(rows * 3) } };
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

const missing: ModelState = { kind: 'fault', fault: 'there is none' };

function open(usesContext: boolean, hasModel = true) {
  const model = new ListeningModel();
  const lane = openInferenceLane({ clock: new VirtualClock() });
  const models = {
    drums: missing,
    pitched: hasModel ? { kind: 'loaded' as const, loaded: { model, version: '1' } } : missing,
    async [Symbol.asyncDispose]() {},
  };
  const predictors = openPartPredictors({ lane, models }, { usesContext });
  return { predictors, model, lane };
}

function play(predictor: PartPredictor): void {
  for (let beat = 0; beat < 32; beat++) predictor.noteOn(0, 40, 90, instant(beat * BEAT));
}

async function ask(predictor: PartPredictor, lane: { settled(): Promise<void> }): Promise<number> {
  let told = 0;
  const now = (32 * BEAT - 100_000) as Instant;
  predictor.decide(32 * 8, now, now, (_slot, expected) => {
    told = expected.count;
  });
  await lane.settled();
  return told;
}

test('parts on one grid are context for one another, who plays at this box included, until they are closed', async () => {
  const { predictors, model, lane } = open(true);
  const grid = steadyGrid();
  const bass = predictors.open({ source: 'ann', role: 'bass', grid });
  play(bass);
  play(predictors.open({ source: 'ben', role: 'rhythm', grid }));
  play(predictors.open({ source: 'self', role: 'harmony', grid }));
  expect(await ask(bass, lane)).toBe(1);
  predictors.close('ben');
  predictors.close('ben');
  await ask(bass, lane);
  expect(model.others.map(Math.round)).toEqual([2, 1]);
});

test('without context every part is alone', async () => {
  const { predictors, model, lane } = open(false);
  const grid = steadyGrid();
  const bass = predictors.open({ source: 'ann', role: 'bass', grid });
  play(bass);
  play(predictors.open({ source: 'ben', role: 'rhythm', grid }));
  await ask(bass, lane);
  expect(model.others).toEqual([0]);
});

test('without a model statistics predict, and say so', async () => {
  const { predictors, lane } = open(true, false);
  const bass = predictors.open({ source: 'ann', role: 'bass', grid: steadyGrid() });
  play(bass);
  expect(await ask(bass, lane)).toBe(1);
  expect(lane.stats.asked).toBe(0);
  expect(predictors.describe('bass')).toBe('statistics');
  expect(open(true).predictors.describe('melody')).toBe('pitched 1');
});
