/**
 * Updates of the session's documents: independent values, in Yjs encoding version 1. FORMAT.md, "structure".
 *
 * Takes  values with their places; the bytes of an update, from anyone.
 * Gives  the bytes of an update; the values of an update, or the fault. Each value is a struct of its own, with clock 0
 *        and no neighbours, so that values may come in any order, and nothing has to be kept of what was written over.
 * Keeps  nothing. The cost is linear in the bytes; nothing is allocated ahead of what was read.
 */
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

export interface DocumentValue {
  readonly client: number;
  /** Name of the map. */
  readonly root: string;
  readonly key: string;
  /** The value with who signed it (runtime/privacy/signed-value.ts). */
  readonly stored: unknown;
}

export type UpdateFault =
  /** No update. */
  | 'malformed'
  /** Something other than a plain value under a key of a root map. */
  | 'shape'
  | 'root'
  | 'key'
  | 'value'
  | 'author'
  | 'signature'
  /** More to verify than a peer may ask for. */
  | 'rate';

export type DecodedUpdate =
  | { readonly ok: true; readonly values: readonly DocumentValue[] }
  | { readonly ok: false; readonly fault: UpdateFault };

const KEY = /^[a-zA-Z][a-zA-Z0-9]{0,31}$/;
const MAX_CLIENT = 2 ** 53 - 1;
const MAX_DEPTH = 7;
const MAX_PARTS = 768;
const MAX_TEXT = 1_024;
/** Struct info of Yjs: content of type "any", with a key of a map. */
const ANY_UNDER_KEY = 0b0010_1000;
const PARENT_IS_ROOT = 1;
const MALFORMED: DecodedUpdate = { ok: false, fault: 'malformed' };

export function encodeUpdate(values: readonly DocumentValue[]): Uint8Array {
  const encoder = encoding.createEncoder();
  // Yjs reads clients in any order and writes them from the greatest down.
  const sorted = [...values].sort((a, b) => b.client - a.client);
  encoding.writeVarUint(encoder, sorted.length);
  for (const { client, root, key, stored } of sorted) {
    encoding.writeVarUint(encoder, 1);
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, 0);
    encoding.writeUint8(encoder, ANY_UNDER_KEY);
    encoding.writeVarUint(encoder, PARENT_IS_ROOT);
    encoding.writeVarString(encoder, root);
    encoding.writeVarString(encoder, key);
    encoding.writeVarUint(encoder, 1);
    encoding.writeAny(encoder, stored as Parameters<typeof encoding.writeAny>[1]);
  }
  // Nothing is ever removed.
  encoding.writeVarUint(encoder, 0);
  return encoding.toUint8Array(encoder);
}

/** `present`: client ids of what is here. */
export function encodeStateVector(present: Iterable<number>): Uint8Array {
  const clients = [...present].sort((a, b) => b - a);
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, clients.length);
  for (const client of clients) {
    encoding.writeVarUint(encoder, client);
    encoding.writeVarUint(encoder, 1);
  }
  return encoding.toUint8Array(encoder);
}

export function decodeUpdate(update: Uint8Array): DecodedUpdate {
  let decoded: ReturnType<typeof Y.decodeUpdate>;
  try {
    decoded = Y.decodeUpdate(update);
  } catch {
    // Yjs throws at bytes that end early, unknown content and text that is no UTF-8; nothing was applied.
    return MALFORMED;
  }
  if (decoded.ds.clients.size > 0) return { ok: false, fault: 'shape' };
  const values: DocumentValue[] = [];
  const places = new Set<string>();
  for (const struct of decoded.structs) {
    const value = readStruct(struct);
    if (typeof value === 'string') return { ok: false, fault: value };
    const place = `${value.root} ${value.key}`;
    if (places.has(place)) return { ok: false, fault: 'shape' };
    places.add(place);
    values.push(value);
  }
  return { ok: true, values };
}

function readStruct(struct: Y.Item | Y.GC | Y.Skip): DocumentValue | UpdateFault {
  if (!(struct instanceof Y.Item)) return 'shape';
  const { id, length, origin, rightOrigin, content } = struct;
  if (id.client > MAX_CLIENT || id.clock !== 0 || length !== 1) return 'shape';
  if (origin !== null || rightOrigin !== null) return 'shape';
  // Until it is applied, a struct of a root map has the name of the map here.
  const root: unknown = struct.parent;
  const key = struct.parentSub;
  if (typeof root !== 'string') return 'shape';
  if (key === null || !KEY.test(key)) return 'key';
  if (!(content instanceof Y.ContentAny) || content.arr.length !== 1) return 'shape';
  const stored: unknown = content.arr[0];
  if (!isPlain(stored, MAX_DEPTH, { left: MAX_PARTS })) return 'value';
  return { client: id.client, root, key, stored };
}

/** A value of JSON within bounds; `budget` is what may still follow. */
function isPlain(value: unknown, depth: number, budget: { left: number }): boolean {
  if (--budget.left < 0) return false;
  switch (typeof value) {
    case 'string':
      return value.length <= MAX_TEXT;
    case 'number':
      return Number.isFinite(value);
    case 'boolean':
      return true;
    case 'object':
      break;
    default:
      return false;
  }
  if (value === null) return true;
  if (depth === 0 || value instanceof Uint8Array) return false;
  if (Array.isArray(value)) return value.every((part) => isPlain(part, depth - 1, budget));
  return Object.entries(value).every(
    ([key, part]) => key.length <= MAX_TEXT && isPlain(part, depth - 1, budget),
  );
}
