/**
 * Packets for boxes that this one has no link with: handed to a box that passes them on, and passed on for others.
 *
 * Takes  packets as they would go over a lane; packets of kind `forwarded` and `probe` from lanes; who passes on for whom.
 * Gives  the same packets, unread, on the next lane; and those for this box, with the box that they are from.
 * Keeps  nothing per packet: what can't go now is lost, as on a network, and counted. PACKETS.md, "forwarding".
 * Lane   1. Allocates nothing per packet.
 *
 * One hop, never two: a packet is passed on only if its source is the authenticated far end that it came from, and taken
 * only from a box that passes packets on. The one who is first in line is watched: silent for 0.3 s after it was sent
 * something, and packets go by way of the next as well; for 0.7 s, and they go there only. Nobody has to be told.
 */
import { after, elapsed, fromMillis, type Instant, type Micros } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import {
  BOX_OCTETS,
  FORWARD_HEADER_OCTETS,
  LANE_HEADER_OCTETS,
  LANE_OCTETS,
  sameBox,
  writeLaneHeader,
} from './lane-packets.ts';
import type { LaneEnd, LaneTable } from './lane-table.ts';

/** While packets go by them. */
export const PROBE_EVERY: Micros = fromMillis(100);
/** While nobody owes an answer. */
export const PROBE_LOOK: Micros = fromMillis(250);
/** While none do; and those who are not the first. */
const PROBE_IDLE_EVERY: Micros = fromMillis(1_000);
const PROBE_SPARE_EVERY: Micros = fromMillis(2_000);
/** Packets that come twice are dropped by their numbers. */
const DOUBTFUL: Micros = fromMillis(300);
/** Several questions and a long way. */
const SILENT: Micros = fromMillis(700);
const NO_TIME = 0 as Micros;
/** What is heard in the very moment counts as an answer. */
const JUST_AFTER = 1 as Micros;
const NOBODY: readonly LaneEnd[] = [];
/** More than this is no slowness. */
const SLOWEST: Micros = fromMillis(500);
const TIMES = 3;
const ASKS = 0;
const ANSWERS = 1;

export class Forwarding {
  /** Passed on for others. */
  relayed = 0;
  /** For a box that there is no way to. */
  unrouted = 0;
  /** Above what one box may send. */
  flooded = 0;
  /** By a box that passes nothing on, or from a box that is not in the session. */
  unexpected = 0;
  readonly #clock: Clock;
  readonly #self: Uint8Array;
  readonly #ssrc: number;
  readonly #table: LaneTable;
  readonly #onForged: (end: LaneEnd) => void;
  readonly #packet = new Uint8Array(LANE_OCTETS);
  readonly #probe = new Uint8Array(LANE_HEADER_OCTETS + 1);
  readonly #ways: LaneEnd[] = [];
  #vias: readonly LaneEnd[] = [];

  constructor(
    deps: {
      readonly clock: Clock;
      readonly table: LaneTable;
      /** It sent a packet in another box's name, to be passed on: no mistake does that. */
      readonly onForged: (end: LaneEnd) => void;
    },
    init: { readonly self: Uint8Array; readonly ssrc: number },
  ) {
    this.#clock = deps.clock;
    this.#table = deps.table;
    this.#onForged = deps.onForged;
    this.#self = init.self;
    this.#ssrc = init.ssrc;
  }

  /** Those whom packets for somebody go by, the one that most go by first. */
  set vias(ends: readonly LaneEnd[]) {
    this.#vias = ends;
  }

  /** Asks those who pass packets on, and were not heard lately, whether they are there. True: an answer is due. */
  probe(now: Instant, late: boolean): boolean {
    let waits = false;
    for (let i = 0; i < this.#vias.length; i++) {
      const via = this.#vias[i] as LaneEnd;
      // This box was away: what has come meanwhile is not seen yet.
      if (late && via.owesSince > via.heardAt) via.owesSince = now;
      const unheard = via.owesSince > via.heardAt;
      const wait = unheard ? PROBE_EVERY : i === 0 ? PROBE_IDLE_EVERY : PROBE_SPARE_EVERY;
      const since = unheard ? via.owesSince : via.heardAt;
      if (!via.lane || elapsed(since, now) < wait) continue;
      noteSent(via, now);
      this.#sendProbe(via, ASKS);
    }
    for (let i = 0; i < this.#vias.length; i++) {
      const via = this.#vias[i] as LaneEnd;
      if (via.owesSince > via.heardAt) waits = true;
    }
    return waits;
  }

  send(to: LaneEnd, packet: Uint8Array, length: number): void {
    const fits = length <= LANE_OCTETS - FORWARD_HEADER_OCTETS;
    const ways = fits ? this.waysTo(to, this.#clock.now()) : NOBODY;
    if (ways.length === 0) this.unrouted++;
    for (let i = 0; i < ways.length; i++) this.#sendBy(ways[i] as LaneEnd, to, packet, length);
  }

  /** Who passes on to it just now: one, or several while one is in doubt. Valid until the next call. */
  waysTo(to: LaneEnd, now: Instant): readonly LaneEnd[] {
    const { vias } = to;
    const ways = this.#ways;
    ways.length = 0;
    let silent: LaneEnd | undefined;
    for (let i = 0; i < vias.length; i++) {
      const via = vias[i] as LaneEnd;
      if (!via.lane) continue;
      const silence = via.owesSince > via.heardAt ? elapsed(via.owesSince, now) : NO_TIME;
      // One that is slow, or far, is given time: what goes twice makes it no quicker.
      const patience = Math.min(via.slowness, SLOWEST) * TIMES;
      if (silence < SILENT + patience) {
        ways.push(via);
        if (silence < DOUBTFUL + patience) return ways;
      } else silent ??= via;
    }
    if (ways.length === 0 && silent) ways.push(silent);
    return ways;
  }

  /** Whether it passes packets on to this box. */
  isVia(end: LaneEnd): boolean {
    return this.#vias.includes(end);
  }

  /** The box that a packet for this one is from; undefined when there is nothing here to be taken. */
  take(from: LaneEnd, packet: Uint8Array, at: Instant): LaneEnd | undefined {
    if (sameBox(this.#self, packet, LANE_HEADER_OCTETS)) return this.#taken(from, packet, at);
    if (!from.allowance.take(1, at)) {
      this.flooded++;
      return undefined;
    }
    if (!sameBox(from.id, packet, LANE_HEADER_OCTETS + BOX_OCTETS)) {
      this.#onForged(from);
      return undefined;
    }
    this.#relay(packet);
    return undefined;
  }

  takeProbe(from: LaneEnd, packet: Uint8Array, at: Instant): void {
    if (packet[LANE_HEADER_OCTETS] !== ASKS) return;
    if (from.allowance.take(1, at)) this.#sendProbe(from, ANSWERS);
    else this.flooded++;
  }

  #taken(from: LaneEnd, packet: Uint8Array, at: Instant): LaneEnd | undefined {
    const source = this.#table.find(packet, LANE_HEADER_OCTETS + BOX_OCTETS);
    if (!source || source === from || !this.#vias.includes(from)) {
      this.unexpected++;
      return undefined;
    }
    if (!source.allowance.take(1, at)) {
      this.flooded++;
      return undefined;
    }
    return source;
  }

  #relay(packet: Uint8Array): void {
    const to = this.#table.find(packet, LANE_HEADER_OCTETS);
    const lane = to?.lane;
    if (!to || !lane) {
      this.unrouted++;
      return;
    }
    const out = this.#packet;
    writeLaneHeader(out, 'forwarded', to.sequence++, this.#ssrc);
    copy(packet, LANE_HEADER_OCTETS, packet.length, out, LANE_HEADER_OCTETS);
    this.relayed++;
    lane.send(out, packet.length);
  }

  #sendBy(via: LaneEnd, to: LaneEnd, packet: Uint8Array, length: number): void {
    const out = this.#packet;
    writeLaneHeader(out, 'forwarded', via.sequence++, this.#ssrc);
    out.set(to.id, LANE_HEADER_OCTETS);
    out.set(this.#self, LANE_HEADER_OCTETS + BOX_OCTETS);
    copy(packet, 0, length, out, FORWARD_HEADER_OCTETS);
    noteSent(via, this.#clock.now());
    via.lane?.send(out, FORWARD_HEADER_OCTETS + length);
  }

  #sendProbe(to: LaneEnd, word: number): void {
    writeLaneHeader(this.#probe, 'probe', to.sequence++, this.#ssrc);
    this.#probe[LANE_HEADER_OCTETS] = word;
    to.lane?.send(this.#probe);
  }
}

/** Something is sent to it: from now on it should be heard. */
export function noteSent(via: LaneEnd, now: Instant): void {
  if (via.owesSince <= via.heardAt) via.owesSince = after(now, JUST_AFTER);
}

/** As `set` of a subarray does, without making one. */
export function copy(
  from: Uint8Array,
  begin: number,
  end: number,
  to: Uint8Array,
  at: number,
): void {
  for (let i = begin; i < end; i++) to[at + i - begin] = from[i] as number;
}
