/**
 * The participants document: what each box says of itself. FORMAT.md, "structure".
 *
 * Takes  typed patches of this box's own entry; it has no means to write another's.
 * Gives  every entry, each value checked: peers may have written anything.
 * Keeps  nothing but the document.
 */
import * as Y from 'yjs';
import { z } from 'zod';
import { type BoxId, type LinkStats, ROLES, type Role } from '../core/ensemble.ts';
import type { Micros } from '../core/time.ts';
import { isAddress, isBoxId, isPort, MAX_NAME, plainText } from '../transport/link/hello.ts';
import { isClientIdOf } from './client-id.ts';
import { sameValue } from './equality.ts';
import type { DocumentRules } from './update-rules.ts';

export interface ParticipantEntry {
  readonly name: string;
  readonly instrument: string;
  readonly role: Role | null;
  readonly roleByHand: boolean;
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

/** Boxes that a session takes in; those gone by count as long as the session lasts. */
export const MAX_MEMBERS = 64;
export const MAX_ADDRESSES = 8;

export const participantsRules: DocumentRules = {
  isRoot: isBoxId,
  // More than the doorkeepers let in: two of them may let in the last one at once.
  maxRoots: 2 * MAX_MEMBERS,
  mayWrite: isClientIdOf,
};

const uint32 = z.number().int().min(0).max(0xffff_ffff).catch(0);
const flag = (fallback: boolean): z.ZodCatch<z.ZodBoolean> => z.boolean().catch(fallback);
const text = z
  .string()
  .catch('')
  .transform((value) => plainText(value, MAX_NAME));
const port = z.custom<number>(isPort).catch(0);
const duration = z.number().min(0).max(1e9).nullable();
const STATS = z.tuple([
  duration,
  duration,
  z.number().min(0).max(1),
  z.number().min(0).max(Number.MAX_SAFE_INTEGER),
]);

const ENTRY = z.object({
  name: text,
  instrument: text,
  role: z
    .enum(ROLES as readonly [Role, ...Role[]])
    .nullable()
    .catch(null),
  roleByHand: flag(false),
  addresses: z
    .array(z.custom<string>((value) => value !== '' && isAddress(value)))
    .max(MAX_ADDRESSES)
    .catch([]),
  linkPort: port,
  rtpPort: port,
  ssrc: uint32,
  boot: uint32,
  links: z
    .array(z.custom<BoxId>(isBoxId))
    .max(2 * MAX_MEMBERS)
    .catch([]),
  forwarders: z.array(z.custom<BoxId>(isBoxId)).max(2).catch([]),
  keepsTime: flag(false),
  stats: z.record(z.custom<BoxId>(isBoxId), STATS).catch({}).transform(unpackStats),
  present: flag(true),
  joined: z.number().min(0).max(Number.MAX_SAFE_INTEGER).catch(0),
});

export class ParticipantsDocument {
  readonly doc: Y.Doc;
  readonly #self: BoxId;
  #read: ReadonlyMap<BoxId, ParticipantEntry> | undefined;

  constructor(self: BoxId, clientId: number) {
    this.doc = new Y.Doc();
    this.doc.clientID = clientId;
    this.#self = self;
    this.doc.on('afterTransaction', () => {
      this.#read = undefined;
    });
  }

  /** By id, in order of ids. The same object until something changes. */
  get entries(): ReadonlyMap<BoxId, ParticipantEntry> {
    this.#read ??= new Map(
      [...this.doc.share.keys()]
        .filter(isBoxId)
        .filter((id) => this.doc.getMap(id).size > 0)
        .sort()
        .map((id) => [id, ENTRY.parse(this.doc.getMap(id).toJSON())]),
    );
    return this.#read;
  }

  setSelf(patch: Partial<ParticipantEntry>): void {
    const map = this.doc.getMap(this.#self);
    this.doc.transact(() => {
      for (const [key, value] of Object.entries(patch)) {
        const written = key === 'stats' ? packStats(patch.stats ?? {}) : value;
        if (!sameValue(map.get(key), written)) map.set(key, written);
      }
    });
  }
}

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
