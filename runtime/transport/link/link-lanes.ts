/**
 * RTP-MIDI over links: a DatagramNetwork on which boxes have addresses (place.ts), each reached over its link.
 *
 * Takes  the network beneath, for everybody else; packet lanes of links; who passes packets on where there is no link.
 * Gives  a network whose two sockets in a row (control, data) send to `box:<id>` port 0 and 1, and hear from there. What
 *        comes from such an address comes from that box: the link has proven it.
 * Keeps  the lanes of each box, and counts of what was not as it should be. Format: PACKETS.md.
 * Lane   1. Allocates nothing per packet after warm-up.
 */
import type { BoxId } from '../../core/ensemble.ts';
import { Listeners } from '../../core/listeners.ts';
import { after, type Instant } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import type { DatagramNetwork, DatagramSocket, NetAddress } from '../../ports/datagram-network.ts';
import type { PacketLane } from '../../ports/peer-connection.ts';
import type { Randomness } from '../../ports/randomness.ts';
import type { GroupTransport } from '../rtp-midi/group-transport.ts';
import { Forwarding, PROBE_EVERY, PROBE_LOOK } from './forwarding.ts';
import {
  FORWARD_HEADER_OCTETS,
  LANE_HEADER_OCTETS,
  LANE_OCTETS,
  lanePacketKind,
  writeLaneHeader,
} from './lane-packets.ts';
import { LaneStreams } from './lane-streams.ts';
import { DATA_PORT, type LaneEnd, LaneTable, octetsOf } from './lane-table.ts';
import { isPlace } from './place.ts';

export interface LinkLanes extends Disposable {
  readonly network: DatagramNetwork;
  /** To many boxes at once, and from those that send to many. */
  readonly group: GroupTransport;
  /**
   * From now on packets to that box go over this lane; those of earlier lanes are still taken. Disposing takes it away,
   * and those that were there before are used again. Addresses of the box, and sessions with it, stay.
   */
  attach(box: BoxId, lane: PacketLane): Disposable;
  /** For each box that there is no link with: who passes packets on to it and from it, best first. */
  setRoutes(routes: ReadonlyMap<BoxId, readonly BoxId[]>): void;
  /** That box had packets passed on in another's name: its link is to be cut. */
  onForged(listener: (box: BoxId) => void): Disposable;
  readonly stats: LaneStats;
}

/** For the status page; counted since the start. */
export interface LaneStats {
  /** Packets that are none, or none of ours. */
  readonly malformed: number;
  /** Above the rate that one box may send at. */
  readonly flooded: number;
  /** To boxes that there was no way to. */
  readonly unrouted: number;
  /** Passed on for others, to one or to many. */
  readonly relayed: number;
  /** Passed on by a box that passes nothing on, or from one that is not in the session. */
  readonly unexpected: number;
  readonly forged: number;
}

/** `self`: this box. */
export function openLinkLanes(
  deps: {
    readonly network: DatagramNetwork;
    readonly clock: Clock;
    readonly randomness: Randomness;
  },
  init: { readonly self: BoxId },
): LinkLanes {
  return new LaneNetwork(deps.network, deps.clock, deps.randomness, init.self);
}

type Channel = 'control' | 'data';

class LaneNetwork implements LinkLanes {
  readonly network: DatagramNetwork;
  readonly group: GroupTransport;
  readonly #beneath: DatagramNetwork;
  readonly #clock: Clock;
  readonly #randomness: Randomness;
  readonly #ssrc: number;
  readonly #table = new LaneTable();
  readonly #forwarding: Forwarding;
  readonly #streams: LaneStreams;
  readonly #copied = new Listeners<[Uint8Array, NetAddress, time: number, at: Instant]>();
  readonly #forged = new Listeners<[box: BoxId]>();
  readonly #alarm;
  readonly #sockets = new Set<LaneSocket>();
  readonly #out = new Uint8Array(LANE_OCTETS);
  readonly #in = new Uint8Array(LANE_OCTETS);
  /** Of `#in`, by length: made when first needed. */
  readonly #views: (Uint8Array | undefined)[] = new Array(LANE_OCTETS + 1).fill(undefined);
  #routed: readonly LaneEnd[] = [];
  #probeDue = 0 as Instant;
  #malformed = 0;
  #flooded = 0;
  #forgedCount = 0;

  constructor(network: DatagramNetwork, clock: Clock, randomness: Randomness, self: BoxId) {
    this.#beneath = network;
    this.#clock = clock;
    this.#randomness = randomness;
    this.#ssrc = randomness.uint32();
    this.#forwarding = new Forwarding(
      {
        clock,
        table: this.#table,
        onForged: (end) => {
          this.#forgedCount++;
          this.#forged.emit(end.box);
        },
      },
      { self: octetsOf(self), ssrc: this.#ssrc },
    );
    this.#streams = new LaneStreams(
      {
        clock,
        table: this.#table,
        forwarding: this.#forwarding,
        onCopy: (packet, begin, source, time, at) =>
          this.#copied.emit(this.#viewOf(packet, begin), source.data, time, at),
      },
      { self: octetsOf(self), ssrc: this.#ssrc },
    );
    this.group = {
      send: (to, packet, length, time) => this.#streams.send(to, packet, length, time),
      received: (from, sequence) => this.#streams.received(from, sequence),
      onPacket: (listener) => this.#copied.add(listener),
      onReceived: (listener) => this.#streams.onHeard(listener),
    };
    this.#alarm = clock.alarm(() => this.#probe());
    this.network = { bind: (where) => this.#bind(where) };
  }

  get stats(): LaneStats {
    const { relayed, unrouted, unexpected, flooded } = this.#forwarding;
    const streams = this.#streams;
    return {
      malformed: this.#malformed + streams.malformed,
      flooded: this.#flooded + flooded + streams.flooded,
      unrouted: unrouted + streams.unrouted,
      relayed: relayed + streams.copies,
      unexpected: unexpected + streams.unexpected,
      forged: this.#forgedCount,
    };
  }

  attach(box: BoxId, lane: PacketLane): Disposable {
    const end = this.#table.of(box);
    end.lanes = [...end.lanes, lane];
    end.heardAt = this.#clock.now();
    // RFC 3711 section 3.3.1: a number far from where it wraps, since the first packets may be lost.
    end.sequence = this.#randomness.uint32() & 0x7fff;
    const listening = lane.onPacket((packet, at) => this.#take(end, packet, at));
    return {
      [Symbol.dispose]: () => {
        listening[Symbol.dispose]();
        end.lanes = end.lanes.filter((held) => held !== lane);
      },
    };
  }

  setRoutes(routes: ReadonlyMap<BoxId, readonly BoxId[]>): void {
    for (const end of this.#routed) end.vias = [];
    const vias = new Set<LaneEnd>();
    this.#routed = [...routes].map(([box, by]) => {
      const end = this.#table.of(box);
      end.vias = by.map((via) => this.#table.of(via));
      for (const via of end.vias) vias.add(via);
      return end;
    });
    this.#forwarding.vias = [...vias];
    this.#probeDue = after(this.#clock.now(), PROBE_EVERY);
    if (vias.size > 0) this.#alarm.set(this.#probeDue);
    else this.#alarm.clear();
  }

  onForged(listener: (box: BoxId) => void): Disposable {
    return this.#forged.add(listener);
  }

  [Symbol.dispose](): void {
    this.#alarm[Symbol.dispose]();
    this.#streams[Symbol.dispose]();
  }

  /** False: nobody by that address, it is the network's beneath. */
  post(bytes: Uint8Array, to: NetAddress, length: number): boolean {
    const end = this.#table.at(to.host);
    if (!end) {
      if (!isPlace(to.host)) return false;
      this.#forwarding.unrouted++;
      return true;
    }
    if (((bytes[0] as number) & 0xc0) === 0x80) {
      this.#send(end, bytes, length);
      return true;
    }
    const octets = LANE_HEADER_OCTETS + length;
    if (octets > LANE_OCTETS) {
      this.#malformed++;
      return true;
    }
    const out = this.#out;
    const kind = to.port === DATA_PORT ? 'data' : 'control';
    writeLaneHeader(out, kind, end.sequence++, this.#ssrc);
    for (let i = 0; i < length; i++) out[LANE_HEADER_OCTETS + i] = bytes[i] as number;
    this.#send(end, out, octets);
    return true;
  }

  close(socket: LaneSocket): void {
    this.#sockets.delete(socket);
  }

  async #bind(where: { readonly port: number; readonly host?: string }): Promise<DatagramSocket> {
    const beneath = await this.#beneath.bind(where);
    const { port } = beneath.local;
    // AppleMIDI has its data port next to its control port (port-pair.ts).
    const isData = [...this.#sockets].some((other) => other.local.port === port - 1);
    const socket = new LaneSocket(this, beneath, isData ? 'data' : 'control');
    this.#sockets.add(socket);
    return socket;
  }

  #send(end: LaneEnd, packet: Uint8Array, length: number): void {
    const { lane } = end;
    if (lane) lane.send(packet, length);
    else this.#forwarding.send(end, packet, length);
  }

  #take(from: LaneEnd, packet: Uint8Array, at: Instant): void {
    from.heard(at);
    const kind = lanePacketKind(packet, 0, packet.length);
    switch (kind) {
      case 'forwarded': {
        const source = this.#forwarding.take(from, packet, at);
        if (source) this.#takeForwarded(source, packet, at);
        return;
      }
      case 'probe':
        this.#forwarding.takeProbe(from, packet, at);
        return;
      case 'stream':
        this.#streams.takeStream(from, packet, at);
        return;
      case 'copy':
        this.#streams.takeCopy(from, packet, at);
        return;
      case 'reports':
        this.#streams.takeReports(from, packet, at);
        return;
      case 'midi':
      case 'control':
      case 'data':
      case undefined:
        if (!from.allowance.take(1, at)) this.#flooded++;
        else if (kind === undefined) this.#malformed++;
        else if (kind === 'midi') this.#deliver('data', packet, from.data, at);
        else this.#deliverCommand(kind, packet, LANE_HEADER_OCTETS, from, at);
    }
  }

  /** What was passed on is a packet of any kind but these two: so nothing is ever passed on twice. */
  #takeForwarded(source: LaneEnd, packet: Uint8Array, at: Instant): void {
    const kind = lanePacketKind(packet, FORWARD_HEADER_OCTETS, packet.length);
    switch (kind) {
      case 'midi':
        this.#deliver('data', this.#viewOf(packet, FORWARD_HEADER_OCTETS), source.data, at);
        return;
      case 'control':
      case 'data':
        this.#deliverCommand(kind, packet, FORWARD_HEADER_OCTETS + LANE_HEADER_OCTETS, source, at);
        return;
      case 'forwarded':
      case 'probe':
      case 'stream':
      case 'copy':
      case 'reports':
      case undefined:
        this.#malformed++;
    }
  }

  #deliverCommand(
    channel: Channel,
    packet: Uint8Array,
    begin: number,
    from: LaneEnd,
    at: Instant,
  ): void {
    this.#deliver(channel, this.#viewOf(packet, begin), from[channel], at);
  }

  #deliver(channel: Channel, bytes: Uint8Array, from: NetAddress, at: Instant): void {
    for (const socket of this.#sockets)
      if (socket.channel === channel) socket.take(bytes, from, at);
  }

  /** The octets from `begin` on, without making anything for them. */
  #viewOf(packet: Uint8Array, begin: number): Uint8Array {
    const length = packet.length - begin;
    for (let i = 0; i < length; i++) this.#in[i] = packet[begin + i] as number;
    let view = this.#views[length];
    if (!view) {
      view = this.#in.subarray(0, length);
      this.#views[length] = view;
    }
    return view;
  }

  #probe(): void {
    const now = this.#clock.now();
    const waits = this.#forwarding.probe(now, now > after(this.#probeDue, PROBE_EVERY));
    this.#probeDue = after(now, waits ? PROBE_EVERY : PROBE_LOOK);
    this.#alarm.set(this.#probeDue);
  }
}

class LaneSocket implements DatagramSocket {
  readonly local: NetAddress;
  readonly channel: Channel;
  readonly #lanes: LaneNetwork;
  readonly #beneath: DatagramSocket;
  readonly #listeners = new Listeners<[bytes: Uint8Array, from: NetAddress, at: Instant]>();

  constructor(lanes: LaneNetwork, beneath: DatagramSocket, channel: Channel) {
    this.local = beneath.local;
    this.channel = channel;
    this.#lanes = lanes;
    this.#beneath = beneath;
  }

  get unsent(): number {
    return this.#beneath.unsent;
  }

  send(bytes: Uint8Array, to: NetAddress, length: number = bytes.length): void {
    if (!this.#lanes.post(bytes, to, length)) this.#beneath.send(bytes, to, length);
  }

  onDatagram(listener: (bytes: Uint8Array, from: NetAddress, at: Instant) => void): Disposable {
    const overLanes = this.#listeners.add(listener);
    const beneath = this.#beneath.onDatagram(listener);
    return {
      [Symbol.dispose]() {
        overLanes[Symbol.dispose]();
        beneath[Symbol.dispose]();
      },
    };
  }

  take(bytes: Uint8Array, from: NetAddress, at: Instant): void {
    this.#listeners.emit(bytes, from, at);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#lanes.close(this);
    this.#listeners.clear();
    await this.#beneath[Symbol.asyncDispose]();
  }
}
