/** Peers that die, restart, move and fall silent: they are back within two seconds, and nothing goes on sounding. */
import { expect, test } from 'vitest';
import {
  NOTE_OFF,
  NOTE_ON,
  openSessionRig,
  type SessionRig,
} from '../../../tests/apple-midi-rig.ts';
import { fromMillis, fromSeconds, type Micros } from '../../core/time.ts';
import type { RtpMidiEndpoint, RtpMidiInit } from './endpoint.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const TWO_SECONDS = fromSeconds(2);

/** Ends a process without a word: nothing gets out any more, and its ports are free. */
async function kill(rig: SessionRig, endpoint: RtpMidiEndpoint, host: string): Promise<void> {
  rig.network.host(host).disconnect();
  await endpoint[Symbol.asyncDispose]();
  rig.network.host(host).reconnect();
  rig.log.length = 0;
}

async function openJoined(init: Partial<RtpMidiInit> = {}) {
  const rig = openSessionRig();
  const a = await rig.open(A, init);
  const b = await rig.open(B, init);
  const connection = a.connect({ host: B, port: 5004 });
  await rig.run(fromSeconds(3));
  expect([a.peers.length, b.peers.length]).toEqual([1, 1]);
  return { ...rig, rig, a, b, connection };
}

/** Time until both have one live peer that hears them. */
async function untilMet(rig: SessionRig, a: RtpMidiEndpoint, b: RtpMidiEndpoint): Promise<Micros> {
  const began = rig.clock.now();
  const met = (): boolean =>
    a.peers.some(({ ssrc }) => ssrc === b.ssrc) && b.peers.some(({ ssrc }) => ssrc === a.ssrc);
  while (!met() && rig.clock.now() - began < fromSeconds(20)) await rig.run(fromMillis(10));
  return (rig.clock.now() - began) as Micros;
}

const away = [0, 100, 700, 2_500, 30_000, 70_000];

test.each(away)(
  'the inviting side is killed and back after %i ms, at the same ports: met at once, its note ended (item 45)',
  async (ms) => {
    const { rig, a, b, log, clock, run } = await openJoined();
    a.send(NOTE_ON, clock.now());
    await run(fromMillis(100));
    await kill(rig, a, A);
    await run(fromMillis(ms));
    const again = await rig.open(A, {}, 'reborn');
    again.connect({ host: B, port: 5004 });
    expect(await untilMet(rig, again, b)).toBeLessThan(TWO_SECONDS);
    await run(fromMillis(100));
    expect(b.peers).toHaveLength(1);
    expect(log.filter((line) => line === `${B}: noteOff recovered`)).toHaveLength(1);
  },
);

test.each(away)(
  'the inviting side is killed and back after %i ms, at other ports: its old self makes way within two seconds (item 45)',
  async (ms) => {
    const { rig, a, b, log, clock, run } = await openJoined();
    a.send(NOTE_ON, clock.now());
    await run(fromMillis(100));
    await kill(rig, a, A);
    await run(fromMillis(ms));
    const again = await rig.open(A, { port: 6_000 }, 'reborn');
    again.connect({ host: B, port: 5004 });
    expect(await untilMet(rig, again, b)).toBeLessThan(TWO_SECONDS);
    await run(fromSeconds(1.5));
    expect(b.peers.map(({ ssrc }) => ssrc)).toEqual([again.ssrc]);
    expect(log.filter((line) => line === `${B}: noteOff recovered`)).toHaveLength(1);
  },
);

test('two live peers of one host that share a name stay both (item 45)', async () => {
  const { rig, b, run, log } = await openJoined();
  const twin = await rig.open(A, { port: 6_000 }, 'twin');
  twin.connect({ host: B, port: 5004 });
  await run(fromSeconds(30));
  expect(b.peers).toHaveLength(2);
  expect(log.filter((line) => line.includes('left'))).toEqual([]);
});

test.each(away)(
  'the invited side is killed and back after %i ms: invited again within two seconds, its note ended (item 45)',
  async (ms) => {
    const { rig, a, b, log, clock, run } = await openJoined();
    b.send(NOTE_ON, clock.now());
    await run(fromMillis(100));
    await kill(rig, b, B);
    await run(fromMillis(ms));
    const again = await rig.open(B, {}, 'reborn');
    expect(await untilMet(rig, a, again)).toBeLessThan(TWO_SECONDS);
    expect(a.peers).toHaveLength(1);
    expect(log.filter((line) => line === `${A}: noteOff recovered`)).toHaveLength(1);
    again.send(NOTE_ON, clock.now());
    await run(fromMillis(100));
    expect(log.at(-1)).toBe(`${A}: noteOn`);
  },
);

test('while the other side plays, a restart of the invited one is noticed at once (item 45)', async () => {
  const { rig, a, b, run, clock } = await openJoined();
  await kill(rig, b, B);
  const again = await rig.open(B, {}, 'reborn');
  a.send(NOTE_ON, clock.now());
  expect(await untilMet(rig, a, again)).toBeLessThan(fromMillis(100));
  await run(fromMillis(100));
  expect(again.peers).toHaveLength(1);
});

test('both sides are killed; whichever invites, they are met within two seconds (item 45)', async () => {
  const { rig, a, b, run } = await openJoined();
  await kill(rig, a, A);
  await kill(rig, b, B);
  await run(fromSeconds(1));
  const [first, second] = [await rig.open(A, {}, 'c'), await rig.open(B, {}, 'd')];
  first.connect({ host: B, port: 5004 });
  second.connect({ host: A, port: 5004 });
  expect(await untilMet(rig, first, second)).toBeLessThan(TWO_SECONDS);
  await run(fromSeconds(5));
  expect([first.peers.length, second.peers.length]).toEqual([1, 1]);
});

test.each([10, 59, 61, 70, 200])(
  'a network that is gone for %i s costs no more than two seconds after it (item 45)',
  async (seconds) => {
    const { rig, a, b, run, clock, network, log } = await openJoined();
    a.send(NOTE_ON, clock.now());
    b.send(NOTE_ON, clock.now());
    await run(fromMillis(100));
    network.host(B).disconnect();
    a.send(NOTE_OFF, clock.now());
    b.send(NOTE_OFF, clock.now());
    await run(fromSeconds(seconds));
    network.host(B).reconnect();
    expect(await untilMet(rig, a, b)).toBeLessThan(TWO_SECONDS);
    for (const host of [A, B])
      expect(log.filter((line) => line === `${host}: noteOff recovered`)).toHaveLength(1);
    await run(fromSeconds(2));
    log.length = 0;
    a.send(NOTE_ON, clock.now());
    await run(fromMillis(50));
    expect(log).toEqual([`${B}: noteOn`]);
  },
);

test('a peer that moves to another address keeps its SSRC, and is taken over within three seconds (item 45)', async () => {
  const rig = openSessionRig();
  const a = await rig.open(A);
  const before = await rig.raw(B);
  await before.join(rig, A);
  await rig.run(fromSeconds(5));
  await before.close();
  const after = await rig.raw('10.0.0.3');
  // Once a second, as dialers do.
  for (let i = 0; i < 3; i++) {
    after.introduce('IN', 'control', 5, { host: A, port: 5004 });
    await rig.run(fromMillis(500));
    if (after.count('OK') > 0) after.introduce('IN', 'data', 5, { host: A, port: 5005 });
    await rig.run(fromMillis(500));
  }
  expect(a.peers.map(({ address }) => address.host)).toEqual(['10.0.0.3']);
});

test.each([
  ['the inviting', true],
  ['the invited', false],
])(
  '%s side vanishes while it holds a note: that ends within four seconds, the session later (items 40, 42)',
  async (_side, inviting) => {
    const { a, b, run, clock, network, log } = await openJoined();
    const [player, listener, host, there] = inviting ? [a, b, A, B] : [b, a, B, A];
    player.send(NOTE_ON, clock.now());
    await run(fromMillis(100));
    network.host(host).disconnect();
    log.length = 0;
    await run(fromSeconds(4));
    expect(log).toEqual([`${there}: noteOff recovered`]);
    expect(listener.peers).toHaveLength(1);
    await run(fromSeconds(57));
    expect(listener.peers).toHaveLength(0);
    expect(log).toContain(`${there}: box ${host} left timeout`);
  },
);

test('notes are let go when nobody answers, not for want of playing (item 40)', async () => {
  const { a, b, run, clock, log } = await openJoined();
  a.send(NOTE_ON, clock.now());
  b.send(NOTE_ON, clock.now());
  await run(fromSeconds(1));
  log.length = 0;
  await run(fromSeconds(120));
  expect(log).toEqual([]);
});

test('a goodbye that somebody made up only makes us look (items 43, 45)', async () => {
  const { a, b, run, log, network } = await openJoined();
  // From the peer's own address, as nobody but a forger could.
  const { datagrams } = network.host(B);
  const hex = 'ffff42590000000200000000deadbeef';
  log.length = 0;
  const socket = await datagrams.bind({ port: 7_000 });
  for (let i = 0; i < 50; i++) {
    socket.send(Buffer.from(hex, 'hex'), { host: A, port: 5004 });
    await run(fromMillis(100));
  }
  expect([a.peers.length, b.peers.length]).toEqual([1, 1]);
  expect(log).toEqual([]);
});

test('leaving ends at the other side what was left sounding there (item 40)', async () => {
  const rig = openSessionRig('perfect');
  const a = await rig.open(A);
  const peer = await rig.raw(B);
  await peer.join(rig, A);
  a.send(NOTE_ON, rig.clock.now());
  await rig.run(fromMillis(50));
  a.peers[0]?.disconnect();
  await rig.run(fromMillis(50));
  expect([...peer.lastPacket.subarray(13, 16)]).toEqual([0x80, 60, 64]);
  expect(peer.heard.at(-1)?.message.kind).toBe('BY');
});

test('a full end point makes room when one of those who are in comes back (item 45)', async () => {
  const rig = openSessionRig();
  const hub = await rig.open(B, { maxPeers: 2 });
  const [first, second] = [await rig.open(A), await rig.open('10.0.0.3')];
  for (const leaf of [first, second]) leaf.connect({ host: B, port: 5004 });
  await rig.run(fromSeconds(2));
  await kill(rig, first, A);
  const again = await rig.open(A, { port: 6_000 }, 'reborn');
  const connection = again.connect({ host: B, port: 5004 });
  await rig.run(fromSeconds(3));
  expect(connection.state).toBe('connected');
  expect(hub.peers).toHaveLength(2);
  expect(second.peers).toHaveLength(1);
});
