import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { VirtualClock } from '../../../../sim/virtual-clock.ts';
import { type Instant, instant } from '../../../core/time.ts';
import { openOnnxInference } from '../../../platform/onnx-inference.ts';
import type { Model, Tensor } from '../../../ports/inference.ts';
import type { BeatGrid } from '../../grid/beat-grid.ts';
import { openInferenceLane } from '../inference-lane.ts';
import type { PartPredictor } from '../part-predictor.ts';
import { openDrumPredictor } from './drum-predictor.ts';
import { CLASSES } from './kit-classes.ts';
import { BINS } from './timing-bins.ts';

const BEAT = 500_000;
const SLOT = BEAT / 8;
const SHIPPED = new URL('../../../../models-quantized/drums/model.onnx', import.meta.url);

interface TestGrid extends BeatGrid {
  epoch: number;
  shift: number;
}

function steadyGrid(): TestGrid {
  return {
    confidence: 1,
    epoch: 0,
    shift: 0,
    beatsPerBar: () => 4,
    barLine: (beat) => Math.floor(beat / 4) * 4,
    timeOf(beat) {
      return instant((beat - this.shift) * BEAT);
    },
    beatAt(time) {
      return time / BEAT + this.shift;
    },
  };
}

/** Says the same of every slot: the logits of hits by class, and one certain bin of time. */
function fixedModel(logits: readonly number[], bin: number): Model & { asked: number } {
  const hits = new Float32Array(CLASSES * (1 + BINS)).fill(0);
  for (let c = 0; c < CLASSES; c++) {
    hits[c * (1 + BINS)] = logits[c] ?? -20;
    hits[c * (1 + BINS) + 1 + bin] = 40;
  }
  return {
    asked: 0,
    inputNames: ['context', 'classes'],
    outputNames: ['hits'],
    run(): Promise<Readonly<Record<string, Tensor>>> {
      this.asked++;
      return Promise.resolve({ hits: { shape: [1, CLASSES, 1 + BINS], data: hits } });
    },
    async [Symbol.asyncDispose]() {},
  };
}

interface Told {
  readonly key: number;
  readonly channel: number;
  readonly velocity: number;
  readonly at: number;
  readonly length: number;
  readonly likely: number;
  readonly precise: number;
}

function rig(model: Model) {
  const clock = new VirtualClock(instant(0));
  const lane = openInferenceLane({ clock });
  const grid = steadyGrid();
  const predictor = openDrumPredictor({ grid, lane, model });
  async function ask(slot: number, knownUntil: number): Promise<Told[] | undefined> {
    let told: Told[] | undefined;
    predictor.decide(slot, instant(knownUntil), instant(knownUntil), (_slot, expected) => {
      told = Array.from({ length: expected.count }, (_, i) => ({
        key: expected.key[i] as number,
        channel: expected.channel[i] as number,
        velocity: expected.velocity[i] as number,
        at: expected.at[i] as number,
        length: expected.length[i] as number,
        likely: expected.likely[i] as number,
        precise: expected.precise[i] as number,
      }));
    });
    await lane.settled();
    return told;
  }
  return { clock, lane, grid, predictor, ask };
}

/** Bass drum on 1 and 3, snare (the rim in bar 4 of four) on 2 and 4, hi-hat in eighths. */
function playBars(predictor: PartPredictor, from: number, bars: number, late = 0): void {
  for (let half = from * 8; half < (from + bars) * 8; half++) {
    const at = instant((half * BEAT) / 2 + late);
    strike(predictor, 42, 70, at);
    if (half % 4 === 0) strike(predictor, 36, 110, at);
    if (half % 4 === 2) strike(predictor, 38, 100, at);
  }
}

function strike(predictor: PartPredictor, key: number, velocity: number, at: Instant): void {
  predictor.noteOn(9, key, velocity, at);
  predictor.noteOff(9, key, instant(at + 60_000));
}

const KICK_AND_SNARE = [2, 1, -20, -20, -20, -20, -20, -20, -20, -20];

test("classes become the player's own keys, velocities and lengths; timing bins move the time", async () => {
  const { predictor, ask } = rig(fixedModel(KICK_AND_SNARE, 20));
  playBars(predictor, 0, 4);
  const told = await ask(4 * 32, 4 * 4 * BEAT - 130_000);
  expect(told?.map(({ key }) => key)).toEqual([36, 38]);
  const [kick] = told ?? [];
  expect(kick?.velocity).toBe(110);
  expect(kick?.channel).toBe(9);
  expect(kick?.length).toBeCloseTo(60_000, 0);
  expect(kick?.likely).toBeCloseTo(0.881, 3);
  expect(kick?.precise).toBeCloseTo(0.881, 3);
  // Bin 20 is 22 ms late; the first of the best windows ends with it.
  expect(Math.abs((kick?.at ?? 0) - 4 * 32 * SLOT - 22_000)).toBeLessThan(12_000);
});

test('a rim that is played on the last beat is expected there, and the snare elsewhere', async () => {
  const { predictor, ask } = rig(fixedModel(KICK_AND_SNARE, 15));
  for (let beat = 0; beat < 16; beat++)
    strike(predictor, beat % 4 === 3 ? 37 : 38, 90, instant(beat * BEAT));
  const told = async (beat: number) => (await ask(beat * 8, 15.5 * BEAT))?.map(({ key }) => key);
  expect(await told(17)).toEqual([38]);
  expect(await told(19)).toEqual([37]);
});

test('a drum that was never heard is not expected, however sure the model is', async () => {
  const { predictor, ask } = rig(fixedModel([3, 3, 3, 3, 3, 3, 3, 3, 3, 3], 15));
  for (let beat = 0; beat < 8; beat++) strike(predictor, 51, 80, instant(beat * BEAT));
  const told = await ask(64, 7.5 * BEAT);
  expect(told?.map(({ key }) => key)).toEqual([51]);
});

test('nothing is asked before the first note, nor when the player has been silent for bars', async () => {
  const model = fixedModel(KICK_AND_SNARE, 15);
  const { predictor, ask } = rig(model);
  expect(await ask(8, 0)).toEqual([]);
  playBars(predictor, 0, 1);
  expect(await ask(32, 3.6 * BEAT)).toHaveLength(2);
  expect(await ask(32 * 7, 6.9 * 4 * BEAT)).toEqual([]);
  expect(model.asked).toBe(1);
});

test('an answer about a player who was forgotten meanwhile tells nothing', async () => {
  const { predictor, lane } = rig(fixedModel(KICK_AND_SNARE, 15));
  playBars(predictor, 0, 2);
  let count = -1;
  predictor.decide(64, instant(7.7 * BEAT), instant(7.7 * BEAT), (_slot, expected) => {
    count = expected.count;
  });
  predictor.reset();
  playBars(predictor, 0, 2);
  await lane.settled();
  expect(count).toBe(0);
});

test('a note that has arrived is not told again', async () => {
  const { predictor, ask } = rig(fixedModel(KICK_AND_SNARE, 15));
  playBars(predictor, 0, 2);
  strike(predictor, 36, 100, instant(64 * SLOT - 5_000));
  expect((await ask(64, 63 * SLOT))?.map(({ key }) => key)).toEqual([38]);
});

test('the shipped model knows a plain groove after four bars, and where a late player sits', async () => {
  const model = await openOnnxInference().load(await readFile(SHIPPED));
  const { predictor, ask } = rig(model);
  playBars(predictor, 0, 16, 12_000);
  const bar = 16 * 32;
  let hits = 0;
  for (let half = 0; half < 8; half++) {
    playBars(predictor, 16, 0);
    const slot = bar + half * 4;
    const told = (await ask(slot, slot * SLOT - 110_000)) ?? [];
    const sure = told.filter(({ likely }) => likely > 0.5);
    const keys = sure.map(({ key }) => key).toSorted();
    const own = half % 4 === 0 ? [36, 42] : half % 4 === 2 ? [38, 42] : [42];
    expect(keys).toEqual(own);
    for (const { at } of sure) expect(Math.abs(at - slot * SLOT - 12_000)).toBeLessThan(8_000);
    hits += sure.length;
    const at = instant(slot * SLOT + 12_000);
    for (const key of own) strike(predictor, key, 90, at);
  }
  expect(hits).toBe(12);
  for (const between of [1, 2, 3, 5]) {
    const told = (await ask(bar + 32 + between, (bar + 30) * SLOT)) ?? [];
    expect(told.filter(({ likely }) => likely > 0.3)).toEqual([]);
  }
  await model[Symbol.asyncDispose]();
});

test('when the grid counts its beats anew, the part is read anew', async () => {
  const { grid, predictor, ask } = rig(fixedModel(KICK_AND_SNARE, 15));
  playBars(predictor, 0, 4);
  grid.shift = 1;
  grid.epoch++;
  const told = await ask((16 + 1) * 8, 15.7 * BEAT);
  expect(told?.map(({ at }) => Math.round(at / 50_000))).toEqual([160, 160]);
});

test('no metre and no tempo of the grid is beyond it', async () => {
  for (const beats of [0.5, 1, 3.5, 4.3, 7, 64]) {
    const { grid, predictor, ask } = rig(fixedModel(KICK_AND_SNARE, 15));
    grid.beatsPerBar = () => beats;
    grid.barLine = (beat) => Math.floor(beat / beats) * beats;
    playBars(predictor, 0, 40);
    for (let slot = 40 * 32; slot < 40 * 32 + 9; slot++) {
      const told = (await ask(slot, slot * SLOT - 100_000)) ?? [];
      expect(told.every(({ at, likely }) => Number.isFinite(at) && Number.isFinite(likely))).toBe(
        true,
      );
    }
  }
});

test('hours of playing are like minutes: votes and means stay what they were', async () => {
  const seen: Float32Array[] = [];
  const model = fixedModel(KICK_AND_SNARE, 15);
  const told: Model = {
    ...model,
    run: (inputs) => {
      seen.push(Float32Array.from(inputs['classes']?.data as Float32Array));
      return model.run(inputs);
    },
  };
  const { predictor, ask } = rig(told);
  for (const [from, to] of [
    [0, 250],
    [250, 1_200],
  ] as const) {
    playBars(predictor, from, to - from);
    await ask(to * 32, (to * 32 - 2) * SLOT);
  }
  const [early, late] = seen;
  expect(early?.every((value, i) => Math.abs(value - (late?.[i] ?? 9)) < 0.03)).toBe(true);
});
