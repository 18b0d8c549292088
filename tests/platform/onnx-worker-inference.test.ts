import { afterAll, expect, test } from 'vitest';
import { fromMillis } from '../../runtime/core/time.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import {
  openOnnxWorkerInference,
  type WorkerInference,
} from '../../runtime/platform/onnx-worker-inference.ts';
import { openInferenceLane, QUESTIONS } from '../../runtime/prediction/predictor/inference-lane.ts';
import { inferenceContract } from '../contracts/inference.contract.ts';
import { addModel, slowModel } from '../contracts/onnx-model.ts';

const opened: WorkerInference[] = [];
const open = (): WorkerInference => {
  const inference = openOnnxWorkerInference();
  opened.push(inference);
  return inference;
};
afterAll(async () => {
  for (const inference of opened) await inference[Symbol.asyncDispose]();
});

inferenceContract('OnnxWorkerInference', open);

test('once disposed it is closed, for its models too', async () => {
  const inference = open();
  const model = await inference.load(addModel('left', 'right', 'sum', 1));
  await inference[Symbol.asyncDispose]();
  await inference[Symbol.asyncDispose]();
  await expect(model.run({})).rejects.toMatchObject({ code: 'closed' });
  await expect(inference.load(new Uint8Array(0))).rejects.toMatchObject({ code: 'closed' });
  await model[Symbol.asyncDispose]();
});

test('a slow model blocks nobody; its late answers are dropped, and what it has no time for is refused', async () => {
  const size = 1_200;
  const inference = open();
  const model = await inference.load(slowModel('column', 'row', 'result', size));
  const lane = openInferenceLane({ clock: openMonotonicClock() }, { patience: fromMillis(1) });
  let answers = 0;
  const asker = lane.openAsker(
    model,
    {
      inputs: [
        { name: 'column', shape: [size, 1] },
        { name: 'row', shape: [1, size] },
      ],
      outputs: [{ name: 'result', shape: [1, 1] }],
      maxRows: 1,
    },
    () => answers++,
  );
  for (let question = 0; question < QUESTIONS; question++) {
    const taken = asker.take();
    if (!taken) throw new Error('nothing is under way yet');
    asker.ask(taken, 1);
  }
  expect(asker.take()).toBeUndefined();
  // The event path of this thread goes on: it has its turns while the model computes.
  let turns = 0;
  let settled = false;
  const done = lane.settled().then(() => {
    settled = true;
  });
  while (!settled) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
    turns++;
  }
  await done;
  expect(turns).toBeGreaterThan(100);
  expect(answers).toBe(0);
  expect(lane.stats).toEqual({ asked: 4, answered: 0, late: 4, refused: 1, failed: 0 });
  // They are lent again.
  expect(asker.take()).toBeDefined();
});
