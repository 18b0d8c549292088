import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { expect, test } from 'vitest';
import { PortError } from '../../core/errors.ts';
import { type Log, silentLog } from '../../core/log.ts';
import type { Inference, Model } from '../../ports/inference.ts';
import { describeModel, loadModels } from './models.ts';
import { FEATURE_VERSION } from './pitched/pitched-features.ts';

const ONNX = Uint8Array.of(8, 7, 6, 5);

function manifestOf(onnx: Uint8Array, changes: Record<string, unknown> = {}): Uint8Array {
  const manifest = {
    name: 'pitched',
    version: '1',
    features: { version: FEATURE_VERSION },
    inputs: [{ name: 'context', shape: [1, 60], type: 'float32' }],
    outputs: [{ name: 'judged', shape: [-1, 3], type: 'float32' }],
    bytes: onnx.length,
    sha256: bytesToHex(sha256(onnx)),
    ...changes,
  };
  return new TextEncoder().encode(JSON.stringify(manifest));
}

class FakeInference implements Inference {
  loads = 0;
  disposed = 0;
  names: { readonly inputs: string[]; readonly outputs: string[] } = {
    inputs: ['context'],
    outputs: ['judged'],
  };

  async load(onnx: Uint8Array): Promise<Model> {
    this.loads++;
    if (onnx.length === 0) throw new PortError('invalid', 'this is no ONNX model');
    return {
      inputNames: this.names.inputs,
      outputNames: this.names.outputs,
      run: () => Promise.reject(new PortError('invalid', 'a model for tests')),
      [Symbol.asyncDispose]: async () => {
        this.disposed++;
      },
    };
  }
}

async function open(files: Record<string, Uint8Array>, inference = new FakeInference()) {
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => warnings.push(message) };
  const read = (key: string) => Promise.resolve(files[key]);
  const models = await loadModels({ inference, files: { read }, log });
  return { models, warnings, inference };
}

test('a model that is whole is loaded, and named by its version', async () => {
  const { models, inference } = await open({
    'pitched/model.json': manifestOf(ONNX),
    'pitched/model.onnx': ONNX,
  });
  expect(models.pitched.kind).toBe('loaded');
  expect(describeModel(models, 'bass')).toBe('pitched 1');
  expect(describeModel(models, 'rhythm')).toBe('statistics');
  await models[Symbol.asyncDispose]();
  await models[Symbol.asyncDispose]();
  expect(inference.disposed).toBe(1);
});

const damaged: [string, Record<string, Uint8Array>, string][] = [
  ['nothing is there', {}, 'pitched/model.json is missing'],
  ['the weights are missing', { 'pitched/model.json': manifestOf(ONNX) }, 'model.onnx is missing'],
  [
    'a bit of the weights is wrong',
    { 'pitched/model.json': manifestOf(ONNX), 'pitched/model.onnx': Uint8Array.of(8, 7, 6, 4) },
    'sha256 differs',
  ],
  [
    'the description is cut off',
    { 'pitched/model.json': manifestOf(ONNX).slice(0, 40), 'pitched/model.onnx': ONNX },
    'is no JSON',
  ],
  [
    'the description lacks its checksum',
    { 'pitched/model.json': manifestOf(ONNX, { sha256: 12 }), 'pitched/model.onnx': ONNX },
    'sha256',
  ],
  [
    'the features are of another version',
    {
      'pitched/model.json': manifestOf(ONNX, { features: { version: 99 } }),
      'pitched/model.onnx': ONNX,
    },
    'features of version 99',
  ],
  [
    'the file is no model',
    {
      'pitched/model.json': manifestOf(new Uint8Array(0), { bytes: 1 }),
      'pitched/model.onnx': new Uint8Array(0),
    },
    'no ONNX model',
  ],
];

for (const [how, files, words] of damaged) {
  test(`when ${how}, it is said in words, and statistics predict`, async () => {
    const { models, warnings } = await open(files);
    expect(models.pitched.kind === 'fault' && models.pitched.fault).toContain(words);
    expect(warnings.some((warning) => warning.includes(words))).toBe(true);
    expect(describeModel(models, 'melody')).toBe('statistics');
  });
}

test('a model without the tensors that it is described with is not used, and released', async () => {
  const inference = new FakeInference();
  inference.names = { inputs: ['other'], outputs: ['judged'] };
  const files = { 'pitched/model.json': manifestOf(ONNX), 'pitched/model.onnx': ONNX };
  const { models } = await open(files, inference);
  expect(models.pitched.kind === 'fault' && models.pitched.fault).toContain('"context"');
  expect(inference.disposed).toBe(1);
});
