/**
 * The trained models of the box: loaded, checked, and opened as predictors for the parts of a session.
 *
 * Takes  model files (`drums/model.json`, `drums/model.onnx`, `pitched/...`) from wherever the platform keeps them.
 * Gives  a PartPredictors: the drum model for rhythm, the pitched one for the other roles, and lag votes wherever a model is
 *        missing or corrupt, which is said in words and in the log.
 * Keeps  the loaded models until disposed; a BandHistory for each grid, which the parts on it share as context.
 * Lane   2 (predictors); loading is lane 3.
 */
import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import type { Role } from '../../core/ensemble.ts';
import type { Log } from '../../core/log.ts';
import type { Inference, Model } from '../../ports/inference.ts';
import { FEATURE_VERSION as DRUM_FEATURE_VERSION } from './drums/drum-features.ts';
import { readManifest } from './model-manifest.ts';
import { FEATURE_VERSION as PITCHED_FEATURE_VERSION } from './pitched/pitched-features.ts';

export type ModelName = 'drums' | 'pitched';

/** As much of the Storage port as is needed; a folder of the program works as well. */
export interface ModelFiles {
  /** Undefined when there is none. */
  read(key: string): Promise<Uint8Array | undefined>;
}

export interface ModelDeps {
  readonly inference: Inference;
  readonly files: ModelFiles;
  readonly log: Log;
}

export interface LoadedModel {
  readonly model: Model;
  readonly version: string;
}

/** `fault` says for people what is wrong and what to do. */
export type ModelState =
  | { readonly kind: 'loaded'; readonly loaded: LoadedModel }
  | { readonly kind: 'fault'; readonly fault: string };

export interface Models extends AsyncDisposable {
  readonly drums: ModelState;
  readonly pitched: ModelState;
}

const FEATURE_VERSIONS: Readonly<Record<ModelName, number>> = {
  drums: DRUM_FEATURE_VERSION,
  pitched: PITCHED_FEATURE_VERSION,
};
const WHAT_TO_DO = 'install the box software again; until then players are predicted by statistics';

/** Never rejects: what can't be loaded is a fault, and the box plays without it. */
export async function loadModels(deps: ModelDeps): Promise<Models> {
  const [drums, pitched] = await Promise.all([load(deps, 'drums'), load(deps, 'pitched')]);
  let isDisposed = false;
  return {
    drums,
    pitched,
    async [Symbol.asyncDispose]() {
      if (isDisposed) return;
      isDisposed = true;
      for (const state of [drums, pitched]) {
        if (state.kind === 'loaded') await state.loaded.model[Symbol.asyncDispose]();
      }
    },
  };
}

async function load({ inference, files, log }: ModelDeps, name: ModelName): Promise<ModelState> {
  try {
    const loaded = await loadChecked(inference, files, name);
    if (typeof loaded !== 'string') return { kind: 'loaded', loaded };
    const fault = `${loaded}; ${WHAT_TO_DO}`;
    log.warn(`prediction model not used: ${fault}`, { model: name });
    return { kind: 'fault', fault };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const fault = `the ${name} model can't be loaded (${reason}); ${WHAT_TO_DO}`;
    log.warn(`prediction model not used: ${fault}`, { model: name });
    return { kind: 'fault', fault };
  }
}

/** The model, or what is wrong with it. */
async function loadChecked(
  inference: Inference,
  files: ModelFiles,
  name: ModelName,
): Promise<LoadedModel | string> {
  const description = await files.read(`${name}/model.json`);
  if (!description) return `${name}/model.json is missing`;
  const read = readManifest(description);
  if (!read.ok) return `${name}/model.json ${read.wrong}`;
  const { manifest } = read;
  const version = FEATURE_VERSIONS[name];
  if (manifest.features.version !== version) {
    return `${name}/model.json is for features of version ${manifest.features.version}, this software has ${version}`;
  }
  const onnx = await files.read(`${name}/model.onnx`);
  if (!onnx) return `${name}/model.onnx is missing`;
  if (bytesToHex(sha256(onnx)) !== manifest.sha256) {
    return `${name}/model.onnx is not the file that model.json describes (${onnx.length} bytes, sha256 differs)`;
  }
  const model = await inference.load(onnx);
  const lacks = [
    ...manifest.inputs.filter((input) => !model.inputNames.includes(input.name)),
    ...manifest.outputs.filter((output) => !model.outputNames.includes(output.name)),
  ];
  if (lacks.length === 0) return { model, version: manifest.version };
  await model[Symbol.asyncDispose]();
  return `${name}/model.onnx lacks the tensor "${lacks[0]?.name}" that model.json names`;
}

/** For the panel and the log: `pitched 1`, or `statistics`. */
export function describeModel({ drums, pitched }: Models, role: Role): string {
  const state = role === 'rhythm' ? drums : pitched;
  const name: ModelName = role === 'rhythm' ? 'drums' : 'pitched';
  return state.kind === 'loaded' ? `${name} ${state.loaded.version}` : 'statistics';
}
