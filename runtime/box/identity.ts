import type { BoxId } from '../core/ensemble.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { Storage } from '../ports/storage.ts';

const KEY = 'identity/box-id';
const BOX_ID = /^[0-9a-f]{32}$/;

/** This box's id, for life: made at the first start. An unreadable one is replaced, and peers see a new box. */
export async function loadIdentity(deps: {
  readonly storage: Storage;
  readonly randomness: Randomness;
}): Promise<BoxId> {
  const stored = await deps.storage.read(KEY);
  const text = stored === undefined ? '' : new TextDecoder().decode(stored);
  if (BOX_ID.test(text)) return text as BoxId;
  const made = Array.from(deps.randomness.bytes(16), (octet) =>
    octet.toString(16).padStart(2, '0'),
  ).join('');
  await deps.storage.write(KEY, new TextEncoder().encode(made));
  return made as BoxId;
}
