/**
 * The trained models that came with the program, loaded for a command: for `render`, `eval prediction` and `run` alike.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Log } from '../runtime/core/log.ts';
import { openOnnxInference } from '../runtime/platform/onnx-inference.ts';
import {
  loadModels,
  type ModelFiles,
  type Models,
} from '../runtime/prediction/predictor/models.ts';

/** `models-quantized`, whether the program runs compiled (build/cli) or from its sources (cli). */
export function modelsFolder(): string {
  const place = import.meta.url.endsWith('.ts') ? '../models-quantized' : '../../models-quantized';
  return fileURLToPath(new URL(place, import.meta.url));
}

/** `folder`: other models than the program's own. */
export function loadProgramModels(
  deps: { readonly log: Log },
  { folder = modelsFolder() }: { readonly folder?: string } = {},
): Promise<Models> {
  return loadModels({ inference: openOnnxInference(), files: filesIn(folder), log: deps.log });
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
