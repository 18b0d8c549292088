import { expect, test } from 'vitest';
import { NETWORK_PROFILES } from '../../../sim/network/profiles.ts';
import { seededRandomness } from '../../../sim/seeded-randomness.ts';
import { NOTE_OFF, NOTE_ON, openSessionRig } from '../../../tests/apple-midi-rig.ts';
import { silentLog } from '../../core/log.ts';
import { shortMessage } from '../../core/midi-bytes.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import { fromMillis, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { DatagramNetwork, NetAddress } from '../../ports/datagram-network.ts';
import { openRtpMidiEndpoint, type RtpMidiInit } from './endpoint.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';

async function openJoined(init: Partial<RtpMidiInit> = {}) {
  const rig = openSessionRig('lan', fromMillis(1));
  const a = await rig.open(A, init);
  const b = await rig.open(B, init);
  const connection = a.connect({ host: B, port: 5004 });
  await rig.run(fromMillis(500));
  return { ...rig, a, b, connection };
}

test('an invitation makes both ends peers, and notes go both ways with the time of their performance (items 3, 41)', async () => {
  const { a, b, clock, run, log, connection } = await openJoined();
  expect(connection.state).toBe('connected');
  expect(a.peers.map((peer) => peer.name)).toEqual([`box ${B}`]);
  expect(b.peers.map((peer) => peer.name)).toEqual([`box ${A}`]);
  await run(fromSeconds(10));
  const errors: number[] = [];
  let playedAt = clock.now();
  b.onMidi((_peer, _message, performedAt, arrivedAt) => {
    errors.push(Math.abs(performedAt - playedAt));
    expect(arrivedAt).toBeGreaterThan(playedAt);
  });
  for (let i = 0; i < 20; i++) {
    playedAt = clock.now();
    a.send(i % 2 === 0 ? NOTE_ON : NOTE_OFF, playedAt);
    await run(fromMillis(70));
  }
  b.send(NOTE_ON, clock.now());
  await run(fromMillis(20));
  expect(errors).toHaveLength(20);
  expect(Math.max(...errors)).toBeLessThan(1_500);
  expect(log.at(-1)).toBe(`${A}: noteOn`);
  expect(log.some((line) => line.includes('recovered'))).toBe(false);
  const stats = a.peers[0]?.stats;
  expect(stats?.rtt).toBeGreaterThan(2_000);
  expect(stats?.loss).toBe(0);
});

test('messages of one burst share a packet', async () => {
  const { a, b, clock, run } = await openJoined();
  const before = a.stats.packetsSent;
  const heard: number[] = [];
  b.onMidi((_peer, message) => heard.push(message.kind === 'noteOn' ? message.key : -1));
  for (let key = 60; key < 70; key++)
    a.send(shortMessage(0x90, key, 1) as MidiMessage, clock.now());
  await run(fromMillis(5));
  expect(heard).toEqual([60, 61, 62, 63, 64, 65, 66, 67, 68, 69]);
  expect(a.stats.packetsSent).toBe(before + 1);
});

test('flush sends without waiting for the end of the burst', async () => {
  const { a, clock } = await openJoined();
  const before = a.stats.packetsSent;
  a.send(NOTE_ON, clock.now());
  a.flush();
  expect(a.stats.packetsSent).toBe(before + 1);
});

test('a SysEx of any length arrives whole, in packets that fit', async () => {
  const { a, b, clock, run } = await openJoined();
  const data = Uint8Array.from({ length: 5_000 }, (_, i) => i & 0x7f);
  const heard: MidiMessage[] = [];
  b.onMidi((_peer, message) => heard.push(message));
  a.send(NOTE_ON, clock.now());
  a.send({ kind: 'sysEx', data }, clock.now());
  a.send({ kind: 'sysEx', data: new Uint8Array(0) }, clock.now());
  a.send(NOTE_OFF, clock.now());
  await run(fromMillis(100));
  expect(heard.map((message) => message.kind)).toEqual(['noteOn', 'sysEx', 'sysEx', 'noteOff']);
  expect(heard[1]).toEqual({ kind: 'sysEx', data });
});

test('what a peer left sounding is released when it leaves (item 40)', async () => {
  const { a, clock, run, log, connection } = await openJoined();
  a.send(NOTE_ON, clock.now());
  a.send(shortMessage(0xb0, 64, 127) as MidiMessage, clock.now());
  await run(fromMillis(50));
  log.length = 0;
  await connection[Symbol.asyncDispose]();
  await run(fromMillis(50));
  expect(log).toEqual([
    `${A}: box ${B} left local`,
    `${B}: noteOff recovered`,
    `${B}: controlChange recovered`,
    `${B}: box ${A} left bye`,
  ]);
  expect(connection.state).toBe('closed');
});

test('a peer that vanishes is let go after a minute without clock exchange, and its notes end (items 40, 42)', async () => {
  const { a, b, clock, network, run, log } = await openJoined();
  a.send(NOTE_ON, clock.now());
  await run(fromMillis(50));
  network.host(A).disconnect();
  await run(fromSeconds(75));
  expect(b.peers).toHaveLength(0);
  expect(log).toContain(`${B}: noteOff recovered`);
  expect(log).toContain(`${B}: box ${A} left timeout`);
  expect(log).toContain(`${A}: box ${B} left timeout`);
});

test('after a drop-out the connection comes back within two seconds (item 45)', async () => {
  const { a, b, network, run, clock } = await openJoined();
  network.host(B).disconnect();
  await run(fromSeconds(90));
  expect([a.peers.length, b.peers.length]).toEqual([0, 0]);
  network.host(B).reconnect();
  await run(fromSeconds(2));
  expect([a.peers.length, b.peers.length]).toEqual([1, 1]);
  let heard = 0;
  b.onMidi(() => heard++);
  a.send(NOTE_ON, clock.now());
  await run(fromMillis(20));
  expect(heard).toBe(1);
});

test('a short drop-out ends nothing: the journal heals it (item 36)', async () => {
  const { a, b, clock, network, run, log } = await openJoined();
  a.send(NOTE_ON, clock.now());
  await run(fromMillis(100));
  log.length = 0;
  network.host(B).disconnect();
  a.send(NOTE_OFF, clock.now());
  await run(fromSeconds(3));
  network.host(B).reconnect();
  await run(fromSeconds(1.2));
  expect(log).toEqual([`${B}: noteOff recovered`]);
  expect([a.peers.length, b.peers.length]).toEqual([1, 1]);
});

test('a peer that starts anew takes the place of its old self (items 4, 45)', async () => {
  const { a, b, run, log, network, clock } = await openJoined();
  b.send(NOTE_ON, clock.now());
  await run(fromMillis(50));
  log.length = 0;
  // It dies without a word, and comes back.
  network.host(B).disconnect();
  await b[Symbol.asyncDispose]();
  network.host(B).reconnect();
  const again = await openRtpMidiEndpoint(
    {
      clock,
      network: network.host(B).datagrams,
      randomness: seededRandomness('another'),
      log: silentLog,
    },
    { name: 'reborn', port: 5004 },
  );
  await run(fromSeconds(20));
  expect(again.peers).toHaveLength(1);
  expect(a.peers.map((peer) => peer.name)).toEqual(['reborn']);
  expect(log).toContain(`${A}: noteOff recovered`);
  expect(log).toContain(`${A}: box ${B} left replaced`);
});

test('two end points that invite each other are one pair of peers (item 43)', async () => {
  const { a, b, clock, run } = await openJoined();
  b.connect({ host: A, port: 5004 });
  await run(fromSeconds(2));
  expect([a.peers.length, b.peers.length]).toEqual([1, 1]);
  let heard = 0;
  b.onMidi(() => heard++);
  a.send(NOTE_ON, clock.now());
  await run(fromMillis(20));
  expect(heard).toBe(1);
});

test('many peers are each sent everything, and one that joins late is told the present state (items 33, 45)', async () => {
  const rig = openSessionRig('lan', fromMillis(1));
  const hub = await rig.open(A);
  const hosts = Array.from({ length: 8 }, (_, i) => `10.0.1.${i + 1}`);
  for (const host of hosts) {
    const leaf = await rig.open(host);
    leaf.connect({ host: A, port: 5004 });
  }
  await rig.run(fromSeconds(1));
  expect(hub.peers).toHaveLength(8);
  hub.send(shortMessage(0xc0, 5, 0) as MidiMessage, rig.clock.now());
  hub.send(shortMessage(0xb0, 7, 90) as MidiMessage, rig.clock.now());
  hub.send(shortMessage(0xe0, 0, 80) as MidiMessage, rig.clock.now());
  await rig.run(fromMillis(100));
  for (const host of hosts) expect(rig.log).toContain(`${host}: programChange`);
  await rig.run(fromSeconds(20));
  const late = await rig.open('10.0.1.99');
  rig.log.length = 0;
  late.connect({ host: A, port: 5004 });
  await rig.run(fromSeconds(1));
  expect(rig.log.filter((line) => line.includes('recovered')).sort()).toEqual([
    '10.0.1.99: controlChange recovered',
    '10.0.1.99: pitchBend recovered',
    '10.0.1.99: programChange recovered',
  ]);
});

test('who is not accepted is refused, and asked again every five seconds (item 47)', async () => {
  const rig = openSessionRig('lan', fromMillis(1));
  let open = false;
  const asked: string[] = [];
  const a = await rig.open(A, {
    accept: (name, from) => {
      asked.push(`${name} ${from.host}`);
      return open;
    },
  });
  const b = await rig.open(B);
  const connection = b.connect({ host: A, port: 5004 });
  await rig.run(fromSeconds(1));
  expect(connection.state).toBe('refused');
  expect(asked).toEqual([`box ${B} ${B}`]);
  expect(a.stats.refused).toBe(1);
  open = true;
  await rig.run(fromSeconds(6));
  expect(connection.state).toBe('connected');
});

test('a full end point refuses one peer more (item 47)', async () => {
  const rig = openSessionRig('lan', fromMillis(1));
  const hub = await rig.open(A, { maxPeers: 2 });
  for (const host of ['10.0.1.1', '10.0.1.2', '10.0.1.3']) {
    const leaf = await rig.open(host);
    leaf.connect({ host: A, port: 5004 });
  }
  await rig.run(fromSeconds(1));
  expect(hub.peers).toHaveLength(2);
});

test('an odd port serves as well as an even one (item 45)', async () => {
  const { clock, run, a, b } = await openJoined({ port: 5005 } as Partial<RtpMidiInit>);
  expect(a.peers).toHaveLength(0);
  b.connect({ host: A, port: 5005 });
  await run(fromSeconds(1));
  expect(a.peers).toHaveLength(1);
  let heard = 0;
  a.onMidi(() => heard++);
  b.send(NOTE_ON, clock.now());
  await run(fromMillis(20));
  expect(heard).toBe(1);
});

test('any free pair of ports will do when none is named, and a taken one is reported', async () => {
  const rig = openSessionRig('lan', fromMillis(1));
  const a = await rig.open(A, { port: 0 });
  expect(a.controlPort % 2).toBe(0);
  await expect(rig.open(A, { port: a.controlPort + 1 })).rejects.toMatchObject({ code: 'busy' });
  await rig.open(A, { port: a.controlPort + 2 });
});

test('a session through a bad network neither ends nor leaves a note', async () => {
  const rig = openSessionRig('lan', fromMillis(1));
  const profile = {
    ...NETWORK_PROFILES.badwifi60,
    loss: { enter: 0.02, meanBurst: 3 },
    duplicates: 0.02,
    reordering: { probability: 0.05, by: fromMillis(30) },
  };
  const a = await rig.open(A);
  const b = await rig.open(B);
  a.connect({ host: B, port: 5004 });
  await rig.run(fromSeconds(2));
  rig.network.setProfile(profile);
  const down = new Set<number>();
  b.onMidi((_peer, message) => {
    if (message.kind === 'noteOn') down.add(message.key);
    if (message.kind === 'noteOff') down.delete(message.key);
  });
  const random = seededRandomness('player');
  for (let i = 0; i < 2_000; i++) {
    const key = 48 + (random.uint32() % 24);
    a.send(shortMessage(0x90, key, 1 + (random.uint32() % 127)) as MidiMessage, rig.clock.now());
    await rig.run((20_000 + (random.uint32() % 60_000)) as Micros);
    a.send(shortMessage(0x80, key, 64) as MidiMessage, rig.clock.now());
    await rig.run((random.uint32() % 20_000) as Micros);
  }
  await rig.run(fromSeconds(1));
  expect(down.size).toBe(0);
  expect(a.peers).toHaveLength(1);
  expect(b.peers[0]?.stats.loss).toBeGreaterThan(0.01);
  expect(b.peers[0]?.stats.recovered).toBeGreaterThan(20);
  expect(rig.log.filter((line) => line.includes('left'))).toEqual([]);
});

test('another host that borrows the SSRC of a peer is not heard (item 43)', async () => {
  const { a, network, run, log } = await openJoined();
  const peer = a.peers[0];
  const forger = await network.host('10.0.0.66').datagrams.bind({ port: 5005 });
  const ssrc = (peer?.ssrc ?? 0).toString(16).padStart(8, '0');
  log.length = 0;
  for (const hex of [`ffff42590000000200000000${ssrc}`, `8061000100000000${ssrc}43903c64800000`]) {
    forger.send(Uint8Array.from(Buffer.from(hex, 'hex')), { host: A, port: 5005 });
  }
  await run(fromMillis(50));
  expect(a.peers).toHaveLength(1);
  expect(log).toEqual([]);
  expect(a.stats.faults['stranger']).toBe(2);
});

test('a peer that is dialled by name is known by its address once it answers', async () => {
  const rig = openSessionRig('lan', fromMillis(1));
  await rig.open(B);
  const here = rig.network.host(A).datagrams;
  const resolving: DatagramNetwork = {
    async bind(init) {
      const socket = await here.bind(init);
      const resolve = (to: NetAddress): NetAddress =>
        to.host === 'studio.local' ? { host: B, port: to.port } : to;
      return {
        local: socket.local,
        unsent: 0,
        send: (bytes, to, length) => socket.send(bytes, resolve(to), length),
        onDatagram: (listener) => socket.onDatagram(listener),
        [Symbol.asyncDispose]: () => socket[Symbol.asyncDispose](),
      };
    },
  };
  const a = await openRtpMidiEndpoint(
    { clock: rig.clock, network: resolving, randomness: seededRandomness(1), log: silentLog },
    { name: 'a', port: 5004 },
  );
  a.connect({ host: 'studio.local', port: 5004 });
  await rig.run(fromMillis(500));
  expect(a.peers[0]?.address).toEqual({ host: B, port: 5004 });
});

test('disposing says goodbye and frees the ports', async () => {
  const { a, b, run, clock } = await openJoined();
  await a[Symbol.asyncDispose]();
  await a[Symbol.asyncDispose]();
  await run(fromMillis(50));
  expect(b.peers).toHaveLength(0);
  a.send(NOTE_ON, clock.now() as Instant);
  a.flush();
});
