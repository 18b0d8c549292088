/**
 * One stream of this box for all whom it is passed on to: sent once to whoever passes packets on, and copied there.
 *
 * Takes  a packet and whom it is for; packets of kinds `stream`, `copy` and `reports` from lanes.
 * Gives  packets on lanes; packets of others' streams; word of which packets of ours came, and of theirs to them.
 * Keeps  which numbers are to be reported: together, so that a link carries one packet of reports instead of one for each
 *        stream and listener. What can't go now is lost, and made up for as any loss. PACKETS.md, "streams for many".
 * Lane   1. Allocates nothing per packet.
 */
import { Listeners } from '../../core/listeners.ts';
import { after, fromMillis, type Instant, type Micros } from '../../core/time.ts';
import type { Alarm, Clock } from '../../ports/clock.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import { readUint16, writeUint16 } from '../rtp-midi/rtp-header.ts';
import { copy, type Forwarding, noteSent } from './forwarding.ts';
import {
  BOX_OCTETS,
  COPY_HEADER_OCTETS,
  LANE_HEADER_OCTETS,
  LANE_OCTETS,
  lanePacketKind,
  MOST_LEFT_OUT,
  MOST_REPORTS,
  REPORT_OCTETS,
  REPORTS_HEADER_OCTETS,
  readTime,
  STREAM_HEADER_OCTETS,
  sameBox,
  writeLaneHeader,
  writeTime,
} from './lane-packets.ts';
import type { LaneEnd, LaneTable } from './lane-table.ts';

/** From the first packet of a stream that came to word of it to who passes it on; there, from the first word to its source. */
const REPORT_AFTER: Micros = fromMillis(70);
const HAND_ON_AFTER: Micros = fromMillis(30);
/** First octet of reports: boxes are those whose streams came, or those to whom ours came. */
const CAME = 0;
const HEARD = 1;

/** What came of somebody's stream: octets of `packet` from `at` on. */
type CopyListener = [packet: Uint8Array, at: number, source: LaneEnd, time: number, now: Instant];

export class LaneStreams {
  /** Packets of ours or of others that were copied to many. */
  copies = 0;
  /** For whom there was no way. */
  unrouted = 0;
  flooded = 0;
  malformed = 0;
  /** Copied by a box that passes nothing on, or from one that is not in the session. */
  unexpected = 0;
  readonly #clock: Clock;
  readonly #table: LaneTable;
  readonly #forwarding: Forwarding;
  readonly #self: Uint8Array;
  readonly #ssrc: number;
  readonly #onCopy: (...args: CopyListener) => void;
  readonly #packet = new Uint8Array(LANE_OCTETS);
  readonly #alarm: Alarm;
  #alarmAt = Number.POSITIVE_INFINITY;
  readonly #heard = new Listeners<[by: NetAddress, sequence: number, at: Instant]>();
  /** Reused for each packet: whom it goes to, to be copied. */
  readonly #hops: LaneEnd[] = [];
  /** Whose streams brought something new since it was reported, and since when. */
  readonly #came: LaneEnd[] = [];
  #cameAt = 0 as Instant;
  /** Who is to be told what others received, and since when. */
  readonly #told: LaneEnd[] = [];
  #toldAt = 0 as Instant;

  constructor(
    deps: {
      readonly clock: Clock;
      readonly table: LaneTable;
      readonly forwarding: Forwarding;
      readonly onCopy: (...args: CopyListener) => void;
    },
    init: { readonly self: Uint8Array; readonly ssrc: number },
  ) {
    this.#clock = deps.clock;
    this.#table = deps.table;
    this.#forwarding = deps.forwarding;
    this.#onCopy = deps.onCopy;
    this.#self = init.self;
    this.#ssrc = init.ssrc;
    this.#alarm = deps.clock.alarm(() => this.#report());
  }

  /** As in GroupTransport. */
  send(to: readonly NetAddress[], packet: Uint8Array, length: number, time: number): void {
    const hops = this.#hops;
    hops.length = 0;
    const now = this.#clock.now();
    for (let i = 0; i < to.length; i++) {
      const end = this.#table.at((to[i] as NetAddress).host);
      if (end?.lane) this.#copyTo(end, this.#self, 0, packet, 0, length, time);
      else if (end === undefined || !this.#noteHops(end, now)) this.unrouted++;
    }
    for (let i = 0; i < hops.length; i++) this.#sendTo(hops[i] as LaneEnd, packet, length, time);
  }

  onHeard(listener: (by: NetAddress, sequence: number, at: Instant) => void): Disposable {
    return this.#heard.add(listener);
  }

  received(from: NetAddress, sequence: number): void {
    const end = this.#table.at(from.host);
    if (!end) return;
    end.received = sequence;
    if (this.#came.includes(end)) return;
    if (this.#came.length === 0) this.#cameAt = this.#clock.now();
    this.#came.push(end);
    this.#wakeAt(after(this.#cameAt, REPORT_AFTER));
  }

  /** From a box that has no link with some of those who are to hear it. */
  takeStream(from: LaneEnd, packet: Uint8Array, now: Instant): void {
    const count = packet[STREAM_HEADER_OCTETS - 1] as number;
    const begin = STREAM_HEADER_OCTETS + count * BOX_OCTETS;
    if (count > MOST_LEFT_OUT || lanePacketKind(packet, begin, packet.length) !== 'midi') {
      this.malformed++;
      return;
    }
    if (!from.allowance.take(1, now) || !from.copied.take(1, now)) {
      this.flooded++;
      return;
    }
    const time = readTime(packet, LANE_HEADER_OCTETS);
    const leftOut = packet.length - begin + COPY_HEADER_OCTETS > LANE_OCTETS;
    for (const end of this.#table.all) {
      if (end === from || !end.lane || leftOut || isLeftOut(end, packet, count)) continue;
      this.#copyTo(end, from.id, 0, packet, begin, packet.length, time);
    }
  }

  takeCopy(from: LaneEnd, packet: Uint8Array, now: Instant): void {
    const source = this.#table.find(packet, LANE_HEADER_OCTETS);
    if (!source || (source !== from && !this.#forwarding.isVia(from))) {
      this.unexpected++;
    } else if (lanePacketKind(packet, COPY_HEADER_OCTETS, packet.length) !== 'midi') {
      this.malformed++;
    } else if (!source.allowance.take(1, now)) {
      this.flooded++;
    } else {
      const time = readTime(packet, LANE_HEADER_OCTETS + BOX_OCTETS);
      this.#onCopy(packet, COPY_HEADER_OCTETS, source, time, now);
    }
  }

  takeReports(from: LaneEnd, packet: Uint8Array, now: Instant): void {
    if (!from.allowance.take(1, now)) {
      this.flooded++;
      return;
    }
    const word = packet[LANE_HEADER_OCTETS];
    for (let at = REPORTS_HEADER_OCTETS; at < packet.length; at += REPORT_OCTETS) {
      const box = this.#table.find(packet, at);
      const sequence = readUint16(packet, at + BOX_OCTETS);
      if (!box) this.unexpected++;
      else if (word === CAME) this.#handOn(box, from, sequence, now);
      else if (word === HEARD && (box === from || this.#forwarding.isVia(from)))
        this.#heard.emit(box.data, sequence, now);
      else this.unexpected++;
    }
  }

  [Symbol.dispose](): void {
    this.#alarm[Symbol.dispose]();
  }

  /** Who is to copy for that one, too. False when there is nobody. */
  #noteHops(end: LaneEnd, now: Instant): boolean {
    const ways = this.#forwarding.waysTo(end, now);
    for (let i = 0; i < ways.length; i++) {
      const way = ways[i] as LaneEnd;
      if (!this.#hops.includes(way)) this.#hops.push(way);
    }
    return ways.length > 0;
  }

  /** Those who have a link with this box have the packet over it, or another stream. */
  #sendTo(hop: LaneEnd, packet: Uint8Array, length: number, time: number): void {
    const out = this.#packet;
    let at = STREAM_HEADER_OCTETS;
    let count = 0;
    for (const end of this.#table.all) {
      if (end === hop || !end.lane || count === MOST_LEFT_OUT) continue;
      out.set(end.id, at);
      at += BOX_OCTETS;
      count++;
    }
    if (at + length > LANE_OCTETS) {
      // Whoever gets it twice drops it once.
      count = 0;
      at = STREAM_HEADER_OCTETS;
    }
    writeLaneHeader(out, 'stream', hop.sequence++, this.#ssrc);
    writeTime(out, LANE_HEADER_OCTETS, time);
    out[STREAM_HEADER_OCTETS - 1] = count;
    copy(packet, 0, length, out, at);
    noteSent(hop, this.#clock.now());
    hop.lane?.send(out, at + length);
  }

  #copyTo(
    to: LaneEnd,
    source: Uint8Array,
    sourceAt: number,
    packet: Uint8Array,
    begin: number,
    end: number,
    time: number,
  ): void {
    const out = this.#packet;
    writeLaneHeader(out, 'copy', to.sequence++, this.#ssrc);
    copy(source, sourceAt, sourceAt + BOX_OCTETS, out, LANE_HEADER_OCTETS);
    writeTime(out, LANE_HEADER_OCTETS + BOX_OCTETS, time);
    copy(packet, begin, end, out, COPY_HEADER_OCTETS);
    this.copies++;
    to.lane?.send(out, COPY_HEADER_OCTETS + end - begin);
  }

  #handOn(source: LaneEnd, by: LaneEnd, sequence: number, now: Instant): void {
    if (source === by || !source.lane) return;
    if (source.heardBy.size === 0) {
      if (this.#told.length === 0) this.#toldAt = now;
      this.#told.push(source);
      this.#wakeAt(after(this.#toldAt, HAND_ON_AFTER));
    }
    source.heardBy.set(by, sequence);
  }

  #report(): void {
    this.#alarmAt = Number.POSITIVE_INFINITY;
    const now = this.#clock.now();
    if (this.#came.length > 0) {
      if (now >= after(this.#cameAt, REPORT_AFTER)) this.#reportCame(now);
      else this.#wakeAt(after(this.#cameAt, REPORT_AFTER));
    }
    if (this.#told.length > 0) {
      if (now >= after(this.#toldAt, HAND_ON_AFTER)) this.#tellSources();
      else this.#wakeAt(after(this.#toldAt, HAND_ON_AFTER));
    }
  }

  /** To each who passes on, in one packet: what came of whom. */
  #reportCame(now: Instant): void {
    const came = this.#came;
    const hops = this.#hops;
    hops.length = 0;
    for (let i = 0; i < came.length; i++) {
      const end = came[i] as LaneEnd;
      if (!end.lane) {
        this.#noteHops(end, now);
        continue;
      }
      this.#entry(0, this.#self, end.received);
      this.#sendReports(end, HEARD, 1);
    }
    for (let h = 0; h < hops.length; h++) {
      const hop = hops[h] as LaneEnd;
      let count = 0;
      for (let i = 0; i < came.length; i++) {
        const end = came[i] as LaneEnd;
        if (end.lane || !this.#forwarding.waysTo(end, now).includes(hop)) continue;
        this.#entry(count++, end.id, end.received);
        if (count === MOST_REPORTS) {
          this.#sendReports(hop, CAME, count);
          count = 0;
        }
      }
      if (count > 0) this.#sendReports(hop, CAME, count);
    }
    came.length = 0;
  }

  #tellSources(): void {
    for (let i = 0; i < this.#told.length; i++) {
      const source = this.#told[i] as LaneEnd;
      let count = 0;
      for (const [by, sequence] of source.heardBy) {
        this.#entry(count++, by.id, sequence);
        if (count === MOST_REPORTS) {
          this.#sendReports(source, HEARD, count);
          count = 0;
        }
      }
      if (count > 0) this.#sendReports(source, HEARD, count);
      source.heardBy.clear();
    }
    this.#told.length = 0;
  }

  #entry(index: number, box: Uint8Array, sequence: number): void {
    const at = REPORTS_HEADER_OCTETS + index * REPORT_OCTETS;
    this.#packet.set(box, at);
    writeUint16(this.#packet, at + BOX_OCTETS, sequence);
  }

  #sendReports(to: LaneEnd, word: number, count: number): void {
    const out = this.#packet;
    writeLaneHeader(out, 'reports', to.sequence++, this.#ssrc);
    out[LANE_HEADER_OCTETS] = word;
    to.lane?.send(out, REPORTS_HEADER_OCTETS + count * REPORT_OCTETS);
  }

  #wakeAt(at: Instant): void {
    if (at >= this.#alarmAt) return;
    this.#alarmAt = at;
    this.#alarm.set(at);
  }
}

function isLeftOut({ id }: LaneEnd, packet: Uint8Array, count: number): boolean {
  for (let i = 0; i < count; i++)
    if (sameBox(id, packet, STREAM_HEADER_OCTETS + i * BOX_OCTETS)) return true;
  return false;
}
