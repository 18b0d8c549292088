/**
 * What an update may contain before it is tried. FORMAT.md, "structure" and "authors".
 *
 * Takes  the bytes of a Yjs update, from anyone.
 * Gives  its structs when each is a plain value under a permitted key by a permitted author, or the fault.
 * Keeps  nothing. The cost is linear in the bytes; nothing is allocated ahead of what was read.
 */
import * as Y from 'yjs';

export type UpdateFault =
  /** No update. */
  | 'malformed'
  /** Something other than a plain value under a key of a root map. */
  | 'shape'
  | 'root'
  | 'key'
  | 'value'
  | 'author'
  /** A key that was there would be gone. */
  | 'erased';

export interface DocumentRules {
  isRoot(name: string): boolean;
  readonly maxRoots: number;
  mayWrite(clientId: number, root: string): boolean;
}

export type Inspected =
  | { readonly ok: true; readonly items: readonly Y.Item[] }
  | { readonly ok: false; readonly fault: UpdateFault };

export const MAX_KEYS = 64;
const KEY = /^[a-zA-Z][a-zA-Z0-9]{0,31}$/;
const MAX_CLOCK = 2 ** 40;
const MAX_DEPTH = 4;
const MAX_PARTS = 512;
const MAX_TEXT = 1_024;

export function inspectUpdate(update: Uint8Array, rules: DocumentRules): Inspected {
  let structs: readonly (Y.Item | Y.GC | Y.Skip)[];
  try {
    structs = Y.decodeUpdate(update).structs;
  } catch {
    // Yjs throws at bytes that end early, unknown content and text that is no UTF-8; it has applied nothing yet.
    return { ok: false, fault: 'malformed' };
  }
  const items: Y.Item[] = [];
  for (const struct of structs) {
    if (!(struct instanceof Y.Item)) return { ok: false, fault: 'shape' };
    const fault = checkItem(struct, rules);
    if (fault) return { ok: false, fault };
    items.push(struct);
  }
  return { ok: true, items };
}

function checkItem(item: Y.Item, rules: DocumentRules): UpdateFault | undefined {
  if (item.id.clock + item.length > MAX_CLOCK || item.id.client >= Number.MAX_SAFE_INTEGER) {
    return 'malformed';
  }
  const { content } = item;
  if (content instanceof Y.ContentAny) {
    if (content.arr.length !== 1) return 'shape';
    if (!isPlain(content.arr[0], MAX_DEPTH, { left: MAX_PARTS })) return 'value';
  } else if (!(content instanceof Y.ContentDeleted)) {
    return 'shape';
  }
  // Here a root is still its name; undefined or null: the place follows from the neighbours, seen once it is applied.
  const parent: unknown = item.parent;
  if (parent === null) return undefined;
  if (typeof parent !== 'string') return 'shape';
  return checkPlace(item.id.client, parent, item.parentSub, rules);
}

/** Whether that author may put something under that key of that root. */
export function checkPlace(
  clientId: number,
  root: string,
  key: string | null,
  rules: DocumentRules,
): UpdateFault | undefined {
  if (!rules.isRoot(root)) return 'root';
  if (key === null || !KEY.test(key)) return 'key';
  return rules.mayWrite(clientId, root) ? undefined : 'author';
}

/** JSON-like, within bounds; `budget` is what may still follow. */
function isPlain(value: unknown, depth: number, budget: { left: number }): boolean {
  if (--budget.left < 0) return false;
  switch (typeof value) {
    case 'string':
      return value.length <= MAX_TEXT;
    case 'number':
    case 'boolean':
    case 'undefined':
      return true;
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth === 0 || value instanceof Uint8Array) return false;
  if (Array.isArray(value)) return value.every((part) => isPlain(part, depth - 1, budget));
  return Object.entries(value as object).every(
    ([key, part]) => key.length <= MAX_TEXT && isPlain(part, depth - 1, budget),
  );
}
