/** 100,000 datagrams that nobody should send, at an end point with a live peer. */
import { expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import { shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { fromMillis, fromSeconds, type Micros } from '../../runtime/core/time.ts';
import type {
  DatagramNetwork,
  DatagramSocket,
  NetAddress,
} from '../../runtime/ports/datagram-network.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
} from '../../runtime/transport/rtp-midi/endpoint.ts';
import { openVirtualNetwork } from '../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';

const DATAGRAMS = 100_000;
const A = '10.0.0.1';
const B = '10.0.0.2';

type Deliver = (bytes: Uint8Array, from: NetAddress) => void;

async function openTarget() {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(3), profile: 'lan' });
  const deliver: Deliver[] = [];
  const seen: Uint8Array[] = [];
  /** As it is, but what arrives is kept to be mutated, and the test can deliver too. */
  const tapped: DatagramNetwork = {
    async bind(init) {
      const socket = await network.host(A).datagrams.bind(init);
      const listening: DatagramSocket['onDatagram'] = (listener) => {
        deliver.push((bytes, from) => listener(bytes, from, clock.now()));
        return socket.onDatagram((bytes, from, at) => {
          if (seen.length < 2_000) seen.push(bytes.slice());
          listener(bytes, from, at);
        });
      };
      return {
        ...socket,
        local: socket.local,
        unsent: 0,
        send: (...sent) => socket.send(...sent),
        onDatagram: listening,
        [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
      };
    },
  };
  const open = (network_: DatagramNetwork, name: string): Promise<RtpMidiEndpoint> =>
    openRtpMidiEndpoint(
      { clock, network: network_, randomness: seededRandomness(name), log: silentLog },
      { name, port: 5004 },
    );
  const target = await open(tapped, 'target');
  const peer = await open(network.host(B).datagrams, 'peer');
  const connection = peer.connect({ host: A, port: 5004 });
  await clock.advanceSettling(fromSeconds(1));
  return { clock, network, target, peer, connection, deliver, seen };
}

async function playSome(peer: RtpMidiEndpoint, clock: VirtualClock): Promise<void> {
  const random = seededRandomness('some');
  for (let i = 0; i < 400; i++) {
    const status = [0x80, 0x90, 0xa0, 0xb0, 0xc0, 0xd0, 0xe0, 0xf2][random.uint32() % 8] ?? 0x80;
    const channel = status < 0xf0 ? random.uint32() % 3 : 0;
    const message = shortMessage(status | channel, random.uint32() % 128, random.uint32() % 128);
    if (message) peer.send(message, clock.now());
    if (i % 50 === 0)
      peer.send({ kind: 'sysEx', data: new Uint8Array(30).fill(i & 127) }, clock.now());
    await clock.advanceSettling(fromMillis(3));
  }
}

test('neither random nor mutated datagrams do harm', async () => {
  const { clock, target, peer, connection, deliver, seen } = await openTarget();
  await playSome(peer, clock);
  expect(seen.length).toBeGreaterThan(300);
  const random = seededRandomness('fuzz');
  const below = (limit: number): number => random.uint32() % limit;
  const sources: readonly NetAddress[] = [
    { host: B, port: 5004 },
    { host: B, port: 5005 },
    { host: '10.9.9.9', port: 1 },
  ];
  const started = performance.now();
  for (let i = 0; i < DATAGRAMS; i++) {
    const at = below(10) < 3 ? random.bytes(below(below(10) === 0 ? 1_500 : 60)) : mutate(below);
    deliver[below(2)]?.(at, sources[below(10) === 0 ? 2 : below(2)] as NetAddress);
    if (i % 100 === 0) clock.advance(below(20_000) as Micros);
  }
  const took = performance.now() - started;
  expect(took).toBeLessThan(20_000);
  expect(target.peers.length).toBeLessThanOrEqual(32);
  const faults = target.stats.faults;
  for (const kind of [
    'notRtpMidi',
    'badDataOctet',
    'chapterLength',
    'journalLength',
    'stranger',
    'controlMalformed',
    'duplicate',
  ]) {
    expect(faults[kind], kind).toBeGreaterThan(0);
  }

  function mutate(limit: (limit: number) => number): Uint8Array {
    const source = seen[limit(seen.length)] as Uint8Array;
    const length = limit(8) === 0 ? limit(source.length + 1) : source.length;
    const bytes = new Uint8Array(length + (limit(16) === 0 ? limit(20) : 0));
    bytes.set(source.subarray(0, length));
    // Past the header, mostly: a wrong SSRC is thrown away too soon to be of interest.
    const first = limit(6) === 0 || bytes.length <= 12 ? 0 : 12;
    for (let count = limit(6); count > 0 && bytes.length > first; count--) {
      bytes[first + limit(bytes.length - first)] = limit(256);
    }
    // A sequence number that goes on, so that the inside is looked at.
    if (bytes.length > 4 && bytes[0] === 0x80 && limit(2) === 0)
      bytes[3] = ((bytes[3] ?? 0) + limit(5)) & 255;
    return bytes;
  }

  // And it still works: the peer, thrown out or not, is back and is heard.
  await connection[Symbol.asyncDispose]();
  await clock.advanceSettling(fromSeconds(20));
  peer.connect({ host: A, port: 5004 });
  await clock.advanceSettling(fromSeconds(5));
  let heard = 0;
  target.onMidi((from, _message, _performedAt, _arrivedAt, recovered) => {
    if (from.ssrc === peer.ssrc && !recovered) heard++;
  });
  peer.send(shortMessage(0x90, 60, 1) as MidiMessage, clock.now());
  await clock.advanceSettling(fromMillis(50));
  expect(heard).toBe(1);
}, 60_000);

test('datagrams of no octets, of one and of the greatest length are ignored', async () => {
  const { target, deliver } = await openTarget();
  const before = target.stats.datagrams;
  for (const length of [0, 1, 2, 3, 4, 11, 12, 13, 65_507]) {
    for (const octet of [0x00, 0x80, 0xff]) {
      const bytes = new Uint8Array(length).fill(octet);
      for (const give of deliver) give(bytes, { host: B, port: 5004 });
    }
  }
  expect(target.stats.datagrams).toBe(before + 9 * 3 * 2);
  expect(target.peers).toHaveLength(1);
});

test('a host that knocks without end gets answers to a few knocks only', async () => {
  const { clock, target, deliver } = await openTarget();
  const knock = Buffer.from('ffff494e0000000200000001deadbeef6100', 'hex');
  const before = target.stats.refused;
  for (let i = 0; i < 10_000; i++) {
    knock.writeUInt32BE(i, 12);
    deliver[0]?.(new Uint8Array(knock), { host: '10.6.6.6', port: 9_999 });
    clock.advance(10 as Micros);
  }
  expect(target.stats.refused - before).toBeGreaterThan(9_900);
  expect(target.peers).toHaveLength(1);
});
