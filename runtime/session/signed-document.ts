/**
 * A document of signed values: a map for each box, which that box alone writes. FORMAT.md, "structure".
 *
 * Takes  values of this box; values of others that have passed the gate (document-gate.ts).
 * Gives  the present values by box and key; what a far end lacks, as updates; word of each change.
 * Keeps  one value a key: what was written over is dropped for good, so that hours of changes leave no trace.
 *
 * It is a Yjs document on the wire, and ends up with what a Y.Doc does with the same updates in any order (the tests hold
 * it to that). Of Yjs' own document it needs only the one rule that values without neighbours leave: the greater client
 * id stands. A Y.Doc would keep what was written over, and copy its whole state vector twice for each change.
 */
import * as Y from 'yjs';
import type { BoxId, SessionId } from '../core/ensemble.ts';
import { Listeners } from '../core/listeners.ts';
import { decodeBase64Url } from '../privacy/base64url.ts';
import { equalOctets } from '../privacy/equal-octets.ts';
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
  readonly #maps = new Map<string, Map<string, DocumentValue>>();
  /** Of the maps that there are. */
  /** Until something changes. */
  #vector: Uint8Array | undefined;
  readonly #authors = new Map<string, BoxId>();

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
    const known = this.#authors.get(root);
    if (known) return known;
    const { prefix } = this.#init;
    const box = root.slice(prefix.length);
    return root.startsWith(prefix) && BOX_ID.test(box) ? (box as BoxId) : undefined;
  }

  /** Boxes that have written something, in order of ids. */
  get boxes(): readonly BoxId[] {
    return [...this.#authors.values()].sort();
  }

  /** The present values of that box by key, without their signatures. */
  valuesOf(box: BoxId): Readonly<Record<string, unknown>> {
    const values: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    const map = this.#maps.get(this.rootOf(box));
    for (const [key, { stored }] of map ?? []) values[key] = unsigned(stored);
    return values;
  }

  at(root: string, key: string): DocumentValue | undefined {
    return this.#maps.get(root)?.get(key);
  }

  /** The public key of a box that has written something. */
  keyOf(box: BoxId): Uint8Array | undefined {
    for (const { stored } of this.#maps.get(this.rootOf(box))?.values() ?? []) {
      if (Array.isArray(stored)) return decodeBase64Url(stored[1], PUBLIC_KEY_OCTETS);
    }
    return undefined;
  }

  keysOf(root: string): number {
    return this.#maps.get(root)?.size ?? 0;
  }

  /** All present values. */
  *values(): Generator<DocumentValue> {
    for (const map of this.#maps.values()) yield* map.values();
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
    this.#vector = undefined;
    for (const value of values) {
      const { root, key, client } = value;
      this.#mapOf(root).set(key, value);
      if (root === own) this.#init.counter.atLeast(countOf(client) + 1);
    }
    this.#changed.emit(values, origin);
  }

  onChange(listener: (values: readonly DocumentValue[], origin: unknown) => void): Disposable {
    return this.#changed.add(listener);
  }

  stateVector(): Uint8Array {
    if (this.#vector) return this.#vector;
    const clients = new Set(this.#passed);
    for (const { client } of this.values()) clients.add(client);
    this.#vector = encodeStateVector(clients);
    return this.#vector;
  }

  /** That value was seen, and there is no room for it here. */
  passOver(client: number): void {
    this.#vector = undefined;
    this.#passed.add(client);
    const [first] = this.#passed;
    if (this.#passed.size > MAX_PASSED && first !== undefined) this.#passed.delete(first);
  }

  /** Present values that a state vector doesn't have. Throws, as lib0 does, at what is no state vector. */
  missingIn(stateVector: Uint8Array): readonly DocumentValue[] {
    // Who is level, as most are who ask, has the same octets.
    if (equalOctets(stateVector, this.stateVector())) return [];
    const had = Y.decodeStateVector(stateVector);
    return [...this.values()].filter(({ client }) => !had.has(client));
  }

  /** As one update, without the values under `but`: to be stored. */
  encode(but: ReadonlySet<string> = NONE): Uint8Array {
    return encodeUpdate([...this.values()].filter(({ key }) => !but.has(key)));
  }

  #mapOf(root: string): Map<string, DocumentValue> {
    const known = this.#maps.get(root);
    if (known) return known;
    const author = this.boxOf(root);
    if (author !== undefined) this.#authors.set(root, author);
    const map = new Map<string, DocumentValue>();
    this.#maps.set(root, map);
    return map;
  }
}

const NONE: ReadonlySet<string> = new Set();
const BOX_ID = /^[0-9a-f]{32}$/;

/** The value in what is stored. */
export const unsigned = (stored: unknown): unknown =>
  Array.isArray(stored) ? stored[0] : undefined;
