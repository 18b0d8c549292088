/**
 * A virtual network with end points of ours, and AppleMIDI peers made by hand that do as they are told: for tests of the
 * session protocol.
 */

import { silentLog } from '../runtime/core/log.ts';
import { shortMessage } from '../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../runtime/core/midi-message.ts';
import { after, fromMillis, type Micros } from '../runtime/core/time.ts';
import type { Alarm } from '../runtime/ports/clock.ts';
import type {
  DatagramNetwork,
  DatagramSocket,
  NetAddress,
} from '../runtime/ports/datagram-network.ts';
import {
  decodeSessionMessage,
  isSessionMessage,
  type SessionMessage,
  writeSessionMessage,
} from '../runtime/transport/rtp-midi/apple-midi/messages.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
  type RtpMidiInit,
} from '../runtime/transport/rtp-midi/endpoint.ts';
import type { Ticks } from '../runtime/transport/rtp-midi/ticks.ts';
import type { ProfileName } from '../sim/network/profiles.ts';
import { openVirtualNetwork, type VirtualNetwork } from '../sim/network/virtual-network.ts';
import { seededRandomness } from '../sim/seeded-randomness.ts';
import { VirtualClock } from '../sim/virtual-clock.ts';

export const NOTE_ON: MidiMessage = shortMessage(0x90, 60, 100) as MidiMessage;
export const NOTE_OFF: MidiMessage = shortMessage(0x80, 60, 64) as MidiMessage;

export type Channel = 'control' | 'data';

export interface SessionRig {
  readonly clock: VirtualClock;
  readonly network: VirtualNetwork;
  /** `HOST: NAME joined`, `HOST: noteOn`, ... in order. */
  readonly log: string[];
  /** `datagrams`: default the host's own. */
  open(
    host: string,
    init?: Partial<RtpMidiInit>,
    seed?: string,
    datagrams?: DatagramNetwork,
  ): Promise<RtpMidiEndpoint>;
  raw(host: string, init?: Partial<RawInit>): Promise<RawPeer>;
  run(by: Micros): Promise<void>;
}

export interface RawInit {
  readonly ssrc: number;
  readonly name: string;
  /** Any two. */
  readonly controlPort: number;
  readonly dataPort: number;
  /** Answers questions about the time. Default true. */
  readonly answers: boolean;
}

/** `step`: how far the clock is turned before promises run. */
export function openSessionRig(
  profile: ProfileName = 'lan',
  step: Micros = fromMillis(5),
): SessionRig {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(7), profile });
  const log: string[] = [];
  return {
    clock,
    network,
    log,
    run: (by) => clock.advanceSettling(by, step),
    async open(address, init = {}, seed = address, datagrams = network.host(address).datagrams) {
      const endpoint = await openRtpMidiEndpoint(
        {
          clock,
          network: datagrams,
          randomness: seededRandomness(seed),
          log: silentLog,
        },
        { name: `box ${address}`, port: 5004, ...init },
      );
      endpoint.onPeer((peer, state, reason) =>
        log.push(`${address}: ${peer.name} ${state}${reason ? ` ${reason}` : ''}`),
      );
      endpoint.onMidi((_peer, message, _performedAt, _arrivedAt, recovered) =>
        log.push(`${address}: ${message.kind}${recovered ? ' recovered' : ''}`),
      );
      return endpoint;
    },
    async raw(address, init = {}) {
      const { datagrams } = network.host(address);
      const full: RawInit = {
        ssrc: 0xabcd_0001,
        name: 'raw',
        controlPort: 5004,
        dataPort: 5005,
        answers: true,
        ...init,
      };
      return new RawPeer(
        clock,
        await datagrams.bind({ port: full.controlPort }),
        await datagrams.bind({ port: full.dataPort }),
        full,
      );
    },
  };
}

interface Heard {
  readonly channel: Channel;
  readonly message: SessionMessage;
  readonly octets: number;
}

/** Speaks when it is told to, and answers clock exchanges if it was made to. */
export class RawPeer {
  readonly init: RawInit;
  readonly heard: Heard[] = [];
  /** RTP datagrams. */
  packets = 0;
  lastPacket: Uint8Array = new Uint8Array(0);
  octetsSent = 0;
  octetsHeard = 0;
  readonly #clock: VirtualClock;
  readonly #sockets: Readonly<Record<Channel, DatagramSocket>>;
  readonly #alarm: Alarm;
  #every = 0 as Micros;
  #to: NetAddress = { host: '', port: 0 };
  #sequence = 1_000;

  constructor(clock: VirtualClock, control: DatagramSocket, data: DatagramSocket, init: RawInit) {
    this.init = init;
    this.#clock = clock;
    this.#sockets = { control, data };
    this.#alarm = clock.alarm(() => this.#askTime());
    control.onDatagram((bytes, from) => this.#take('control', bytes, from));
    data.onDatagram((bytes, from) => this.#take('data', bytes, from));
  }

  say(channel: Channel, message: SessionMessage, to: NetAddress): void {
    const out = new Uint8Array(80);
    this.sayOctets(channel, out.slice(0, writeSessionMessage(message, out)), to);
  }

  sayOctets(channel: Channel, bytes: Uint8Array, to: NetAddress): void {
    this.octetsSent += bytes.length;
    this.#sockets[channel].send(bytes, to);
  }

  introduce(
    kind: 'IN' | 'OK' | 'NO' | 'BY',
    channel: Channel,
    token: number,
    to: NetAddress,
    ssrc: number = this.init.ssrc,
  ): void {
    this.say(channel, { kind, token, ssrc, name: kind === 'BY' ? '' : this.init.name }, to);
  }

  /** Both invitations, and a clock exchange: as an initiator does. */
  async join(rig: SessionRig, host: string, port = 5_004, token = 77): Promise<void> {
    this.introduce('IN', 'control', token, { host, port });
    await rig.run(fromMillis(20));
    this.introduce('IN', 'data', token, { host, port: port + 1 });
    await rig.run(fromMillis(20));
    this.#to = { host, port: port + 1 };
    this.#askTime();
    await rig.run(fromMillis(20));
  }

  /** Asks for the time again and again, as an initiator does. */
  askTimeEvery(interval: Micros): void {
    this.#every = interval;
    this.#alarm.set(after(this.#clock.now(), interval));
  }

  falls(): void {
    this.#every = 0 as Micros;
    this.#alarm.clear();
  }

  /** One packet with one short command and no journal. */
  play(
    octets: readonly number[],
    to: NetAddress,
    channel: Channel = 'data',
    ssrc: number = this.init.ssrc,
  ): void {
    const bytes = new Uint8Array(13 + octets.length);
    const view = new DataView(bytes.buffer);
    bytes[0] = 0x80;
    bytes[1] = 0x61;
    view.setUint16(2, this.#sequence++ & 0xffff);
    view.setUint32(4, this.#ticks() % 2 ** 32);
    view.setUint32(8, ssrc);
    bytes[12] = octets.length;
    bytes.set(octets, 13);
    this.sayOctets(channel, bytes, to);
  }

  count(kind: SessionMessage['kind'], channel?: Channel): number {
    return this.heard.filter(
      (each) => each.message.kind === kind && (channel === undefined || each.channel === channel),
    ).length;
  }

  async close(): Promise<void> {
    this.falls();
    await this.#sockets.control[Symbol.asyncDispose]();
    await this.#sockets.data[Symbol.asyncDispose]();
  }

  #askTime(): void {
    const none = 0 as Ticks;
    const { ssrc } = this.init;
    this.say(
      'data',
      { kind: 'CK', ssrc, count: 0, t1: this.#ticks(), t2: none, t3: none },
      this.#to,
    );
    if (this.#every > 0) this.#alarm.set(after(this.#clock.now(), this.#every));
  }

  #take(channel: Channel, bytes: Uint8Array, from: NetAddress): void {
    this.octetsHeard += bytes.length;
    if (!isSessionMessage(bytes)) {
      this.packets++;
      this.lastPacket = bytes.slice();
      return;
    }
    const decoded = decodeSessionMessage(bytes);
    if (!decoded.ok)
      throw new Error(`an end point of ours said what it shouldn't: ${decoded.fault}`);
    const message = decoded.value;
    this.heard.push({ channel, message, octets: bytes.length });
    if (message.kind !== 'CK' || !this.init.answers) return;
    const { ssrc } = this.init;
    const { count, t1, t2 } = message;
    if (count === 0) {
      const answer = { kind: 'CK', ssrc, count: 1, t1, t2: this.#ticks(), t3: 0 as Ticks } as const;
      this.say(channel, answer, from);
    } else if (count === 1) {
      this.say(channel, { kind: 'CK', ssrc, count: 2, t1, t2, t3: this.#ticks() }, from);
    }
  }

  #ticks(): Ticks {
    return Math.floor(this.#clock.now() / 100) as Ticks;
  }
}
