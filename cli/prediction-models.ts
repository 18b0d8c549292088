/**
 * The program's trained models for commands that wait for them (`render`, `eval prediction`): run where they are asked.
 */
import type { Log } from '../runtime/core/log.ts';
import { openOnnxInference } from '../runtime/platform/onnx-inference.ts';
import { readProgramModels } from '../runtime/platform/program-models.ts';
import type { Models } from '../runtime/prediction/predictor/models.ts';

/** `folder`: other models than the program's own. */
export function loadProgramModels(
  deps: { readonly log: Log },
  init: { readonly folder?: string } = {},
): Promise<Models> {
  return readProgramModels({ ...deps, inference: openOnnxInference() }, init);
}
