/**
 * The boxes that packets come from and go to: by the host of their place, and by the octets of their ids.
 *
 * Keeps  at most 256; the oldest one without lane or route gives way. A box's addresses are the same objects as long as it
 *        is remembered, so that an AppleMIDI session outlives the link under it.
 */
import type { BoxId } from '../../core/ensemble.ts';
import { elapsed, type Instant, type Micros, micros } from '../../core/time.ts';
import { TokenBucket } from '../../core/token-bucket.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { PacketLane } from '../../ports/peer-connection.ts';
import { BOX_OCTETS, boxKey, sameBox } from './lane-packets.ts';
import { placeOfBox } from './place.ts';

/** Ports of a place: those of the two AppleMIDI sockets there. */
const CONTROL_PORT = 0;
export const DATA_PORT = 1;
const MOST = 256;
/** Packets of one box, whichever way they come. Dense playing with two copies of each is some 3,000. */
const PACKETS_PER_SECOND = 5_000;
const PACKETS_AT_ONCE = 5_000;
/** What is remembered of how slow an answer was, from one to the next. */
const KEPT = 0.9;
/** Of these: to be copied to many. */
const COPIED_PER_SECOND = 1_000;
const COPIED_AT_ONCE = 1_000;

export class LaneEnd {
  readonly box: BoxId;
  readonly id: Uint8Array;
  readonly control: NetAddress;
  readonly data: NetAddress;
  readonly allowance: TokenBucket = new TokenBucket(PACKETS_PER_SECOND, PACKETS_AT_ONCE);
  readonly copied: TokenBucket = new TokenBucket(COPIED_PER_SECOND, COPIED_AT_ONCE);
  /** Newest last: it is the one to send on. */
  lanes: readonly PacketLane[] = [];
  /** Who passes packets on to it, best first, while there is no lane. */
  vias: readonly LaneEnd[] = [];
  /** When anything came over a lane of its own. */
  heardAt = 0 as Instant;
  /** Since when it was sent something, if nothing was heard from it since. */
  owesSince = 0 as Instant;
  /** How long it took to be heard after that, lately at most. */
  slowness = 0 as Micros;
  /** Of the next packet in our own numbering. */
  sequence = 0;
  /** All up to this packet of its stream came. */
  received = 0;
  /** Who listens to its stream, and what they received since it was told last. */
  readonly heardBy: Map<LaneEnd, number> = new Map();

  constructor(box: BoxId) {
    this.box = box;
    this.id = octetsOf(box);
    this.control = placeOfBox(box, CONTROL_PORT);
    this.data = placeOfBox(box, DATA_PORT);
  }

  /** Something came over a lane of its own. */
  heard(at: Instant): void {
    if (this.owesSince > this.heardAt && at > this.owesSince) {
      this.slowness = micros(Math.max(elapsed(this.owesSince, at), this.slowness * KEPT));
    }
    this.heardAt = at;
  }

  get lane(): PacketLane | undefined {
    return this.lanes.length === 0 ? undefined : this.lanes[this.lanes.length - 1];
  }
}

export class LaneTable {
  readonly #byHost = new Map<string, LaneEnd>();
  readonly #byKey = new Map<number, LaneEnd[]>();

  get all(): Iterable<LaneEnd> {
    return this.#byHost.values();
  }

  at(host: string): LaneEnd | undefined {
    return this.#byHost.get(host);
  }

  /** Whose id these octets are. */
  find(octets: Uint8Array, at: number): LaneEnd | undefined {
    const ends = this.#byKey.get(boxKey(octets, at));
    if (!ends) return undefined;
    for (let i = 0; i < ends.length; i++) {
      const end = ends[i] as LaneEnd;
      if (sameBox(end.id, octets, at)) return end;
    }
    return undefined;
  }

  of(box: BoxId): LaneEnd {
    const known = this.#byHost.get(placeOfBox(box).host);
    if (known) return known;
    if (this.#byHost.size >= MOST) this.#forget();
    const end = new LaneEnd(box);
    this.#byHost.set(end.control.host, end);
    const key = boxKey(end.id, 0);
    this.#byKey.set(key, [...(this.#byKey.get(key) ?? []), end]);
    return end;
  }

  #forget(): void {
    for (const [host, end] of this.#byHost) {
      if (end.lanes.length > 0 || end.vias.length > 0) continue;
      const key = boxKey(end.id, 0);
      const others = this.#byKey.get(key)?.filter((other) => other !== end) ?? [];
      if (others.length > 0) this.#byKey.set(key, others);
      else this.#byKey.delete(key);
      this.#byHost.delete(host);
      return;
    }
  }
}

export function octetsOf(box: BoxId): Uint8Array {
  const octets = new Uint8Array(BOX_OCTETS);
  for (let i = 0; i < BOX_OCTETS; i++) octets[i] = Number.parseInt(box.slice(2 * i, 2 * i + 2), 16);
  return octets;
}
