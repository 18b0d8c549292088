/**
 * Updates of the session's documents: independent values, in Yjs encoding version 1. FORMAT.md, "structure".
 *
 * Takes  values with their places; the bytes of an update, from anyone.
 * Gives  the bytes of an update; the values of an update, or the fault. Each value is a struct of its own, with clock 0
 *        and no neighbours, so that values may come in any order, and nothing has to be kept of what was written over.
 * Keeps  nothing. The cost is linear in the bytes; nothing is allocated ahead of what was read.
 */
import * as decoding from 'lib0/decoding';
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

export function encodeUpdate(values: readonly DocumentValue[]): Uint8Array {
  const encoder = encoding.createEncoder();
  // Yjs reads clients in any order and writes them from the greatest down.
  const sorted = values.length > 1 ? [...values].sort((a, b) => b.client - a.client) : values;
  encoding.writeVarUint(encoder, sorted.length);
  for (const value of sorted) encoding.writeUint8Array(encoder, encodedStruct(value));
  // Nothing is ever removed.
  encoding.writeVarUint(encoder, 0);
  return encoding.toUint8Array(encoder);
}

/** Of that value in an update. */
export const encodedLength = (value: DocumentValue): number => encodedStruct(value).length;

/** A value is encoded once, however many peers it is told to. */
const encodedStructs = new WeakMap<DocumentValue, Uint8Array>();

function encodedStruct(value: DocumentValue): Uint8Array {
  const known = encodedStructs.get(value);
  if (known) return known;
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, 1);
  encoding.writeVarUint(encoder, value.client);
  encoding.writeVarUint(encoder, 0);
  encoding.writeUint8(encoder, ANY_UNDER_KEY);
  encoding.writeVarUint(encoder, PARENT_IS_ROOT);
  encoding.writeVarString(encoder, value.root);
  encoding.writeVarString(encoder, value.key);
  encoding.writeVarUint(encoder, 1);
  encoding.writeAny(encoder, value.stored as Parameters<typeof encoding.writeAny>[1]);
  const encoded = encoding.toUint8Array(encoder);
  encodedStructs.set(value, encoded);
  return encoded;
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
  const values = readValues(update) ?? readByYjs(update);
  if (typeof values === 'string') return { ok: false, fault: values };
  const places = new Set<string>();
  for (const value of values) {
    const fault = faultIn(value);
    if (fault !== undefined) return { ok: false, fault };
    const place = `${value.root} ${value.key}`;
    if (places.has(place)) return { ok: false, fault: 'shape' };
    places.add(place);
  }
  return { ok: true, values };
}

function faultIn({ client, key, stored }: DocumentValue): UpdateFault | undefined {
  if (client > MAX_CLIENT) return 'shape';
  if (!KEY.test(key)) return 'key';
  return isPlain(stored, MAX_DEPTH, { left: MAX_PARTS }) ? undefined : 'value';
}

/** As `encodeUpdate` writes them. Undefined: it is something else, which may be right all the same. */
function readValues(update: Uint8Array): DocumentValue[] | undefined {
  const decoder = decoding.createDecoder(update);
  try {
    const values: DocumentValue[] = [];
    for (let left = decoding.readVarUint(decoder); left > 0; left--) {
      if (decoding.readVarUint(decoder) !== 1) return undefined;
      const client = decoding.readVarUint(decoder);
      if (decoding.readVarUint(decoder) !== 0) return undefined;
      if (decoding.readUint8(decoder) !== ANY_UNDER_KEY) return undefined;
      if (decoding.readVarUint(decoder) !== PARENT_IS_ROOT) return undefined;
      const root = decoding.readVarString(decoder);
      const key = decoding.readVarString(decoder);
      if (decoding.readVarUint(decoder) !== 1) return undefined;
      values.push({ client, root, key, stored: decoding.readAny(decoder) });
    }
    const nothingRemoved = decoding.readVarUint(decoder) === 0;
    return nothingRemoved && !decoding.hasContent(decoder) ? values : undefined;
  } catch {
    // lib0 throws at octets that end early and text that is no UTF-8: Yjs says what is wrong.
    return undefined;
  }
}

function readByYjs(update: Uint8Array): DocumentValue[] | UpdateFault {
  let decoded: ReturnType<typeof Y.decodeUpdate>;
  try {
    decoded = Y.decodeUpdate(update);
  } catch {
    // Yjs throws at bytes that end early, unknown content and text that is no UTF-8; nothing was applied.
    return 'malformed';
  }
  if (decoded.ds.clients.size > 0) return 'shape';
  const values: DocumentValue[] = [];
  for (const struct of decoded.structs) {
    const value = readStruct(struct);
    if (typeof value === 'string') return value;
    values.push(value);
  }
  return values;
}

function readStruct(struct: Y.Item | Y.GC | Y.Skip): DocumentValue | UpdateFault {
  if (!(struct instanceof Y.Item)) return 'shape';
  const { id, length, origin, rightOrigin, content } = struct;
  if (id.clock !== 0 || length !== 1) return 'shape';
  if (origin !== null || rightOrigin !== null) return 'shape';
  // Until it is applied, a struct of a root map has the name of the map here.
  const root: unknown = struct.parent;
  const key = struct.parentSub;
  if (typeof root !== 'string') return 'shape';
  if (key === null) return 'key';
  if (!(content instanceof Y.ContentAny) || content.arr.length !== 1) return 'shape';
  return { client: id.client, root, key, stored: content.arr[0] };
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
