/**
 * The trained models that came with the program, in the thread that runs them.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Teardown } from '../core/lifecycle.ts';
import type { Log } from '../core/log.ts';
import type { Inference } from '../ports/inference.ts';
import { loadModels, type ModelFiles, type Models } from '../prediction/predictor/models.ts';
import { openOnnxWorkerInference } from './onnx-worker-inference.ts';

/** `models-quantized`, whether the program runs compiled (build/runtime/platform) or from its sources. */
export function modelsFolder(): string {
  const root = import.meta.url.endsWith('.ts') ? '../..' : '../../..';
  return fileURLToPath(new URL(`${root}/models-quantized`, import.meta.url));
}

/** For a box: a slow model holds up nobody. Disposing ends the thread. What can't be loaded is said in the log. */
export async function openProgramModels(deps: { readonly log: Log }): Promise<Models> {
  const held = new Teardown();
  const inference = held.hold(openOnnxWorkerInference());
  const models = held.hold(await readProgramModels({ ...deps, inference }));
  const { drums, pitched } = models;
  return { drums, pitched, [Symbol.asyncDispose]: () => held[Symbol.asyncDispose]() };
}

/** `folder`: other models than the program's own. */
export function readProgramModels(
  deps: { readonly log: Log; readonly inference: Inference },
  { folder = modelsFolder() }: { readonly folder?: string } = {},
): Promise<Models> {
  return loadModels({ ...deps, files: filesIn(folder) });
}

function filesIn(folder: string): ModelFiles {
  return {
    read: async (key) => {
      try {
        return await readFile(join(folder, key));
      } catch (failure) {
        if (failure instanceof Error && 'code' in failure && failure.code === 'ENOENT') {
          return undefined;
        }
        throw failure;
      }
    },
  };
}
