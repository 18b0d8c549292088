/**
 * A performance whose every datagram is captured: two end points, every kind of MIDI message on sixteen channels, bad paths,
 * outages, feedback that stops, sequence numbers and timestamps that wrap.
 *
 * Takes  how many data packets are wanted, and a seed. Gives the capture, and which chapters its journals hold.
 */
import { silentLog } from '../../runtime/core/log.ts';
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { fromMillis, fromSeconds, type Micros } from '../../runtime/core/time.ts';
import type { Randomness } from '../../runtime/ports/randomness.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
  type RtpMidiInit,
} from '../../runtime/transport/rtp-midi/endpoint.ts';
import { NETWORK_PROFILES, type NetworkProfile } from '../../sim/network/profiles.ts';
import { openVirtualNetwork, type VirtualNetwork } from '../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { Capture } from './rtp-midi-capture.ts';
import { chaptersOf, readPacket } from './rtp-midi-packet.ts';

export const CHAPTERS = 'DVQFXPCMWNETA';

const A = '10.0.0.1';
const B = '10.0.0.2';
const LOSSY: NetworkProfile = { ...NETWORK_PROFILES.wifi, loss: { enter: 0.05, meanBurst: 2 } };
const DEAD: NetworkProfile = { ...NETWORK_PROFILES.lan, loss: { enter: 1, meanBurst: 1e9 } };
/** Steps of the clock after which one of the bad times begins, and how long it lasts. */
const SEASON = 4_000;
const BAD_TIME = 800;
/** Each pair of end points plays so many data packets at most: then others, under another policy. */
const PACKETS_OF_A_PAIR = 20_000;

const POLICIES: readonly Pick<RtpMidiInit, 'journal' | 'redundancy'>[] = [
  { journal: 'closed-loop', redundancy: 0 },
  { journal: 'open-loop', redundancy: 0 },
  { journal: 'closed-loop', redundancy: 2 },
  { journal: 'anchor', redundancy: 0 },
];

export interface Performance {
  readonly capture: Capture;
  readonly packets: number;
  /** In how many packets each chapter is. */
  readonly chapters: ReadonlyMap<string, number>;
  readonly features: Features;
}

export interface Features {
  readonly longHeaders: boolean;
  readonly firstSegments: boolean;
  readonly middleSegments: boolean;
  readonly lastSegments: boolean;
  readonly sequenceWraps: boolean;
  readonly timestampWraps: boolean;
  /** With commands. */
  readonly channels: number;
}

export async function capturePerformance(init: {
  readonly packets: number;
  readonly seed: number;
}): Promise<Performance> {
  const clock = new VirtualClock();
  const capture = new Capture(clock);
  for (let pair = 0; capture.packets < init.packets; pair++) {
    const wanted = Math.min(init.packets, capture.packets + PACKETS_OF_A_PAIR);
    const policy = POLICIES[pair % POLICIES.length] ?? {};
    await playPair(`${init.seed}/${pair}`, policy, clock, capture, wanted);
  }
  return {
    capture,
    packets: capture.packets,
    chapters: countChapters(capture),
    features: featuresOf(capture),
  };
}

async function playPair(
  seed: string,
  policy: Pick<RtpMidiInit, 'journal' | 'redundancy'>,
  clock: VirtualClock,
  capture: Capture,
  wanted: number,
): Promise<void> {
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(seed), profile: 'lan' });
  const open = (address: string): Promise<RtpMidiEndpoint> =>
    openRtpMidiEndpoint(
      {
        clock,
        network: capture.tap(address, network.host(address).datagrams),
        randomness: nearTheWrap(seededRandomness(`${seed}/${address}`)),
        log: silentLog,
      },
      { name: address, port: 5004, ...policy },
    );
  const a = await open(A);
  const b = await open(B);
  a.connect({ host: B, port: 5004 });
  await clock.advanceSettling(fromSeconds(1));
  const random = seededRandomness(`${seed}/what is played`);
  const below = (limit: number): number => random.uint32() % limit;
  for (let step = 0; capture.packets < wanted; step++) {
    setWeather(network, step % SEASON);
    const endpoint = below(4) === 0 ? b : a;
    for (let burst = below(8) === 0 ? below(40) : 1; burst > 0; burst--)
      endpoint.send(anyMessage(below), clock.now());
    endpoint.flush();
    clock.advance((below(10) === 0 ? below(200_000) : below(15_000)) as Micros);
  }
  await a[Symbol.asyncDispose]();
  await b[Symbol.asyncDispose]();
  await clock.advanceSettling(fromMillis(50));
}

/** Lossy both ways; now and then no feedback comes, or nothing at all. */
function setWeather(network: VirtualNetwork, step: number): void {
  if (step === 0) network.setProfile(LOSSY);
  if (step === SEASON / 4) network.setProfile(DEAD, B);
  if (step === SEASON / 4 + BAD_TIME) network.setProfile(LOSSY, B);
  if (step === SEASON / 2) network.setProfile(DEAD);
  if (step === SEASON / 2 + 40) network.setProfile(LOSSY);
}

/** Of the first two numbers that are asked for one is where timestamps begin, a later one is where sequence numbers do. */
function nearTheWrap(randomness: Randomness): Randomness {
  let asked = 0;
  return {
    bytes: (length) => randomness.bytes(length),
    uint32: () => 0xffff_ffff - (randomness.uint32() % (asked++ < 2 ? 500_000 : 2_000)),
  };
}

export function anyMessage(below: (limit: number) => number): MidiMessage {
  if (below(60) === 0) return anySysEx(below);
  if (below(20) === 0) {
    const status = [0xf1, 0xf2, 0xf3, 0xf6, 0xf8, 0xfa, 0xfb, 0xfc, 0xfe, 0xff][
      below(below(20) === 0 ? 10 : 9)
    ];
    return shortMessage(status ?? 0xf8, below(128), below(128)) as MidiMessage;
  }
  const channel = below(below(3) === 0 ? 16 : 2);
  const high = [0x80, 0x80, 0x90, 0x90, 0xa0, 0xb0, 0xb0, 0xc0, 0xd0, 0xe0][below(10)] ?? 0x90;
  const few = below(3) === 0;
  const first =
    high === 0xb0 && few ? ([98, 99, 100, 101, 6, 38, 96, 97][below(8)] ?? 6) : below(128);
  return shortMessage(high | channel, first, below(few ? 3 : 128)) as MidiMessage;
}

function anySysEx(below: (limit: number) => number): MidiMessage {
  const kind = below(12);
  if (kind === 0) return { kind: 'sysEx', data: Uint8Array.of(0x7e, 0x7f, 9, 1) };
  if (kind === 1) {
    const time = [below(24), below(60), below(60), below(30)];
    return { kind: 'sysEx', data: Uint8Array.of(0x7f, 0x7f, 1, 1, ...time) };
  }
  const length = below(6) === 0 ? below(3_000) : below(20);
  return { kind: 'sysEx', data: Uint8Array.from({ length }, () => below(128)) };
}

function countChapters({ datagrams }: Capture): ReadonlyMap<string, number> {
  const counts = new Map([...CHAPTERS].map((letter) => [letter, 0]));
  for (const { bytes } of datagrams) {
    for (const letter of chaptersOf(bytes)) counts.set(letter, (counts.get(letter) ?? 0) + 1);
  }
  return counts;
}

function featuresOf({ datagrams }: Capture): Features {
  const channels = new Set<string>();
  const segments = new Set<string>();
  const last = new Map<number, { readonly sequence: number; readonly timestamp: number }>();
  let longHeaders = false;
  let sequenceWraps = false;
  let timestampWraps = false;
  for (const { bytes } of datagrams) {
    const read = bytes[0] === 0x80 ? readPacket(bytes) : undefined;
    if (!read) continue;
    longHeaders ||= ((bytes[12] ?? 0) & 0x80) !== 0;
    const before = last.get(read.ssrc);
    sequenceWraps ||= before !== undefined && before.sequence - read.sequence > 0x8000;
    timestampWraps ||= before !== undefined && before.timestamp - read.timestamp > 0x8000_0000;
    last.set(read.ssrc, read);
    for (const { midi } of read.commands) {
      if (midi < 'f0') channels.add(midi.slice(1, 2));
      else segments.add(midi.slice(0, 2) + midi.slice(-2));
    }
  }
  return {
    longHeaders,
    firstSegments: segments.has('f0f0'),
    middleSegments: segments.has('f7f0'),
    lastSegments: segments.has('f7f7'),
    sequenceWraps,
    timestampWraps,
    channels: channels.size,
  };
}
