/**
 * The thread that runs models, so that a slow one holds up nobody: the event path goes on while it computes.
 *
 * Takes  orders by message: load, run, release. In that order; a run waits for the one before it.
 * Gives  an answer to each load and run.
 * Keeps  the loaded models.
 */
import { parentPort } from 'node:worker_threads';
import { PortError, type PortErrorCode } from '../core/errors.ts';
import type { Model, Tensor } from '../ports/inference.ts';
import { openOnnxInference } from './onnx-inference.ts';

export type InferenceOrder =
  | { readonly kind: 'load'; readonly id: number; readonly onnx: Uint8Array }
  | {
      readonly kind: 'run';
      readonly id: number;
      readonly model: number;
      readonly inputs: Readonly<Record<string, Tensor>>;
    }
  | { readonly kind: 'release'; readonly id: number; readonly model: number };

/** `id` is that of the order. */
export type InferenceAnswer =
  | {
      readonly kind: 'loaded';
      readonly id: number;
      readonly inputNames: readonly string[];
      readonly outputNames: readonly string[];
    }
  | {
      readonly kind: 'ran';
      readonly id: number;
      readonly outputs: Readonly<Record<string, Tensor>>;
    }
  | { readonly kind: 'released'; readonly id: number }
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly code: PortErrorCode;
      readonly message: string;
    };

if (parentPort) serve(parentPort);

function serve(port: NonNullable<typeof parentPort>): void {
  const inference = openOnnxInference();
  const models = new Map<number, Model>();

  const carryOut = async (order: InferenceOrder): Promise<InferenceAnswer> => {
    const { id } = order;
    switch (order.kind) {
      case 'load': {
        const model = await inference.load(order.onnx);
        models.set(id, model);
        const { inputNames, outputNames } = model;
        return { kind: 'loaded', id, inputNames, outputNames };
      }
      case 'run': {
        const model = models.get(order.model);
        if (!model) throw new PortError('closed', 'this model was disposed');
        return { kind: 'ran', id, outputs: await model.run(order.inputs) };
      }
      case 'release': {
        await models.get(order.model)?.[Symbol.asyncDispose]();
        models.delete(order.model);
        return { kind: 'released', id };
      }
    }
  };

  port.on('message', (order: InferenceOrder) => {
    carryOut(order).then(
      (answer) => port.postMessage(answer),
      (failure: unknown) => {
        const code = failure instanceof PortError ? failure.code : 'invalid';
        const message = failure instanceof Error ? failure.message : String(failure);
        port.postMessage({ kind: 'failed', id: order.id, code, message } satisfies InferenceAnswer);
      },
    );
  });
}
