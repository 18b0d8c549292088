/**
 * The session control document: what the session is, for everybody in it. FORMAT.md, "structure" and "authority".
 *
 * Takes  what this box says; whose word counts (authority.ts).
 * Gives  the present state: of all that the boxes say, what holds.
 * Keeps  nothing but the document, and what was read of it until it changes.
 */
import { hexToBytes } from '@noble/hashes/utils.js';
import type { BoxId, JamMode, Song, Timeline } from '../core/ensemble.ts';
import type { EnsembleTime } from '../core/time.ts';
import { sessionOfProof } from '../privacy/membership-proof.ts';
import {
  type Authority,
  type ControlRegisters,
  effective,
  hostChain,
  nextStamp,
  type Said,
  withinStamp,
} from './authority.ts';
import { countOf } from './client-id.ts';
import {
  type ClockReference,
  type ControlKey,
  type ControlValues,
  isControlKey,
  isControlValue,
  MAX_STAMP,
  type Registers,
  readRegister,
} from './control-values.ts';
import type { DocumentRules } from './document-gate.ts';
import type { DocumentValue } from './document-update.ts';
import { sameValue } from './equality.ts';
import { MAX_ROOTS } from './participants-document.ts';
import { type SignedDocument, unsigned } from './signed-document.ts';

export interface ControlState {
  readonly name: string | undefined;
  readonly timeline: Timeline;
  /** Whether anybody has set the timeline yet. */
  readonly begun: boolean;
  readonly song: Song | undefined;
  readonly mode: JamMode;
  readonly reference: ClockReference | undefined;
  readonly locked: boolean;
  /** Boxes that nobody plays the notes of, by id. */
  readonly muted: readonly BoxId[];
  /** Boxes that nobody lets in, by id. */
  readonly removed: readonly BoxId[];
}

export type ControlPatch = Partial<ControlValues>;

export const controlRules: DocumentRules = {
  maxRoots: MAX_ROOTS,
  isKey: isControlKey,
  isValue: isControlValue,
};

/** Said by each box for itself: what others say does not make it superfluous. */
const PER_BOX: ReadonlySet<ControlKey> = new Set(['made', 'host', 'standsIn', 'reference']);
const DEFAULT_TIMELINE: Timeline = { origin: 0 as EnsembleTime, bpm: 120, beatsPerBar: 4 };

export class ControlDocument {
  readonly document: SignedDocument;
  /** All that was said. */
  readonly #said = new Map<BoxId, Registers>();
  /** By box, how many values it has written at least. */
  readonly #written = new Map<BoxId, number>();
  /** What of it may count. */
  #registers: ControlRegisters = this.#said;
  #creator: BoxId | undefined;
  #authority: Authority | undefined;
  #read: ControlState | undefined;

  constructor(document: SignedDocument) {
    this.document = document;
    this.#take(document.values());
    document.onChange((values) => this.#take(values));
  }

  get registers(): ControlRegisters {
    return this.#registers;
  }

  /** Whoever made the session, if it has said so here. */
  get creator(): BoxId | undefined {
    return this.#creator;
  }

  /** Until it is told otherwise, those count who hosted by right. */
  get authority(): Authority {
    return (
      this.#authority ?? { hosts: hostChain(this.#registers, this.#creator), reference: undefined }
    );
  }

  set authority(authority: Authority) {
    if (sameValue(authority, this.#authority)) return;
    this.#authority = authority;
    this.#read = undefined;
  }

  /** The same object until something changes. */
  get state(): ControlState {
    this.#read ??= this.#state();
    return this.#read;
  }

  said<Key extends ControlKey>(key: Key): Said<ControlValues[Key]> | undefined {
    return effective(this.#registers, this.authority, key);
  }

  /** What holds is said by this box, too: it counts whoever else's word does not any more. */
  adopt(keys: readonly ControlKey[]): void {
    const stamp = nextStamp(this.#registers, this.authority, MAX_STAMP);
    const mine = this.document.self;
    const held = keys.flatMap((key) => {
      const said = this.said(key);
      return said && said.author !== mine ? [[key, [stamp, said.value]] as const] : [];
    });
    this.document.set(Object.fromEntries(held));
  }

  set(patch: ControlPatch): void {
    const stamp = nextStamp(this.#registers, this.authority, MAX_STAMP);
    const own: Registers = this.#registers.get(this.document.self) ?? {};
    const changes = Object.entries(patch).filter(([name, value]) => {
      const key = name as ControlKey;
      // A session that comes back to a box is handed over anew.
      if (key === 'host') return true;
      const holds = PER_BOX.has(key) ? own[key] : this.said(key);
      return !holds || !sameValue(holds.value, value);
    });
    this.document.set(Object.fromEntries(changes.map(([key, value]) => [key, [stamp, value]])));
  }

  #take(values: Iterable<DocumentValue>): void {
    this.#read = undefined;
    for (const value of values) this.#parse(value);
    let most = 0;
    for (const written of this.#written.values()) most += written;
    this.#registers = withinStamp(this.#said, most);
  }

  #parse({ root, key, client, stored }: DocumentValue): void {
    const box = this.document.boxOf(root);
    if (!box) return;
    this.#written.set(box, Math.max(this.#written.get(box) ?? 0, countOf(client) + 1));
    const registers = readRegister(this.#said.get(box) ?? {}, key, unsigned(stored));
    this.#said.set(box, registers);
    if (key === 'made' && this.#creator === undefined && registers.made) {
      const maker = this.document.keyOf(box);
      const nonce = hexToBytes(registers.made.value);
      const made = maker && sessionOfProof({ creator: maker, nonce, grants: [] });
      if (made === this.document.session) this.#creator = box;
    }
  }

  /** Whoever stands in for the host can't put it out. */
  #removed(): readonly BoxId[] {
    const present = this.authority.hosts.filter(({ until }) => until === Number.POSITIVE_INFINITY);
    const hosts = new Set(present.map(({ box }) => box));
    return (this.said('removed')?.value ?? []).filter((box) => !hosts.has(box));
  }

  #state(): ControlState {
    const timeline = this.said('timeline')?.value;
    return {
      name: this.said('name')?.value,
      timeline: timeline ?? DEFAULT_TIMELINE,
      begun: timeline !== undefined,
      song: this.said('song')?.value,
      mode: this.said('mode')?.value ?? 'auto',
      reference: this.authority.reference,
      locked: this.said('locked')?.value ?? false,
      muted: this.said('muted')?.value ?? [],
      removed: this.#removed(),
    };
  }
}
