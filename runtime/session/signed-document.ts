/**
 * A document of signed values: a Yjs document with a root map for each box, which that box alone writes. FORMAT.md,
 * "structure".
 *
 * Takes  values of this box; values of others that have passed the gate (document-gate.ts).
 * Gives  the present values by box and key; what a far end lacks, as updates; word of each change.
 * Keeps  one value a key: what was written over is dropped for good, so that hours of changes leave no trace.
 */
import * as Y from 'yjs';
import type { BoxId, SessionId } from '../core/ensemble.ts';
import { Listeners } from '../core/listeners.ts';
import { decodeBase64Url } from '../privacy/base64url.ts';
import { type Identity, PUBLIC_KEY_OCTETS } from '../privacy/identity.ts';
import { signValue } from '../privacy/signed-value.ts';
import { clientIdOf, countOf } from './client-id.ts';
import { type DocumentValue, encodeStateVector, encodeUpdate } from './document-update.ts';
import { sameValue } from './equality.ts';
import type { WriteCounter } from './write-counter.ts';

export interface SignedDocumentInit {
  readonly session: SessionId;
  readonly identity: Identity;
  readonly counter: WriteCounter;
  /** What comes before a box's id in the name of its map: values of one document are worth nothing in another. */
  readonly prefix: string;
}

/** Of structs that were written over, before the document is made anew without them. */
const MAX_OVERWRITTEN = 48;
const MAX_PASSED = 1_024;

export class SignedDocument {
  readonly session: SessionId;
  readonly self: BoxId;
  readonly #init: SignedDocumentInit;
  readonly #changed = new Listeners<[values: readonly DocumentValue[], origin: unknown]>();
  /** What this box has written since the document was opened, to be said again when it is lost. */
  readonly #own = new Map<string, unknown>();
  /** Client ids of values that there is no room for: they are not to be sent again and again. */
  readonly #passed = new Set<number>();
  #doc = new Y.Doc();
  #size = 0;

  constructor(init: SignedDocumentInit) {
    this.#init = init;
    this.session = init.session;
    this.self = init.identity.box;
  }

  rootOf(box: BoxId): string {
    return this.#init.prefix + box;
  }

  /** Undefined: no box has a map of that name. */
  boxOf(root: string): BoxId | undefined {
    const { prefix } = this.#init;
    const box = root.slice(prefix.length);
    return root.startsWith(prefix) && BOX_ID.test(box) ? (box as BoxId) : undefined;
  }

  /** Boxes that have written something, in order of ids. */
  get boxes(): readonly BoxId[] {
    const boxes = [...this.#doc.share.keys()].map((root) => this.boxOf(root));
    return boxes.filter((box) => box !== undefined).sort();
  }

  /** The present values of that box by key, without their signatures. */
  valuesOf(box: BoxId): Readonly<Record<string, unknown>> {
    const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    const map = this.#doc.share.get(this.rootOf(box));
    for (const [key, item] of map?._map ?? []) values[key] = unsigned(storedIn(item));
    return values;
  }

  at(root: string, key: string): DocumentValue | undefined {
    const item = this.#doc.share.get(root)?._map.get(key);
    return item && { client: item.id.client, root, key, stored: storedIn(item) };
  }

  /** The public key of a box that has written something. */
  keyOf(box: BoxId): Uint8Array | undefined {
    for (const item of this.#doc.share.get(this.rootOf(box))?._map.values() ?? []) {
      const stored = storedIn(item);
      if (Array.isArray(stored)) return decodeBase64Url(stored[1], PUBLIC_KEY_OCTETS);
    }
    return undefined;
  }

  keysOf(root: string): number {
    return this.#doc.share.get(root)?._map.size ?? 0;
  }

  /** All present values. */
  *values(): Generator<DocumentValue> {
    for (const [root, map] of this.#doc.share) {
      for (const [key, item] of map._map) {
        yield { client: item.id.client, root, key, stored: storedIn(item) };
      }
    }
  }

  /** Writes what differs from what is there. */
  set(values: Readonly<Record<string, unknown>>): void {
    const root = this.rootOf(this.self);
    const written: DocumentValue[] = [];
    for (const [key, given] of Object.entries(values)) {
      // Fields that are undefined are no JSON, and mean the same as none.
      const value: unknown = JSON.parse(JSON.stringify(given));
      this.#own.set(key, value);
      const present = this.at(root, key);
      if (present && sameValue(unsigned(present.stored), value)) continue;
      const count = this.#init.counter.next();
      // A box that has written all it can in its life says nothing new; what it said stays.
      if (count === undefined) return;
      const client = clientIdOf(this.self, count);
      const place = { session: this.session, root, key, client, clock: 0, origin: undefined };
      const stored = signValue(this.#init.identity, place, value);
      written.push({ client, root, key, stored });
    }
    this.apply(written, undefined);
  }

  /** Says again what another opening of the document by this box has come before. */
  reassert(): void {
    this.set(Object.fromEntries(this.#own));
  }

  /** Values whose signatures hold, each newer than what is there. */
  apply(values: readonly DocumentValue[], origin: unknown): void {
    if (values.length === 0) return;
    const own = this.rootOf(this.self);
    const replaced = values.some(({ root, key, client }) => this.at(root, key)?.client === client);
    if (replaced) this.#rebuild(values);
    else this.#integrate(values);
    for (const { root, client } of values) {
      if (root === own) this.#init.counter.atLeast(countOf(client) + 1);
    }
    if (this.#doc.store.clients.size > this.#size + MAX_OVERWRITTEN) this.#rebuild([]);
    this.#changed.emit(values, origin);
  }

  onChange(listener: (values: readonly DocumentValue[], origin: unknown) => void): Disposable {
    return this.#changed.add(listener);
  }

  stateVector(): Uint8Array {
    const clients = new Set(this.#passed);
    for (const { client } of this.values()) clients.add(client);
    return encodeStateVector(clients);
  }

  /** That value was seen, and there is no room for it here. */
  passOver(client: number): void {
    this.#passed.add(client);
    const [first] = this.#passed;
    if (this.#passed.size > MAX_PASSED && first !== undefined) this.#passed.delete(first);
  }

  /** Present values that a state vector doesn't have. Throws, as lib0 does, at what is no state vector. */
  missingIn(stateVector: Uint8Array): readonly DocumentValue[] {
    const had = Y.decodeStateVector(stateVector);
    return [...this.values()].filter(({ client }) => !had.has(client));
  }

  /** As one update, without the values under `but`: to be stored. */
  encode(but: ReadonlySet<string> = NONE): Uint8Array {
    return encodeUpdate([...this.values()].filter(({ key }) => !but.has(key)));
  }

  destroy(): void {
    this.#doc.destroy();
  }

  #integrate(values: readonly DocumentValue[]): void {
    for (const { root, key } of values) {
      if (!this.#doc.getMap(root).has(key)) this.#size++;
    }
    Y.applyUpdate(this.#doc, encodeUpdate(values));
  }

  /** Without what was written over; `values` take the places of those that are there. */
  #rebuild(values: readonly DocumentValue[]): void {
    const places = new Set(values.map(({ root, key }) => `${root} ${key}`));
    const kept = [...this.values()].filter(({ root, key }) => !places.has(`${root} ${key}`));
    this.#doc.destroy();
    this.#doc = new Y.Doc();
    this.#size = 0;
    this.#integrate([...kept, ...values]);
  }
}

const NONE: ReadonlySet<string> = new Set();
const BOX_ID = /^[0-9a-f]{32}$/;

/** Clock 0 and length 1: an item of ours has one value. */
const storedIn = (item: Y.Item): unknown => (item.content as Y.ContentAny).arr[0];

/** The value in what is stored. */
export const unsigned = (stored: unknown): unknown =>
  Array.isArray(stored) ? stored[0] : undefined;
