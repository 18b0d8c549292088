import { describe, expect, test } from 'vitest';
import type { Inference, Tensor } from '../../runtime/ports/inference.ts';
import { addModel } from './onnx-model.ts';

const row = (...values: number[]): Tensor => ({
  shape: [1, values.length],
  data: Float32Array.from(values),
});

export function inferenceContract(name: string, open: () => Inference): void {
  describe(`${name} keeps the Inference contract`, () => {
    test('a model says the names of its inputs and outputs, and computes', async () => {
      await using model = await open().load(addModel('left', 'right', 'sum', 3));
      expect(model.inputNames).toEqual(['left', 'right']);
      expect(model.outputNames).toEqual(['sum']);
      const { sum } = await model.run({ left: row(1, 2, 3), right: row(10, 20, 30) });
      expect(sum).toEqual({ shape: [1, 3], data: Float32Array.of(11, 22, 33) });
    });

    test('runs at the same time do not disturb one another', async () => {
      await using model = await open().load(addModel('left', 'right', 'sum', 1));
      const runs = Array.from({ length: 20 }, (_, value) =>
        model.run({ left: row(value), right: row(value) }),
      );
      const sums = (await Promise.all(runs)).map((outputs) => outputs['sum']?.data[0]);
      expect(sums).toEqual(Array.from({ length: 20 }, (_, value) => 2 * value));
    });

    test.each([
      ['nothing', new Uint8Array(0)],
      ['text', new TextEncoder().encode('this is no model')],
      ['half a model', addModel('left', 'right', 'sum', 3).subarray(0, 40)],
    ])('%s is refused as invalid', async (_what, bytes) => {
      await expect(open().load(bytes)).rejects.toMatchObject({ code: 'invalid' });
    });

    test('missing and misshapen inputs are invalid, and the model goes on', async () => {
      await using model = await open().load(addModel('left', 'right', 'sum', 2));
      const invalid = { code: 'invalid' };
      await expect(model.run({ left: row(1, 2) })).rejects.toMatchObject(invalid);
      await expect(model.run({ left: row(1, 2), right: row(1, 2, 3) })).rejects.toMatchObject(
        invalid,
      );
      const short: Tensor = { shape: [1, 2], data: Float32Array.of(1) };
      await expect(model.run({ left: short, right: short })).rejects.toMatchObject(invalid);
      const whole: Tensor = { shape: [1, 2], data: Int32Array.of(1, 2) };
      await expect(model.run({ left: whole, right: whole })).rejects.toMatchObject(invalid);
      const { sum } = await model.run({ left: row(1, 2), right: row(1, 2) });
      expect(sum?.data).toEqual(Float32Array.of(2, 4));
    });

    test('a disposed model is closed, and disposing it again is harmless', async () => {
      const model = await open().load(addModel('left', 'right', 'sum', 1));
      const running = model.run({ left: row(1), right: row(2) });
      await model[Symbol.asyncDispose]();
      await model[Symbol.asyncDispose]();
      expect((await running)['sum']?.data).toEqual(Float32Array.of(3));
      await expect(model.run({ left: row(1), right: row(2) })).rejects.toMatchObject({
        code: 'closed',
      });
    });
  });
}
