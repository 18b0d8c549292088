import { expect, test } from 'vitest';
import { loadProgramModels } from '../../../cli/prediction-models.ts';
import { VirtualClock } from '../../../sim/virtual-clock.ts';
import { silentLog } from '../../core/log.ts';
import { instant } from '../../core/time.ts';
import type { BeatGrid } from '../grid/beat-grid.ts';
import { openInferenceLane } from './inference-lane.ts';
import { openPartPredictors } from './models-part-predictors.ts';

const BEAT = 500_000;
const RIFF = [40, 40, 47, 45, 40, 43, 47, 38];

const grid: BeatGrid = {
  confidence: 1,
  epoch: 0,
  beatsPerBar: () => 4,
  barLine: (beat) => Math.floor(beat / 4) * 4,
  timeOf: (beat) => instant(beat * BEAT),
  beatAt: (time) => time / BEAT,
};

test('the models that come with the program are whole, for these features, and foresee a riff', async () => {
  const models = await loadProgramModels({ log: silentLog });
  expect(models.drums.kind === 'fault' ? models.drums.fault : '').toBe('');
  expect(models.pitched.kind === 'fault' ? models.pitched.fault : '').toBe('');
  const lane = openInferenceLane({ clock: new VirtualClock() });
  const predictors = openPartPredictors({ lane, models });
  const bass = predictors.open({ source: 'ann', role: 'bass', grid });
  const drums = predictors.open({ source: 'ben', role: 'rhythm', grid });
  const beats = 48;
  for (let beat = 0; beat < beats; beat++) {
    const at = instant(beat * BEAT + 12_000);
    bass.noteOn(0, RIFF[beat % 8] ?? 40, 90, at);
    bass.noteOff(0, RIFF[beat % 8] ?? 40, instant(at + 300_000));
    drums.noteOn(9, beat % 2 === 0 ? 36 : 38, 100, instant(beat * BEAT));
  }
  const now = instant(beats * BEAT - 60_000);
  const told = new Map<number, number>();
  let late = 0;
  for (const predictor of [bass, drums]) {
    predictor.decide(beats * 8, now, now, (_slot, expected) => {
      for (let i = 0; i < expected.count; i++) {
        const key = expected.key[i] ?? 0;
        told.set(key, expected.likely[i] ?? 0);
        if (key === RIFF[0]) late = (expected.at[i] ?? 0) - beats * BEAT;
      }
    });
  }
  await lane.settled();
  expect(told.get(RIFF[0] ?? 0)).toBeGreaterThan(0.8);
  expect(told.get(36)).toBeGreaterThan(0.6);
  // The bass plays 12 ms late; half a dozen milliseconds are a prior's.
  expect(Math.abs(late - 12_000)).toBeLessThan(8_000);
  await models[Symbol.asyncDispose]();
});
