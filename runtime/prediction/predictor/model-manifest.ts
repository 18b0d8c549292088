/**
 * model.json: what is said about a model beside its weights.
 *
 * Takes  the bytes of the file. Gives  the manifest, or what is wrong with it in words. Unknown members are kept out.
 * What the box relies on is checked: name, version, feature version, tensors, sha256. Metrics are for people.
 */
import { z } from 'zod';

const tensor = z.object({
  name: z.string().min(1),
  /** The batch is -1 where it is free. */
  shape: z.array(z.int()),
  type: z.string(),
});

const manifest = z.object({
  name: z.string().min(1),
  version: z.string().min(1),
  features: z.object({ version: z.int() }),
  inputs: z.array(tensor),
  outputs: z.array(tensor),
  bytes: z.int().positive(),
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export interface TensorDescription {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: string;
}

export interface ModelManifest {
  readonly name: string;
  readonly version: string;
  readonly features: { readonly version: number };
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
  readonly bytes: number;
  readonly sha256: string;
}

export type ReadManifest =
  | { readonly ok: true; readonly manifest: ModelManifest }
  | { readonly ok: false; readonly wrong: string };

export function readManifest(bytes: Uint8Array): ReadManifest {
  let content: unknown;
  try {
    content = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return { ok: false, wrong: 'is no JSON' };
  }
  const parsed = manifest.safeParse(content);
  if (parsed.success) return { ok: true, manifest: parsed.data };
  const [issue] = parsed.error.issues;
  const where = issue?.path.join('.') || 'the whole of it';
  return { ok: false, wrong: `is wrong at "${where}": ${issue?.message ?? 'unreadable'}` };
}
