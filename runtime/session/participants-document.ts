/**
 * The participants document: what each box says of itself. FORMAT.md, "structure".
 *
 * Takes  typed patches of this box's own entry; it has no means to write another's.
 * Gives  every entry, each value checked: peers may have written anything.
 * Keeps  nothing but the document, and what was read of it until it changes.
 *
 * An entry is written in four parts, as each part has a signature of its own: what rarely changes is not signed,
 * sent and verified with what changes every second.
 */
import { z } from 'zod';
import { type BoxId, type LinkStats, ROLES, type Role } from '../core/ensemble.ts';
import type { Micros } from '../core/time.ts';
import { isAddress, isBoxId, isPort, MAX_NAME, plainText } from '../transport/link/hello.ts';
import type { DocumentRules } from './document-gate.ts';
import { parsedOnce } from './parsed-once.ts';
import { type SignedDocument, unsigned } from './signed-document.ts';

export interface ParticipantEntry {
  readonly name: string;
  readonly instrument: string;
  readonly role: Role | null;
  readonly roleByHand: boolean;
  /** When its link is gone, others may carry on its part for a while. */
  readonly carryOn: boolean;
  readonly addresses: readonly string[];
  readonly linkPort: number;
  readonly rtpPort: number;
  readonly ssrc: number;
  readonly boot: number;
  /** Boxes it has a link to. */
  readonly links: readonly BoxId[];
  /** Boxes that pass packets on for it, as it sees it, best first; none: a full mesh. */
  readonly forwarders: readonly BoxId[];
  /** It has followed the session's reference, and could take its place. */
  readonly keepsTime: boolean;
  /** How the streams from others fare at that box. */
  readonly stats: Readonly<Record<BoxId, LinkStats>>;
  /** False after a goodbye. */
  readonly present: boolean;
  /** Milliseconds of wall time, for people. */
  readonly joined: number;
}

/** Boxes that may have been in a session in all its life; how many play in it at once is another limit (topology.ts). */
export const MAX_MEMBERS = 128;
/** More than the doorkeepers let in: two of them may let in the last one at once. */
export const MAX_ROOTS: number = 2 * MAX_MEMBERS;
export const MAX_ADDRESSES = 8;
const MAX_FORWARDERS = 2;

const text = z.string().max(MAX_NAME);
const port = z.custom<number>(isPort);
const uint32 = z.number().int().min(0).max(0xffff_ffff);
const boxId = z.custom<BoxId>(isBoxId);
const duration = z.number().min(0).max(1e9).nullable();
const STATS = z.tuple([
  duration,
  duration,
  z.number().min(0).max(1),
  z.number().min(0).max(Number.MAX_SAFE_INTEGER),
]);

const PARTS = {
  profile: z.object({
    name: text,
    instrument: text,
    role: z.enum(ROLES as readonly [Role, ...Role[]]).nullable(),
    roleByHand: z.boolean(),
    // Boxes from before there was prediction don't say.
    carryOn: z.boolean().default(false),
    joined: z.number().min(0).max(Number.MAX_SAFE_INTEGER),
  }),
  place: z.object({
    addresses: z
      .array(z.custom<string>((value) => value !== '' && isAddress(value)))
      .max(MAX_ADDRESSES),
    linkPort: port,
    rtpPort: port,
    ssrc: uint32,
    boot: uint32,
    present: z.boolean(),
  }),
  links: z.object({
    links: z.array(boxId).max(MAX_ROOTS),
    forwarders: z.array(boxId).max(MAX_FORWARDERS),
    keepsTime: z.boolean(),
  }),
  stats: z.object({ stats: z.record(boxId, STATS) }),
};
type Part = keyof typeof PARTS;
const READ = {
  profile: parsedOnce(PARTS.profile),
  place: parsedOnce(PARTS.place),
  links: parsedOnce(PARTS.links),
  stats: parsedOnce(PARTS.stats),
};

const PART_OF: { readonly [Field in keyof ParticipantEntry]: Part } = {
  name: 'profile',
  instrument: 'profile',
  role: 'profile',
  roleByHand: 'profile',
  carryOn: 'profile',
  joined: 'profile',
  addresses: 'place',
  linkPort: 'place',
  rtpPort: 'place',
  ssrc: 'place',
  boot: 'place',
  present: 'place',
  links: 'links',
  forwarders: 'links',
  keepsTime: 'links',
  stats: 'stats',
};

const NOTHING: ParticipantEntry = {
  name: '',
  instrument: '',
  role: null,
  roleByHand: false,
  carryOn: false,
  addresses: [],
  linkPort: 0,
  rtpPort: 0,
  ssrc: 0,
  boot: 0,
  links: [],
  forwarders: [],
  keepsTime: false,
  stats: {},
  present: true,
  joined: 0,
};

/** Keys come from others: an object knows some by its prototype. */
const isPart = (key: string): key is Part => Object.hasOwn(PARTS, key);

export const participantsRules: DocumentRules = {
  maxRoots: MAX_ROOTS,
  isKey: isPart,
  isValue: (key, value) => isPart(key) && READ[key](value) !== undefined,
};

export class ParticipantsDocument {
  readonly document: SignedDocument;
  readonly #entries = new Map<BoxId, ParticipantEntry>();
  #order: readonly BoxId[] | undefined;
  #sorted: ReadonlyMap<BoxId, ParticipantEntry> | undefined;

  constructor(document: SignedDocument) {
    this.document = document;
    for (const box of document.boxes) {
      const parts = Object.entries(document.valuesOf(box));
      const entry = parts.reduce((read, [part, value]) => readPart(read, part, value), NOTHING);
      this.#entries.set(box, entry);
    }
    document.onChange((values) => {
      this.#sorted = undefined;
      for (const { root, key, stored } of values) {
        const box = document.boxOf(root);
        if (!box) continue;
        const known = this.#entries.get(box);
        this.#entries.set(box, readPart(known ?? NOTHING, key, unsigned(stored)));
        if (!known) this.#order = undefined;
      }
    });
  }

  /** By id, in order of ids. The same object until something changes. */
  get entries(): ReadonlyMap<BoxId, ParticipantEntry> {
    this.#order ??= [...this.#entries.keys()].sort();
    this.#sorted ??= new Map(this.#order.map((box) => [box, this.#entries.get(box) ?? NOTHING]));
    return this.#sorted;
  }

  setSelf(patch: Partial<ParticipantEntry>): void {
    const next = { ...(this.#entries.get(this.document.self) ?? NOTHING), ...patch };
    const parts: Record<string, Record<string, unknown>> = {};
    const touched = new Set(
      Object.keys(patch).map((field) => PART_OF[field as keyof typeof PART_OF]),
    );
    for (const [field, part] of Object.entries(PART_OF)) {
      if (!touched.has(part)) continue;
      const value = field === 'stats' ? packStats(next.stats) : next[field as keyof typeof next];
      parts[part] = { ...parts[part], [field]: value };
    }
    this.document.set(parts);
  }
}

/** What a box has not said, or in a way that doesn't fit, stays as it was. */
function readPart(entry: ParticipantEntry, part: string, value: unknown): ParticipantEntry {
  switch (part) {
    case 'profile': {
      const data = READ.profile(value);
      if (!data) return entry;
      const name = plainText(data.name, MAX_NAME);
      return { ...entry, ...data, name, instrument: plainText(data.instrument, MAX_NAME) };
    }
    case 'place':
      return { ...entry, ...READ.place(value) };
    case 'links':
      return { ...entry, ...READ.links(value) };
    case 'stats': {
      const data = READ.stats(value);
      return data ? { ...entry, stats: unpackStats(data.stats as PackedStats) } : entry;
    }
    default:
      return entry;
  }
}

type PackedStats = Partial<Record<BoxId, Packed>>;
type Packed = readonly [number | null, number | null, number, number];

/** Rounded, so that figures at rest are not written again. */
function packStats(stats: ParticipantEntry['stats']): Record<string, Packed> {
  const packed: Record<string, Packed> = {};
  for (const [id, { rtt, jitter, loss, recovered }] of Object.entries<LinkStats>(stats)) {
    packed[id] = [round(rtt), round(jitter), Math.round(loss * 1e4) / 1e4, recovered];
  }
  return packed;
}

const round = (value: Micros | undefined): number | null =>
  value === undefined ? null : Math.round(value / 10) * 10;

function unpackStats(packed: Partial<Record<BoxId, Packed>>): ParticipantEntry['stats'] {
  const stats: Record<BoxId, LinkStats> = {};
  for (const [id, figures] of Object.entries<Packed | undefined>(packed)) {
    if (!figures) continue;
    const [rtt, jitter, loss, recovered] = figures;
    stats[id as BoxId] = {
      rtt: (rtt ?? undefined) as Micros | undefined,
      jitter: (jitter ?? undefined) as Micros | undefined,
      loss,
      recovered,
    };
  }
  return stats;
}
