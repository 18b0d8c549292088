/**
 * What each event and each decision costs, on a virtual clock with the models in this process: CPU time of the process, so
 * that a busy machine doesn't matter. A decision is its features and the run of the model that it asked for.
 */
import { silentLog } from '../../runtime/core/log.ts';
import { fromMillis, type Instant } from '../../runtime/core/time.ts';
import { openOnnxInference } from '../../runtime/platform/onnx-inference.ts';
import { readProgramModels } from '../../runtime/platform/program-models.ts';
import type { Inference } from '../../runtime/ports/inference.ts';
import { openPredictionEngine } from '../../runtime/prediction/engine.ts';
import { ClickGrid } from '../../runtime/prediction/grid/click-grid.ts';
import { openInferenceLane } from '../../runtime/prediction/predictor/inference-lane.ts';
import { openPartPredictors } from '../../runtime/prediction/predictor/models-part-predictors.ts';
import type { PartPredictor } from '../../runtime/prediction/predictor/part-predictor.ts';
import type { PartPredictors } from '../../runtime/prediction/predictor/part-predictors.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { type BenchPlayer, benchEvents } from './prediction-players.ts';

export interface Cost {
  readonly count: number;
  readonly mean: number;
  readonly p99: number;
  readonly most: number;
}

export type Costs = Readonly<Record<'event' | 'decision' | 'features' | 'inference', Cost>>;

/** Models are compiled and caches warm after so many seconds of playing. */
const WARM_UP = 5e6;

export async function measureCosts(
  players: readonly BenchPlayer[],
  seconds: number,
): Promise<Costs> {
  const clock = new VirtualClock(0 as Instant);
  const lane = openInferenceLane({ clock }, { allowance: fromMillis(3) });
  const events: number[] = [];
  const decisions = new Decisions();
  await using models = await readProgramModels({
    log: silentLog,
    inference: decisions.timedInference(openOnnxInference()),
  });
  const click = new ClickGrid();
  click.setClick(0, 120, 4);
  const engine = openPredictionEngine({
    clock,
    click,
    predictors: decisions.timedPredictors(openPartPredictors({ lane, models })),
    play: () => {},
    release: () => {},
  });
  engine.setMode('tight');
  for (const { name, role } of players) engine.setRole(name, role);
  let isWarm = false;
  for (const { player, on, key, velocity, performed, arrived } of benchEvents(players, seconds)) {
    for (let due = clock.nextDue; due !== undefined && due <= arrived; due = clock.nextDue) {
      clock.advanceTo(due);
      if (lane.underWay > 0) await lane.settled();
    }
    clock.advanceTo(arrived as Instant);
    if (!isWarm && arrived > WARM_UP) {
      isWarm = true;
      events.length = 0;
      decisions.forget();
    }
    const kind = on ? 'noteOn' : 'noteOff';
    const message = { kind, channel: player.channel, key, velocity } as const;
    const begun = cpuMillis();
    engine.receive(player.name, message, performed as Instant, arrived as Instant, false);
    events.push(cpuMillis() - begun);
  }
  await engine[Symbol.asyncDispose]();
  return {
    event: costOf(events),
    decision: costOf(decisions.whole),
    features: costOf(decisions.features),
    inference: costOf(decisions.inferences),
  };
}

function cpuMillis(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1_000;
}

/** Times of decisions; models are asked while a decision is made, and run one after the other. */
class Decisions {
  readonly features: number[] = [];
  readonly inferences: number[] = [];
  readonly whole: number[] = [];
  #deciding = -1;
  #runs: Promise<unknown> = Promise.resolve();

  forget(): void {
    for (const list of [this.features, this.inferences, this.whole]) list.length = 0;
  }

  timedInference(inference: Inference): Inference {
    return {
      load: async (onnx) => {
        const model = await inference.load(onnx);
        return {
          inputNames: model.inputNames,
          outputNames: model.outputNames,
          run: (inputs) => {
            const decision = this.#deciding;
            const run = this.#runs.then(async () => {
              const begun = cpuMillis();
              const outputs = await model.run(inputs);
              this.#ran(decision, cpuMillis() - begun);
              return outputs;
            });
            this.#runs = run.catch(() => {});
            return run;
          },
          [Symbol.asyncDispose]: () => model[Symbol.asyncDispose](),
        };
      },
    };
  }

  timedPredictors(inner: PartPredictors): PartPredictors {
    return {
      open: (part) => this.#timedPredictor(inner.open(part)),
      close: (source) => inner.close(source),
      describe: (role) => inner.describe(role),
    };
  }

  #timedPredictor(inner: PartPredictor): PartPredictor {
    return {
      noteOn: (channel, key, velocity, at) => inner.noteOn(channel, key, velocity, at),
      noteOff: (channel, key, at) => inner.noteOff(channel, key, at),
      decide: (slot, now, knownUntil, done) => {
        const decision = this.whole.length;
        this.whole.push(0);
        this.#deciding = decision;
        const begun = cpuMillis();
        inner.decide(slot, now, knownUntil, done);
        const took = cpuMillis() - begun;
        this.#deciding = -1;
        this.features.push(took);
        this.whole[decision] = took;
      },
      expectedTime: (slot) => inner.expectedTime(slot),
      reset: () => inner.reset(),
    };
  }

  #ran(decision: number, took: number): void {
    this.inferences.push(took);
    const features = this.whole[decision];
    if (features !== undefined) this.whole[decision] = features + took;
  }
}

function costOf(times: readonly number[]): Cost {
  const sorted = times.toSorted((a, b) => a - b);
  return {
    count: times.length,
    mean: times.reduce((sum, time) => sum + time, 0) / Math.max(1, times.length),
    p99: sorted[Math.floor(0.99 * (sorted.length - 1))] ?? 0,
    most: sorted.at(-1) ?? 0,
  };
}
