/**
 * ONNX models by onnxruntime-node: on the CPU, one thread per model, no telemetry, silent.
 * The library is loaded with the first model, so that a box without it still plays.
 */
import type { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node';
import { PortError } from '../core/errors.ts';
import type { Inference, Model, Tensor } from '../ports/inference.ts';

type Ort = typeof import('onnxruntime-node');

export function openOnnxInference(): Inference {
  return {
    async load(onnx) {
      const ort = await loadLibrary();
      try {
        const session = await ort.InferenceSession.create(Uint8Array.from(onnx), {
          executionProviders: ['cpu'],
          intraOpNumThreads: 1,
          interOpNumThreads: 1,
          executionMode: 'sequential',
          graphOptimizationLevel: 'all',
          logSeverityLevel: 4,
        });
        return new OnnxModel(ort, session);
      } catch (error) {
        throw new PortError('invalid', `this is no ONNX model that can run here: ${text(error)}`, {
          cause: error,
        });
      }
    },
  };
}

async function loadLibrary(): Promise<Ort> {
  try {
    return await import('onnxruntime-node');
  } catch (error) {
    throw new PortError(
      'unavailable',
      `onnxruntime-node can't be loaded (${text(error)}); install again for this machine`,
      { cause: error },
    );
  }
}

class OnnxModel implements Model {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #ort: Ort;
  #session: InferenceSession | undefined;
  /** The runs that are going on: a session must not be released under them. */
  readonly #running = new Set<Promise<unknown>>();

  constructor(ort: Ort, session: InferenceSession) {
    this.#ort = ort;
    this.#session = session;
    this.inputNames = [...session.inputNames];
    this.outputNames = [...session.outputNames];
  }

  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>> {
    const session = this.#session;
    if (!session) throw new PortError('closed', 'this model was disposed');
    const feeds: Record<string, OrtTensor> = {};
    for (const name of this.inputNames) {
      const input = inputs[name];
      if (!input) throw new PortError('invalid', `the model's input "${name}" is missing`);
      feeds[name] = this.#feed(name, input);
    }
    const running = session.run(feeds);
    this.#running.add(running);
    try {
      return tensorsFrom(await running);
    } catch (error) {
      if (error instanceof PortError) throw error;
      throw new PortError('invalid', `the model refused its inputs: ${text(error)}`, {
        cause: error,
      });
    } finally {
      this.#running.delete(running);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const session = this.#session;
    if (!session) return;
    this.#session = undefined;
    await Promise.allSettled(this.#running);
    await session.release();
  }

  #feed(name: string, { shape, data }: Tensor): OrtTensor {
    const size = shape.reduce((product, length) => product * length, 1);
    if (data.length !== size) {
      throw new PortError(
        'invalid',
        `input "${name}" has ${data.length} values, but the shape [${shape.join(', ')}] holds ${size}`,
      );
    }
    if (data instanceof Float32Array) return new this.#ort.Tensor('float32', data, shape);
    if (data instanceof Int32Array) return new this.#ort.Tensor('int32', data, shape);
    if (data instanceof BigInt64Array) return new this.#ort.Tensor('int64', data, shape);
    if (data instanceof Int8Array) return new this.#ort.Tensor('int8', data, shape);
    return new this.#ort.Tensor('uint8', data, shape);
  }
}

function tensorsFrom(outputs: InferenceSession.OnnxValueMapType): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { data, dims }] of Object.entries(outputs)) {
    if (
      data instanceof Float32Array ||
      data instanceof Int32Array ||
      data instanceof BigInt64Array ||
      data instanceof Int8Array ||
      data instanceof Uint8Array
    ) {
      tensors[name] = { shape: [...dims], data };
    } else {
      throw new PortError('invalid', `output "${name}" has a type that is not used here`);
    }
  }
  return tensors;
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
