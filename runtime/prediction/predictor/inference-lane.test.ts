import { expect, test } from 'vitest';
import { settle, VirtualClock } from '../../../sim/virtual-clock.ts';
import { fromMillis, instant } from '../../core/time.ts';
import type { Model, Tensor } from '../../ports/inference.ts';
import {
  type Asker,
  type InferenceLaneInit,
  openInferenceLane,
  QUESTIONS,
} from './inference-lane.ts';

/** Doubles its rows when the test says so. */
class DoublingModel implements Model {
  readonly inputNames: readonly string[] = ['x'];
  readonly outputNames: readonly string[] = ['y'];
  readonly waiting: { answer(): void; fail(): void }[] = [];
  readonly shapes: (readonly number[])[] = [];

  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>> {
    const x = inputs['x'];
    if (!x) throw new Error('x is missing');
    this.shapes.push(x.shape);
    const data = Float32Array.from(x.data as Float32Array, (value) => 2 * value);
    return new Promise((resolve, reject) => {
      this.waiting.push({
        answer: () => resolve({ y: { shape: x.shape, data } }),
        fail: () => reject(new Error('no')),
      });
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}
}

function open(init: InferenceLaneInit) {
  const clock = new VirtualClock(instant(0));
  const lane = openInferenceLane({ clock }, init);
  const model = new DoublingModel();
  const answers: { at: number; values: number[] }[] = [];
  const shape = ['rows', 2] as const;
  const asker = lane.openAsker(
    model,
    { inputs: [{ name: 'x', shape }], outputs: [{ name: 'y', shape }], maxRows: 3 },
    (question) =>
      answers.push({
        at: clock.now(),
        values: [...(question.outputs[0]?.subarray(0, 2 * question.rows) ?? [])],
      }),
  );
  return { clock, lane, model, answers, asker };
}

function ask(asker: Asker, ...values: number[]): void {
  const question = asker.take();
  if (!question) throw new Error('none is free');
  question.inputs[0]?.set(values);
  asker.ask(question, values.length / 2);
}

test('an answer counts when it comes; only the rows that were asked about are sent', async () => {
  const { lane, model, answers, asker } = open({});
  ask(asker, 1, 2, 3, 4);
  expect(lane.underWay).toBe(1);
  model.waiting[0]?.answer();
  await lane.settled();
  await settle();
  expect(answers).toEqual([{ at: 0, values: [2, 4, 6, 8] }]);
  expect(model.shapes).toEqual([[2, 2]]);
  expect(lane.stats).toMatchObject({ asked: 1, answered: 1 });
});

test('with an allowance it counts then, be it here sooner or awaited', async () => {
  const { clock, lane, model, answers, asker } = open({ allowance: fromMillis(3) });
  ask(asker, 1, 1);
  model.waiting[0]?.answer();
  await lane.settled();
  expect(answers).toEqual([]);
  clock.advanceTo(instant(3_000));
  expect(answers).toEqual([{ at: 3_000, values: [2, 2] }]);
});

test('answers that took too long are dropped, failures counted, and the questions are lent again', async () => {
  const { clock, lane, model, answers, asker } = open({ patience: fromMillis(50) });
  for (let i = 0; i < QUESTIONS; i++) ask(asker, i, i);
  expect(asker.take()).toBeUndefined();
  model.waiting[0]?.fail();
  await settle();
  clock.advanceTo(instant(60_000));
  for (const { answer } of model.waiting.slice(1)) answer();
  await lane.settled();
  await settle();
  expect(answers).toEqual([]);
  expect(lane.stats).toEqual({ asked: 4, answered: 0, late: 3, refused: 1, failed: 1 });
  expect(asker.take()).toBeDefined();
});

test('after it is disposed nothing is told any more', async () => {
  const { lane, model, answers, asker } = open({});
  ask(asker, 1, 1);
  asker[Symbol.dispose]();
  model.waiting[0]?.answer();
  await lane.settled();
  await settle();
  expect(answers).toEqual([]);
  expect(asker.take()).toBeUndefined();
});
