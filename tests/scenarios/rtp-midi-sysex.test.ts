/**
 * SysEx of any length between end points, over networks that lose, delay, reorder and double: each command arrives once, in
 * order and intact, or not at all where its sender says that it could not be protected; and nothing else suffers.
 */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import { encodeMessage, shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import { fromMillis, fromSeconds, type Instant, type Micros } from '../../runtime/core/time.ts';
import type { DatagramNetwork } from '../../runtime/ports/datagram-network.ts';
import {
  openRtpMidiEndpoint,
  type RtpMidiEndpoint,
} from '../../runtime/transport/rtp-midi/endpoint.ts';
import { MAX_PACKET_OCTETS } from '../../runtime/transport/rtp-midi/stream-sender.ts';
import { NETWORK_PROFILES, type NetworkProfile } from '../../sim/network/profiles.ts';
import { openVirtualNetwork } from '../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { Capture } from '../interop/rtp-midi-capture.ts';
import { readPacket } from '../interop/rtp-midi-packet.ts';

const short = (hex: string): MidiMessage => {
  const [status = 0, data1 = 0, data2 = 0] = Buffer.from(hex, 'hex');
  return shortMessage(status, data1, data2) as MidiMessage;
};
const hexOf = (message: MidiMessage): string => Buffer.from(encodeMessage(message)).toString('hex');
/** No two the same, unless they are empty. */
const dump = (number: number, length: number): MidiMessage => ({
  kind: 'sysEx',
  data: Uint8Array.from({ length }, (_, i) => (number * 31 + i * 7 + (i >> 7)) & 0x7f),
});

const A = '10.0.0.1';

function withoutReports(network: DatagramNetwork, mute: boolean): DatagramNetwork {
  if (!mute) return network;
  return {
    bind: async (init) => {
      const socket = await network.bind(init);
      return {
        local: socket.local,
        get unsent() {
          return socket.unsent;
        },
        send: (bytes, to, length) => {
          if (bytes[2] !== 0x52 || bytes[3] !== 0x53) socket.send(bytes, to, length);
        },
        onDatagram: (listener) => socket.onDatagram(listener),
        [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
      };
    },
  };
}

interface Way {
  readonly seed: number;
  readonly loss: number;
  readonly burst: number;
  readonly base: number;
  readonly jitter: number;
  readonly mess: number;
}

const profileOf = (way: Way): NetworkProfile => ({
  ...NETWORK_PROFILES.lan,
  base: way.base as Micros,
  jitter: { mean: way.jitter as Micros, shape: 2 },
  loss: { enter: way.loss / way.burst, meanBurst: way.burst },
  duplicates: way.mess,
  reordering: { probability: way.mess, by: fromMillis(8) },
});

/** `mute`: listeners that never report (RS). */
async function openBoxes(seed: number, listeners = 1, mute = false) {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(seed), profile: 'lan' });
  const capture = new Capture(clock);
  const open = (address: string): Promise<RtpMidiEndpoint> =>
    openRtpMidiEndpoint(
      {
        clock,
        network: withoutReports(
          capture.tap(address, network.host(address).datagrams),
          mute && address !== A,
        ),
        randomness: seededRandomness(`${address} ${seed}`),
        log: silentLog,
      },
      { name: address, port: 5004 },
    );
  const a = await open(A);
  const boxes: RtpMidiEndpoint[] = [];
  for (let i = 0; i < listeners; i++) {
    boxes.push(await open(`10.0.0.${i + 2}`));
    a.connect({ host: `10.0.0.${i + 2}`, port: 5004 });
  }
  await clock.advanceSettling(fromSeconds(2));
  return { clock, network, capture, a, boxes, b: boxes[0] as RtpMidiEndpoint };
}

const way: fc.Arbitrary<Way> = fc.record({
  seed: fc.integer(),
  loss: fc.constantFrom(0, 0.02, 0.1, 0.3),
  burst: fc.constantFrom(1, 1, 3),
  base: fc.constantFrom(500, 10_000, 60_000),
  jitter: fc.constantFrom(100, 3_000),
  mess: fc.constantFrom(0, 0.05),
});
const step = fc.record({
  wait: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 60_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: 60_000, max: 900_000 }) },
  ),
  what: fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom('f8', 'fe', 'fa', 'fc') },
    { weight: 3, arbitrary: fc.constantFrom('903c64', '803c40', '914030', '814040', 'b0407f') },
    { weight: 2, arbitrary: fc.integer({ min: 0, max: 40 }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 5_000 }) },
  ),
});

test('every SysEx arrives once, in order and intact, whatever the network does; notes end as they should (items 9, 10, 11, 31, 31a)', async () => {
  let dumps = 0;
  let unprotected = 0;
  let missing = 0;
  await fc.assert(
    fc.asyncProperty(way, fc.array(step, { maxLength: 40 }), async (path, steps) => {
      const { clock, network, a, b } = await openBoxes(path.seed);
      network.setProfile(profileOf(path));
      const heard: string[] = [];
      const sounding = new Set<string>();
      b.onMidi((_peer, message) => {
        if (message.kind === 'sysEx') heard.push(hexOf(message));
        if (message.kind === 'noteOn') sounding.add(`${message.channel} ${message.key}`);
        if (message.kind === 'noteOff') sounding.delete(`${message.channel} ${message.key}`);
      });
      const sent: string[] = [];
      for (const [number, { wait, what }] of steps.entries()) {
        if (wait > 0) await clock.advanceSettling(wait as Micros);
        const message = typeof what === 'string' ? short(what) : dump(number, what);
        if (message.kind === 'sysEx') sent.push(hexOf(message));
        a.send(message, clock.now());
      }
      await clock.advanceSettling(fromSeconds(12));
      a.send(short('803c40'), clock.now());
      a.send(short('814040'), clock.now());
      await clock.advanceSettling(fromSeconds(5));
      dumps += sent.length;
      unprotected += a.stats.sysExUnprotected;
      let at = 0;
      for (const each of heard) {
        const found = sent.indexOf(each, at);
        expect(found, 'sent, and in this order').toBeGreaterThanOrEqual(at);
        at = found + 1;
      }
      missing += sent.length - heard.length;
      // A packet that is overtaken for longer than it is waited for counts as lost.
      const isClean = path.loss === 0 && path.mess === 0 && path.jitter < 1_000;
      const excused = a.stats.sysExUnprotected > 0 && !isClean;
      if (!excused) expect(heard).toEqual(sent);
      expect(sounding.size).toBe(0);
      expect(b.stats.faults['uncoveredLoss']).toBe(0);
      expect(a.stats.messagesDropped).toBe(0);
      await a[Symbol.asyncDispose]();
      await b[Symbol.asyncDispose]();
    }),
    { numRuns: 60 },
  );
  process.stderr.write(`sysex: ${dumps} sent, ${missing} missing, ${unprotected} unprotected\n`);
  expect(missing).toBeLessThanOrEqual(dumps * 0.05);
});

/** The packets that A sent to one box, in order of sequence numbers, as read back; each one fits and has no fault. */
function packetsTo(capture: Capture, address: string) {
  const packets = new Map<number, NonNullable<ReturnType<typeof readPacket>>>();
  for (const { from, to, bytes } of capture.datagrams) {
    const read = from === A && to === address ? readPacket(bytes) : undefined;
    if (!read) continue;
    expect(bytes.length).toBeLessThanOrEqual(MAX_PACKET_OCTETS);
    expect(read.faults).toEqual([]);
    packets.set(read.sequence, read);
  }
  return [...packets.values()];
}

test('a thousand messages of one moment go out in order, in packets that fit (item 5)', async () => {
  const { clock, capture, a, b } = await openBoxes(1);
  const sent: string[] = [];
  const heard: string[] = [];
  b.onMidi((_peer, message) => heard.push(hexOf(message)));
  for (let i = 0; i < 1_000; i++) {
    const channel = (i >> 3) & 15;
    const key = 30 + ((i * 5) & 63);
    const message = short(
      `${i & 1 ? '8' : '9'}${channel.toString(16)}${key.toString(16)}${i & 1 ? '40' : '64'}`,
    );
    sent.push(hexOf(message));
    a.send(message, clock.now());
  }
  await clock.advanceSettling(fromMillis(100));
  expect(heard).toEqual(sent);
  expect(packetsTo(capture, '10.0.0.2').length).toBeGreaterThan(5);
});

test('between the segments of a SysEx there is nothing but real-time, over all packets; and every list is well-formed (items 5, 9, 10)', async () => {
  const { clock, network, capture, a, b } = await openBoxes(2);
  network.setProfile(
    profileOf({ seed: 2, loss: 0.1, burst: 2, base: 15_000, jitter: 2_000, mess: 0 }),
  );
  const heard: string[] = [];
  b.onMidi((_peer, message) => heard.push(message.kind));
  for (let i = 0; i < 200; i++) {
    if (i % 20 === 0) a.send(dump(i, 4_000), clock.now());
    a.send(short('f8'), clock.now());
    if (i % 7 === 0) a.send(short(i % 2 ? '803c40' : '903c64'), clock.now());
    if (i === 150) a.send(short('ff'), clock.now());
    await clock.advanceSettling(fromMillis(20));
  }
  await clock.advanceSettling(fromSeconds(2));
  let open = false;
  let segments = 0;
  let cancelled = 0;
  for (const { commands } of packetsTo(capture, '10.0.0.2')) {
    for (const { midi } of commands) {
      const status = Number.parseInt(midi.slice(0, 2), 16);
      if (status === 0xf7) {
        segments++;
        expect(open, 'a segment goes on with a command that has begun').toBe(true);
        if (midi === 'f7f4') cancelled++;
        open = midi.endsWith('f0');
      } else if (status < 0xf8) {
        expect(open, `${midi.slice(0, 12)} between segments`).toBe(false);
        open = status === 0xf0 && midi.endsWith('f0');
      }
    }
  }
  expect(open).toBe(false);
  expect(segments).toBeGreaterThan(40);
  expect(cancelled).toBe(a.stats.sysExCancelled);
  expect(heard.filter((kind) => kind === 'timingClock').length).toBeGreaterThan(150);
});

test.each([
  [20_000, 0, 3],
  [20_000, 0.05, 4],
  [20_000, 0.2, 5],
  [150_000, 0, 15],
  [150_000, 0.05, 15],
  [150_000, 0.2, 16],
  [300_000, 0.05, 26],
])(
  '64 KiB of SysEx over a round trip of %i us with a loss of %f arrive within %i s, and nothing of it is unprotected (items 31, 31b)',
  async (rtt, loss, seconds) => {
    const { clock, network, a, b } = await openBoxes(3);
    network.setProfile(profileOf({ seed: 3, loss, burst: 1, base: rtt / 2, jitter: 300, mess: 0 }));
    await clock.advanceSettling(fromSeconds(1));
    const message = dump(1, 65_536);
    const heard: { readonly message: MidiMessage; readonly at: number }[] = [];
    b.onMidi((_peer, each) => heard.push({ message: each, at: clock.now() }));
    const began = clock.now();
    a.send(message, began);
    await clock.advanceSettling(fromSeconds(seconds));
    expect(heard.map((each) => each.message)).toEqual([message]);
    expect(a.stats.sysExUnprotected).toBe(0);
    process.stderr.write(
      `sysex: 64 KiB, ${rtt / 1_000} ms, ${100 * loss} %: ${(((heard[0]?.at ?? 0) - began) / 1e6).toFixed(1)} s\n`,
    );
  },
);

test('a note behind a long SysEx waits little longer than 50 ms, however slow the peer is (item 31b)', async () => {
  for (const rtt of [20_000, 300_000]) {
    const { clock, network, a, b } = await openBoxes(4);
    network.setProfile(
      profileOf({ seed: 4, loss: 0, burst: 1, base: rtt / 2, jitter: 100, mess: 0 }),
    );
    await clock.advanceSettling(fromSeconds(1));
    const delays: number[] = [];
    const heard: string[] = [];
    let playedAt = 0;
    b.onMidi((_peer, message) => {
      heard.push(message.kind);
      if (message.kind === 'noteOn') delays.push(clock.now() - playedAt - rtt / 2);
    });
    a.send(dump(1, 65_536), clock.now());
    await clock.advanceSettling(fromMillis(300));
    playedAt = clock.now();
    a.send(short('903c64'), playedAt as Instant);
    await clock.advanceSettling(fromSeconds(1));
    expect(heard).toEqual(['sysEx', 'noteOn']);
    expect(delays[0]).toBeLessThan(90_000);
  }
});

test('real-time messages do not wait for a SysEx at all (item 10)', async () => {
  const { clock, network, a, b } = await openBoxes(5);
  network.setProfile(profileOf({ seed: 5, loss: 0, burst: 1, base: 50_000, jitter: 10, mess: 0 }));
  await clock.advanceSettling(fromSeconds(1));
  let sentAt = 0;
  const delays: number[] = [];
  b.onMidi((_peer, { kind }) => {
    if (kind === 'timingClock') delays.push(clock.now() - sentAt);
  });
  a.send(dump(1, 20_000), clock.now());
  for (let i = 0; i < 20; i++) {
    await clock.advanceSettling(fromMillis(70));
    sentAt = clock.now();
    a.send(short('f8'), sentAt as Instant);
  }
  await clock.advanceSettling(fromMillis(70));
  expect(delays).toHaveLength(20);
  expect(Math.max(...delays)).toBeLessThan(52_000);
});

test('peers that never report are sent SysEx by the clock, and the slowest of several peers sets the pace (items 31b, 33, 35)', async () => {
  const message = dump(1, 20_000);
  for (const mute of [true, false]) {
    const { clock, network, a, boxes } = await openBoxes(6, 3, mute);
    network.setProfile(profileOf({ seed: 6, loss: 0, burst: 1, base: 2_000, jitter: 10, mess: 0 }));
    const slow = profileOf({ seed: 6, loss: 0.02, burst: 1, base: 80_000, jitter: 10, mess: 0 });
    if (!mute) network.setProfile(slow, '10.0.0.3');
    await clock.advanceSettling(fromSeconds(1));
    const heard = boxes.map((box) => {
      const messages: MidiMessage[] = [];
      box.onMidi((_peer, each) => messages.push(each));
      return messages;
    });
    a.send(message, clock.now());
    await clock.advanceSettling(fromSeconds(1));
    expect(heard.map((each) => each.length)).toEqual([0, 0, 0]);
    await clock.advanceSettling(fromSeconds(6));
    expect(heard).toEqual([[message], [message], [message]]);
  }
});

test('an end point that closes cancels what it could not finish: nobody hears half a SysEx (item 9)', async () => {
  const { clock, network, capture, a, b } = await openBoxes(7);
  network.setProfile(profileOf({ seed: 7, loss: 0, burst: 1, base: 30_000, jitter: 10, mess: 0 }));
  const heard: string[] = [];
  b.onMidi((_peer, message) => heard.push(message.kind));
  a.send(dump(1, 20_000), clock.now());
  await clock.advanceSettling(fromMillis(300));
  a.send(short('803c40'), clock.now());
  await a[Symbol.asyncDispose]();
  await clock.advanceSettling(fromSeconds(1));
  expect(heard).not.toContain('sysEx');
  const all = packetsTo(capture, '10.0.0.2').flatMap(({ commands }) => commands);
  expect(all.some(({ midi }) => midi === 'f7f4')).toBe(true);
});

test('channels are never left out of a journal for a SysEx: that gives way, and is counted (item 31b)', async () => {
  const { clock, a, b } = await openBoxes(8, 1, true);
  for (let i = 0; i < 300; i++) {
    const controller = (10 + (i % 20)).toString(16).padStart(2, '0');
    a.send(short(`b${(i % 15).toString(16)}${controller}${i % 8}0`), clock.now());
  }
  await clock.advanceSettling(fromSeconds(1));
  const message = dump(1, 20_000);
  const heard: MidiMessage[] = [];
  b.onMidi((_peer, each) => heard.push(each));
  a.send(message, clock.now());
  await clock.advanceSettling(fromMillis(300));
  a.send(short('903c64'), clock.now());
  await clock.advanceSettling(fromSeconds(1));
  expect(heard).toEqual([message, short('903c64')]);
  expect(a.stats.sysExUnprotected).toBeGreaterThan(10);
  expect(a.stats.journalsSplit).toBe(0);
});
