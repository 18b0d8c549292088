/**
 * Inference in a thread of its own: what the box uses, since onnxruntime computes within the call.
 *
 * Takes  models and runs, at any time.
 * Gives  what the worker answers (onnx-worker.ts).
 * Keeps  the worker, begun with the first model, and the promises it owes. When it dies, they are rejected, and so is what
 *        is asked of its models later: a predictor goes without answers, which is counted there.
 */
import fs from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { PortError } from '../core/errors.ts';
import type { Inference, Model, Tensor } from '../ports/inference.ts';
import type { InferenceAnswer, InferenceOrder } from './onnx-worker.ts';

export interface WorkerInference extends Inference, AsyncDisposable {}

interface Owed {
  readonly resolve: (answer: InferenceAnswer) => void;
  readonly reject: (failure: PortError) => void;
}

type Unnumbered<T> = T extends { readonly id: number } ? Omit<T, 'id'> : never;

export function openOnnxWorkerInference(): WorkerInference {
  return new ThreadInference();
}

class ThreadInference implements WorkerInference {
  readonly #owed = new Map<number, Owed>();
  #worker: Worker | undefined;
  #orders = 0;
  #isClosed = false;

  async load(onnx: Uint8Array): Promise<Model> {
    const answer = await this.order({ kind: 'load', onnx });
    if (answer.kind !== 'loaded') throw unexpected(answer);
    return new ThreadModel(this, answer);
  }

  order(order: Unnumbered<InferenceOrder>): Promise<InferenceAnswer> {
    if (this.#isClosed) {
      return Promise.reject(new PortError('closed', 'inference was disposed'));
    }
    try {
      this.#worker ??= this.#start();
    } catch (failure) {
      return Promise.reject(failure);
    }
    // While an answer is owed, the program doesn't end.
    this.#worker.ref();
    const id = ++this.#orders;
    const { promise, resolve, reject } = withResolvers<InferenceAnswer>();
    this.#owed.set(id, { resolve, reject });
    // Copied on the way: the sender may write into its buffers again at once.
    this.#worker.postMessage({ ...order, id });
    return promise;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#worker?.terminate();
    this.#refuse(new PortError('closed', 'inference was disposed'));
  }

  #start(): Worker {
    const worker = new Worker(workerFile(), { name: 'inference' });
    worker.on('message', (answer: InferenceAnswer) => {
      const owed = this.#owed.get(answer.id);
      this.#owed.delete(answer.id);
      if (answer.kind === 'failed') owed?.reject(new PortError(answer.code, answer.message));
      else owed?.resolve(answer);
      if (this.#owed.size === 0) worker.unref();
    });
    const gone = (why: string): void => {
      if (this.#worker !== worker) return;
      this.#isClosed = true;
      this.#refuse(new PortError('unavailable', `the inference thread ended (${why}); restart`));
    };
    worker.on('error', (failure) => gone(String(failure)));
    worker.on('exit', (code) => gone(`exit ${code}`));
    return worker;
  }

  #refuse(failure: PortError): void {
    for (const { reject } of this.#owed.values()) reject(failure);
    this.#owed.clear();
  }
}

class ThreadModel implements Model {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #thread: ThreadInference;
  readonly #id: number;
  #isReleased = false;

  constructor(
    thread: ThreadInference,
    { id, inputNames, outputNames }: Extract<InferenceAnswer, { kind: 'loaded' }>,
  ) {
    this.#thread = thread;
    this.#id = id;
    this.inputNames = inputNames;
    this.outputNames = outputNames;
  }

  async run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>> {
    if (this.#isReleased) throw new PortError('closed', 'this model was disposed');
    const answer = await this.#thread.order({ kind: 'run', model: this.#id, inputs });
    if (answer.kind !== 'ran') throw unexpected(answer);
    return answer.outputs;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isReleased) return;
    this.#isReleased = true;
    try {
      await this.#thread.order({ kind: 'release', model: this.#id });
    } catch (failure) {
      // The thread took its models along.
      if (!(failure instanceof PortError)) throw failure;
    }
  }
}

function withResolvers<T>(): {
  readonly promise: Promise<T>;
  readonly resolve: (value: T) => void;
  readonly reject: (failure: unknown) => void;
} {
  let resolve: (value: T) => void = () => {};
  let reject: (failure: unknown) => void = () => {};
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

function unexpected({ kind }: InferenceAnswer): PortError {
  return new PortError('invalid', `the inference thread answered "${kind}"`);
}

function workerFile(): URL {
  const source = import.meta.url.endsWith('.ts');
  const file = source
    ? new URL('../../build/runtime/platform/onnx-worker.js', import.meta.url)
    : new URL('./onnx-worker.js', import.meta.url);
  if (!fs.existsSync(file)) {
    throw new PortError(
      'unavailable',
      `there is no ${fileURLToPath(file)}: run "npx tsc -b" once, for threads run compiled code only`,
    );
  }
  return file;
}
