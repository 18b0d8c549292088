/** What whole end points send: seen on the wire, and through losses that are made on purpose. */
import { expect, test } from 'vitest';
import { openVirtualNetwork } from '../../../sim/network/virtual-network.ts';
import { seededRandomness } from '../../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../../sim/virtual-clock.ts';
import { silentLog } from '../../core/log.ts';
import { shortMessage } from '../../core/midi-bytes.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import { fromMillis, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { DatagramNetwork } from '../../ports/datagram-network.ts';
import type { Randomness } from '../../ports/randomness.ts';
import { openRtpMidiEndpoint, type RtpMidiEndpoint, type RtpMidiInit } from './endpoint.ts';
import { emptyRtpHeader, type RtpHeader, readRtpHeader } from './rtp-header.ts';

const PLAYER = '10.0.0.1';
const LISTENER = '10.0.0.2';
const NOTE_ON = shortMessage(0x90, 60, 100) as MidiMessage;
const NOTE_OFF = shortMessage(0x80, 60, 64) as MidiMessage;

interface Sent {
  readonly at: Instant;
  readonly bytes: Uint8Array;
  readonly header: RtpHeader;
}

interface RigInit extends Partial<RtpMidiInit> {
  /** Of the player. */
  readonly randomness?: Randomness;
  /** Whether the listener's receiver feedback gets lost. */
  readonly silent?: boolean;
}

function rateLimit(ssrc: number, bits: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(12));
  view.setUint32(0, 0xffff_524c);
  view.setUint32(4, ssrc);
  view.setUint32(8, bits);
  return new Uint8Array(view.buffer);
}

/** Two end points that know one another; what the player sends on its data port is recorded, and lost as told. */
async function openRig({ randomness, silent, ...init }: RigInit = {}) {
  const clock = new VirtualClock();
  const network = openVirtualNetwork({ clock, randomness: seededRandomness(5), profile: 'lan' });
  const sent: Sent[] = [];
  const rig = {
    clock,
    sent,
    /** Whether a packet of the player is lost. */
    isLost: (_packet: Sent): boolean => false,
    /** The listener asks for no more than so many bits a second; 0: as much as there is. */
    ask: (_bits: number): void => {},
  };
  const spied = (host: string): DatagramNetwork => ({
    async bind(at) {
      const socket = await network.host(host).datagrams.bind(at);
      if (host === LISTENER && at.port === 5004) {
        rig.ask = (bits) =>
          socket.send(rateLimit(listener.ssrc, bits), { host: PLAYER, port: 5004 });
      }
      return {
        local: socket.local,
        unsent: 0,
        send(bytes, to, length = bytes.length) {
          const copy = bytes.slice(0, length);
          if (silent && host === LISTENER && copy[2] === 0x52 && copy[3] === 0x53) return;
          if (host === PLAYER && copy[0] === 0x80) {
            const header = emptyRtpHeader();
            expect(readRtpHeader(copy, header)).toBeUndefined();
            const packet = { at: clock.now(), bytes: copy, header };
            sent.push(packet);
            if (rig.isLost(packet)) return;
          }
          socket.send(bytes, to, length);
        },
        onDatagram: (listener) => socket.onDatagram(listener),
        [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
      };
    },
  });
  const open = (host: string, random: Randomness, own: Partial<RtpMidiInit>) =>
    openRtpMidiEndpoint(
      { clock, network: spied(host), randomness: random, log: silentLog },
      { name: host, port: 5004, ...own },
    );
  const player = await open(PLAYER, randomness ?? seededRandomness('player'), init);
  const listener = await open(LISTENER, seededRandomness('listener'), {});
  const heard: { message: MidiMessage; late: number; recovered: boolean }[] = [];
  listener.onMidi((_peer, message, performedAt, _arrivedAt, recovered) => {
    heard.push({ message, late: clock.now() - performedAt, recovered });
  });
  player.connect({ host: LISTENER, port: 5004 });
  const run = (by: Micros): Promise<void> => clock.advanceSettling(by);
  await run(fromSeconds(1));
  return Object.assign(rig, {
    player,
    listener,
    heard,
    run,
    play(message: MidiMessage): void {
      player.send(message, clock.now());
      player.flush();
    },
  });
}

const isGuard = ({ bytes, header }: Sent): boolean => ((bytes[header.payloadAt] ?? 0) & 0x8f) === 0;

test('sequence numbers and timestamps begin anywhere (item 2)', async () => {
  const sequences: number[] = [];
  const timestamps: number[] = [];
  for (let seed = 0; seed < 60; seed++) {
    const { sent } = await openRig({ randomness: seededRandomness(seed) });
    const first = sent[0]?.header as RtpHeader;
    sequences.push(first.sequence / 0x1_0000);
    timestamps.push(first.timestamp / 0x1_0000_0000);
  }
  for (const starts of [sequences, timestamps]) {
    expect(Math.min(...starts)).toBeLessThan(0.15);
    expect(Math.max(...starts)).toBeGreaterThan(0.85);
    expect(new Set(starts).size).toBe(60);
  }
});

test('every packet is version 2 of type 97 without marker, its number one up; times never go back (items 1, 2, 3)', async () => {
  const { play, sent, run } = await openRig();
  for (let i = 0; i < 100; i++) {
    play(i % 2 ? NOTE_OFF : NOTE_ON);
    await run(fromMillis(1 + (i % 50)));
  }
  expect(sent.length).toBeGreaterThan(150);
  for (const [i, { bytes, header }] of sent.entries()) {
    expect([bytes[0], bytes[1]]).toEqual([0x80, 0x61]);
    const before = sent[i - 1]?.header;
    if (!before) continue;
    expect(header.sequence).toBe((before.sequence + 1) & 0xffff);
    expect((header.timestamp - before.timestamp) | 0).toBeGreaterThanOrEqual(0);
  }
});

/** Numbers whose low 16 bits are about to wrap, and which as ticks wrap six seconds after the virtual clock began. */
function aboutToWrap(): Randomness {
  let calls = 0;
  return {
    uint32: () => 0xfffe_ff00 + calls++,
    bytes: (length) => new Uint8Array(length),
  };
}

/** Those that were counted. */
const faultsOf = (endpoint: RtpMidiEndpoint): readonly string[] =>
  Object.entries(endpoint.stats.faults)
    .filter(([, count]) => count > 0)
    .map(([fault]) => fault);

test('losses are repaired and times stay true while sequence numbers and timestamps wrap (items 2, 3)', async () => {
  const rig = await openRig({ randomness: aboutToWrap() });
  const { play, run, sent, heard, listener } = rig;
  await run(fromSeconds(1));
  const random = seededRandomness('losses');
  rig.isLost = () => random.uint32() % 5 === 0;
  const down = new Set<number>();
  listener.onMidi((_peer, message) => {
    if (message.kind === 'noteOn') {
      expect(down.has(message.key)).toBe(false);
      down.add(message.key);
    }
    if (message.kind === 'noteOff') down.delete(message.key);
  });
  for (let i = 0; i < 300; i++) {
    play(shortMessage(0x90, 30 + (i % 60), 1 + (i % 127)) as MidiMessage);
    await run(fromMillis(10));
    play(shortMessage(0x80, 30 + (i % 60), 64) as MidiMessage);
    await run(fromMillis(30));
  }
  rig.isLost = () => false;
  await run(fromSeconds(1));
  const wraps = (of: (header: RtpHeader) => number): number =>
    sent.filter(({ header }, i) => i > 0 && of(header) < of((sent[i - 1] as Sent).header)).length;
  expect(wraps((header) => header.sequence)).toBe(1);
  expect(wraps((header) => header.timestamp)).toBe(1);
  expect(down.size).toBe(0);
  expect(heard.length).toBeGreaterThan(560);
  expect(Math.max(...heard.map(({ late }) => Math.abs(late)))).toBeLessThan(fromMillis(200));
  expect(faultsOf(listener)).toEqual([]);
});

test('a lost NoteOff is made up for within 100 ms, when two guard packets are lost, too (item 36)', async () => {
  const rig = await openRig();
  for (let i = 0; i < 50; i++) {
    rig.play(NOTE_ON);
    await rig.run(fromMillis(300));
    let losses = 1 + (i % 3);
    rig.isLost = () => losses-- > 0;
    rig.play(NOTE_OFF);
    await rig.run(fromMillis(100));
    expect(rig.heard.at(-1)).toMatchObject({ message: { kind: 'noteOff' }, recovered: true });
    await rig.run(fromMillis(300));
  }
});

test('guard packets cease when the peer has confirmed, and are few when it never does (items 35, 36)', async () => {
  for (const silent of [false, true]) {
    const { play, run, sent, player } = await openRig({ silent });
    await run(fromSeconds(15));
    const count = (): number => sent.filter(isGuard).length;
    // Idle: none.
    let before = count();
    await run(fromSeconds(60));
    expect(count() - before).toBe(0);
    before = count();
    for (let i = 0; i < 200; i++) {
      play(i % 2 ? NOTE_OFF : NOTE_ON);
      await run(fromMillis(100));
    }
    const perSecond = (count() - before) / 20;
    expect(perSecond).toBeGreaterThan(5);
    expect(perSecond).toBeLessThan(silent ? 20 : 40);
    before = count();
    await run(fromSeconds(60));
    expect(count() - before).toBeLessThanOrEqual(8);
    expect(player.stats.guardsSent).toBe(count());
  }
});

test('copies: a single loss costs two milliseconds and no repair; they are the same octets', async () => {
  const rig = await openRig({ redundancy: 1 });
  await rig.run(fromSeconds(1));
  const before = rig.sent.length;
  for (let i = 0; i < 40; i++) {
    let losses = 1;
    rig.isLost = (packet) => !isGuard(packet) && losses-- > 0;
    rig.play(i % 2 ? NOTE_OFF : NOTE_ON);
    await rig.run(fromMillis(250));
  }
  expect(rig.heard).toHaveLength(40);
  for (const { late, recovered } of rig.heard) {
    expect(recovered).toBe(false);
    // On a network that takes 1 to 3 ms.
    expect(late).toBeLessThan(fromMillis(7));
  }
  expect(faultsOf(rig.listener)).toEqual([]);
  const bySequence = new Map<number, Sent[]>();
  for (const packet of rig.sent.slice(before)) {
    const { sequence } = packet.header;
    bySequence.set(sequence, [...(bySequence.get(sequence) ?? []), packet]);
  }
  for (const packets of bySequence.values()) {
    const [first, second] = packets as [Sent, Sent | undefined];
    expect(packets).toHaveLength(isGuard(first) ? 1 : 2);
    if (!second) continue;
    expect(second.bytes).toEqual(first.bytes);
    expect(second.at - first.at).toBe(fromMillis(2));
  }
  expect(rig.player.stats.copiesSent).toBe(40);
});

test('two copies outlive the loss of a packet and its first copy', async () => {
  const rig = await openRig({ redundancy: 2 });
  let losses = 2;
  rig.isLost = (packet) => !isGuard(packet) && losses-- > 0;
  rig.play(NOTE_ON);
  await rig.run(fromMillis(12));
  expect(rig.heard.map(({ recovered }) => recovered)).toEqual([false]);
  expect(rig.player.stats.copiesSent).toBe(2);
});

test('no copies go to a peer that reports nothing, or may play a packet twice', async () => {
  for (const init of [{ silent: true }, { dropsDuplicates: () => false }]) {
    const rig = await openRig({ redundancy: 2, ...init });
    rig.play(NOTE_ON);
    await rig.run(fromMillis(50));
    expect(rig.player.stats).toMatchObject({ copiesSent: 0, messagesSent: 1 });
  }
});

test('a peer that left is sent no more copies', async () => {
  const rig = await openRig({ redundancy: 2 });
  rig.play(NOTE_ON);
  rig.player.peers[0]?.disconnect();
  await rig.run(fromMillis(50));
  expect(rig.player.stats.copiesSent).toBe(0);
});

test('a limit below the need holds packets back, and what they held arrives with later journals (item 44)', async () => {
  const rig = await openRig({ redundancy: 1 });
  const { play, run, sent, player, listener, clock } = rig;
  const down = new Set<number>();
  const values = new Map<number, number>();
  let ghosts = 0;
  listener.onMidi((_peer, message) => {
    if (message.kind === 'noteOn') {
      if (down.has(message.key)) ghosts++;
      down.add(message.key);
    }
    if (message.kind === 'noteOff') down.delete(message.key);
    if (message.kind === 'controlChange') values.set(message.controller, message.value);
  });
  rig.ask(20_000);
  await run(fromMillis(50));
  const began = clock.now();
  const before = sent.length;
  for (let i = 0; i < 1_000; i++) {
    const key = 30 + (i % 40);
    play(shortMessage(0x90, key, 1 + (i % 127)) as MidiMessage);
    play(shortMessage(0xb0, 1 + (i % 5), i & 127) as MidiMessage);
    await run(fromMillis(10));
    play(shortMessage(0x80, key, 64) as MidiMessage);
    await run(fromMillis(5));
  }
  const octets = sent.slice(before).reduce((sum, { bytes }) => sum + bytes.length, 0);
  const seconds = (clock.now() - began) / 1_000_000;
  expect((octets * 8) / seconds).toBeLessThan(21_000);
  expect((octets * 8) / seconds).toBeGreaterThan(15_000);
  expect(player.stats.withheld).toBeGreaterThan(500);
  await run(fromSeconds(3));
  expect([...down]).toEqual([]);
  expect(ghosts).toBe(0);
  expect([1, 2, 3, 4, 5].map((controller) => values.get(controller))).toEqual(
    [995, 996, 997, 998, 999].map((i) => i & 127),
  );
  // The session outlives the least of limits.
  rig.ask(1);
  play(NOTE_ON);
  await run(fromSeconds(120));
  expect([player.peers.length, listener.peers.length]).toEqual([1, 1]);
  expect(player.peers[0]?.clock.synced).toBe(true);
  rig.ask(0);
  await run(fromMillis(50));
  const { withheld } = player.stats;
  for (let i = 0; i < 500; i++) {
    play(i % 2 ? NOTE_ON : NOTE_OFF);
    await run(fromMillis(2));
  }
  expect(player.stats.withheld).toBe(withheld);
});

test('without journals a loss leaves no note behind, and no packet has one (items 4a, 40)', async () => {
  const rig = await openRig({ journal: 'off' });
  rig.play(NOTE_ON);
  await rig.run(fromMillis(50));
  let losses = 1;
  rig.isLost = () => losses-- > 0;
  rig.play(NOTE_OFF);
  await rig.run(fromMillis(50));
  rig.play(shortMessage(0x90, 62, 80) as MidiMessage);
  await rig.run(fromMillis(50));
  expect(rig.heard.map(({ message }) => message.kind)).toEqual(['noteOn', 'noteOff', 'noteOn']);
  for (const { bytes, header } of rig.sent) {
    expect((bytes[header.payloadAt] ?? 0) & 0x40).toBe(0);
  }
});

test('an anchored journal covers losses when the first packet is tens of thousands ago (items 18, 35a)', async () => {
  const rig = await openRig({ journal: 'anchor' });
  rig.play(shortMessage(0xb0, 7, 90) as MidiMessage);
  for (let i = 0; i < 45_000; i++) {
    rig.play(i % 2 ? NOTE_OFF : NOTE_ON);
    rig.clock.advance(fromMillis(1));
  }
  await rig.run(fromMillis(100));
  rig.heard.length = 0;
  rig.play(NOTE_ON);
  await rig.run(fromMillis(100));
  rig.isLost = () => true;
  rig.play(shortMessage(0xb0, 7, 91) as MidiMessage);
  rig.isLost = () => false;
  await rig.run(fromMillis(100));
  expect(rig.heard.map(({ message }) => message.kind)).toEqual(['noteOn', 'controlChange']);
  expect(faultsOf(rig.listener)).not.toContain('uncoveredLoss');
});
