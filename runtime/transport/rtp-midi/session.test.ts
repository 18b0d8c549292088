/** The session protocol, spoken with peers made by hand. */
import { expect, test } from 'vitest';
import {
  NOTE_ON,
  openSessionRig,
  type RawPeer,
  type SessionRig,
} from '../../../tests/apple-midi-rig.ts';
import { fromMillis, fromSeconds } from '../../core/time.ts';
import type { NetAddress } from '../../ports/datagram-network.ts';
import type { RtpMidiEndpoint, RtpMidiInit } from './endpoint.ts';
import type { Ticks } from './ticks.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const CONTROL: NetAddress = { host: A, port: 5004 };
const DATA: NetAddress = { host: A, port: 5005 };
const TICKS = 0 as Ticks;

async function openJoined(
  init: Partial<RtpMidiInit> = {},
  raw: Partial<RawPeer['init']> = {},
): Promise<SessionRig & { a: RtpMidiEndpoint; peer: RawPeer }> {
  const rig = openSessionRig();
  const a = await rig.open(A, init);
  const peer = await rig.raw(B, raw);
  await peer.join(rig, A);
  await rig.run(fromMillis(100));
  return { ...rig, a, peer };
}

test('an invitation is accepted on both ports with its token; a refused one is told so (items 41, 47)', async () => {
  const rig = openSessionRig();
  const a = await rig.open(A, { accept: (name) => name !== 'nobody' });
  const peer = await rig.raw(B, { name: '' });
  await peer.join(rig, A, 5_004, 0xfedc_ba98);
  expect(a.peers).toHaveLength(1);
  expect(a.peers[0]).toMatchObject({ name: '', address: { host: B, port: 5004 } });
  const answers = peer.heard.filter(({ message }) => message.kind === 'OK');
  expect(answers.map(({ channel }) => channel)).toEqual(['control', 'data']);
  for (const { message } of answers)
    expect(message).toMatchObject({ token: 0xfedc_ba98, ssrc: a.ssrc });

  const other = await rig.raw('10.0.0.3', { name: 'nobody', ssrc: 3 });
  other.introduce('IN', 'control', 5, CONTROL);
  await rig.run(fromMillis(50));
  expect(other.heard).toMatchObject([{ channel: 'control', message: { kind: 'NO', token: 5 } }]);
  expect(a.peers).toHaveLength(1);
});

test('another protocol version, a cut message and unknown commands are counted and ignored (items 41, 44)', async () => {
  const { a, peer, run } = await openJoined();
  const before = peer.heard.length;
  const say = (hex: string): void => {
    for (const channel of ['control', 'data'] as const)
      for (const to of [CONTROL, DATA]) peer.sayOctets(channel, Buffer.from(hex, 'hex'), to);
  };
  say('ffff494e00000003000000010000000261626300');
  say('ffff494e0000000200');
  say('ffff5859abcd000100000000000000000000');
  say('ffff0000');
  await run(fromMillis(50));
  expect(a.peers).toHaveLength(1);
  expect(a.stats.faults).toMatchObject({ controlMalformed: 8, controlUnknown: 8 });
  expect(peer.heard.slice(before).filter(({ message }) => message.kind !== 'CK')).toEqual([]);
});

test('commands at the wrong port do what they do at the right one (item 44)', async () => {
  const { a, peer, run, log } = await openJoined();
  const { ssrc } = peer.init;
  const asked = peer.count('CK', 'control');
  peer.say(
    'control',
    { kind: 'CK', ssrc, count: 0, t1: 5 as Ticks, t2: TICKS, t3: TICKS },
    CONTROL,
  );
  await run(fromMillis(50));
  expect(peer.count('CK', 'control')).toBe(asked + 1);
  peer.say('data', { kind: 'RL', ssrc, limit: 8_000 }, DATA);
  peer.say('data', { kind: 'RS', ssrc, sequence: 1, lowHalf: 0 }, DATA);
  peer.play([0x90, 60, 1], CONTROL, 'control');
  await run(fromMillis(50));
  expect(log).toContain(`${A}: noteOn`);
  expect(a.stats.faults['stranger']).toBe(0);
  peer.introduce('BY', 'data', 77, DATA);
  await run(fromMillis(50));
  expect(log.slice(-2)).toEqual([`${A}: noteOff recovered`, `${A}: raw left bye`]);
});

test('what a peer wishes for at most is kept to, and what was held back is made up for (item 44)', async () => {
  const { a, peer, run, clock } = await openJoined();
  peer.say('control', { kind: 'RL', ssrc: peer.init.ssrc, limit: 16_000 }, CONTROL);
  await run(fromMillis(50));
  const before = peer.octetsHeard;
  for (let i = 0; i < 400; i++) {
    a.send(NOTE_ON, clock.now());
    await run(fromMillis(10));
  }
  expect((peer.octetsHeard - before) * 8).toBeLessThan(16_000 * 4 * 1.3);
  expect(a.stats.withheld).toBeGreaterThan(50);
});

test.each(['control', 'data'] as const)(
  'a goodbye with token 0 on the %s port counts if its SSRC is known, and no other does (item 43)',
  async (channel) => {
    const { a, peer, network, run, log } = await openJoined();
    const to = channel === 'control' ? CONTROL : DATA;
    peer.introduce('BY', channel, 4_711, to);
    peer.introduce('BY', channel, 0, to, 0x1234_5678);
    peer.introduce('BY', channel, 77, to, 0x1234_5678);
    const forger = await network.host('10.0.0.66').datagrams.bind({ port: 5004 });
    const ssrc = peer.init.ssrc.toString(16);
    forger.send(Buffer.from(`ffff42590000000200000000${ssrc}`, 'hex'), to);
    forger.send(Buffer.from(`ffff4259000000020000004d${ssrc}`, 'hex'), to);
    await run(fromMillis(400));
    expect(a.peers).toHaveLength(1);
    peer.introduce('BY', channel, 0, to);
    await run(fromMillis(50));
    expect(a.peers).toHaveLength(0);
    expect(log.at(-1)).toBe(`${A}: raw left bye`);
  },
);

test('a foreign host with the SSRC of a peer is neither heard nor obeyed (item 43)', async () => {
  const { a, peer, run, raw, log } = await openJoined();
  peer.askTimeEvery(fromSeconds(1));
  const forger = await raw('10.0.0.66', { ssrc: peer.init.ssrc });
  log.length = 0;
  for (let i = 0; i < 20; i++) {
    forger.play([0x90, 60, 1], DATA);
    forger.introduce('IN', 'control', 9, CONTROL);
    forger.introduce('IN', 'data', 9, DATA);
    forger.introduce('BY', 'control', 0, CONTROL);
    await run(fromMillis(500));
  }
  expect(a.peers).toHaveLength(1);
  expect(a.peers[0]?.address.host).toBe(B);
  expect(log).toEqual([]);
  expect(forger.count('OK')).toBe(0);
  expect(forger.count('NO')).toBeGreaterThan(0);
});

test('a live session that is invited again is accepted again, under either token, and is no second one (item 43)', async () => {
  const { a, peer, run, log } = await openJoined();
  peer.play([0x90, 60, 1], DATA);
  await run(fromMillis(20));
  for (const token of [77, 78, 79]) {
    peer.introduce('IN', 'control', token, CONTROL);
    peer.introduce('IN', 'data', token, DATA);
    peer.introduce('IN', 'data', token, DATA);
    await run(fromMillis(50));
  }
  expect(a.peers).toHaveLength(1);
  expect(peer.count('OK', 'control')).toBe(1 + 3);
  expect(log.filter((line) => line.includes('joined') || line.includes('left'))).toHaveLength(1);
  expect(log).not.toContain(`${A}: noteOff recovered`);
  peer.introduce('BY', 'control', 79, CONTROL);
  await run(fromMillis(50));
  expect(a.peers).toHaveLength(0);
});

test('a time question is answered at once, by the invited side and the inviting one (item 42)', async () => {
  const { peer, run, a } = await openJoined();
  const { ssrc } = peer.init;
  const question = { kind: 'CK', ssrc, count: 0, t1: 99 as Ticks, t2: TICKS, t3: TICKS } as const;
  peer.heard.length = 0;
  peer.say('data', question, DATA);
  await run(fromMillis(10));
  expect(peer.heard).toMatchObject([
    { channel: 'data', message: { kind: 'CK', count: 1, t1: 99 } },
  ]);
  const invited = openSessionRig();
  const b = await invited.open(A);
  const other = await invited.raw(B);
  b.connect({ host: B, port: 5004 });
  await invited.run(fromMillis(20));
  const invitation = other.heard[0]?.message;
  if (invitation?.kind !== 'IN') throw new Error('it invites');
  other.introduce('OK', 'control', invitation.token, CONTROL);
  await invited.run(fromMillis(20));
  other.introduce('OK', 'data', invitation.token, DATA);
  await invited.run(fromMillis(20));
  expect(b.peers).toHaveLength(1);
  other.heard.length = 0;
  other.say('data', question, DATA);
  await invited.run(fromMillis(10));
  expect(other.heard).toMatchObject([{ message: { kind: 'CK', count: 1, t1: 99 } }]);
  expect(a.peers).toHaveLength(1);
});

test('data goes to where data comes from, whatever the ports are (item 45)', async () => {
  const { a, peer, run, raw, clock } = await openJoined(
    {},
    { controlPort: 40_001, dataPort: 61_234 },
  );
  expect(a.peers[0]?.address).toEqual({ host: B, port: 40_001 });
  a.send(NOTE_ON, clock.now());
  await run(fromMillis(20));
  expect(peer.packets).toBeGreaterThan(0);
  // A router gives it another port.
  const moved = await raw(B, { ssrc: peer.init.ssrc, controlPort: 40_002, dataPort: 50_077 });
  moved.play([0x90, 62, 1], DATA);
  await run(fromMillis(20));
  const before = peer.packets;
  a.send(NOTE_ON, clock.now());
  await run(fromMillis(20));
  expect(moved.packets).toBeGreaterThan(0);
  expect(peer.packets).toBe(before);
});

test('who may join is anyone, those of a list, or nobody; whoever is dialled may always (item 47)', async () => {
  const rig = openSessionRig();
  const directory = new Set(['raw 1']);
  const rules = [() => true, (name: string) => directory.has(name), () => false];
  const joined: number[] = [];
  for (const [at, accept] of rules.entries()) {
    const host = `10.0.1.${at + 1}`;
    const box = await rig.open(host, { accept });
    for (const number of [1, 2]) {
      const ssrc = at * 10 + number;
      const peer = await rig.raw(`10.0.2.${ssrc}`, { ssrc, name: `raw ${number}` });
      await peer.join(rig, host);
    }
    joined.push(box.peers.length);
  }
  expect(joined).toEqual([2, 1, 0]);
  const box = await rig.open(A, { accept: () => false });
  const wanted = await rig.raw(B, { ssrc: 99 });
  box.connect({ host: B, port: 5004 });
  await wanted.join(rig, A);
  expect(box.peers.map(({ ssrc }) => ssrc)).toEqual([99]);
});

test('who is far gets no answer longer than its question, and no stream before it has shown that it hears us (item 47)', async () => {
  const rig = openSessionRig();
  const a = await rig.open(A, { name: 'a very long name of a box', near: (host) => host === B });
  a.send(NOTE_ON, rig.clock.now());
  // Its address is made up: whoever is there says nothing.
  const victim = await rig.raw('10.0.0.9', { name: 'x', answers: false });
  for (let i = 0; i < 50; i++) {
    victim.introduce('IN', 'control', 9, CONTROL);
    victim.introduce('IN', 'data', 9, DATA);
    victim.play([0x90, 60, 1], DATA);
    a.send(NOTE_ON, rig.clock.now());
    await rig.run(fromMillis(100));
  }
  expect(a.peers).toHaveLength(1);
  expect(victim.packets).toBe(0);
  expect(victim.octetsHeard).toBeLessThanOrEqual(victim.octetsSent);
  for (const { octets } of victim.heard) expect(octets).toBeLessThanOrEqual(18);

  const friend = await rig.raw('10.0.0.8', { name: 'y', ssrc: 8 });
  await friend.join(rig, A);
  await rig.run(fromMillis(100));
  expect(friend.packets).toBeGreaterThan(0);
  const near = await rig.raw(B, { name: 'z', ssrc: 7, answers: false });
  near.introduce('IN', 'control', 9, CONTROL);
  await rig.run(fromMillis(20));
  near.introduce('IN', 'data', 9, DATA);
  await rig.run(fromMillis(100));
  expect(near.heard[0]?.message).toMatchObject({ kind: 'OK', name: 'a very long name of a box' });
  expect(near.packets).toBeGreaterThan(0);
});

test('strangers who speak as if in a session are told once in a while that they are not (item 47)', async () => {
  const rig = openSessionRig();
  const a = await rig.open(A);
  const stranger = await rig.raw('10.0.0.9');
  for (let i = 0; i < 100; i++) {
    stranger.play([0x90, 60, 1], DATA);
    stranger.say('data', { kind: 'CK', ssrc: 5, count: 0, t1: TICKS, t2: TICKS, t3: TICKS }, DATA);
    stranger.introduce('BY', 'control', 0, CONTROL);
    await rig.run(fromMillis(20));
  }
  expect(a.peers).toEqual([]);
  expect(stranger.count('BY')).toBeGreaterThanOrEqual(3);
  expect(stranger.count('BY')).toBeLessThanOrEqual(5);
  expect(stranger.heard).toHaveLength(stranger.count('BY'));
});

test('an inviter with our own SSRC is let in: we choose another, and other sessions hear nothing of it (item 2)', async () => {
  const { a, peer, run, raw, log, ...rig } = await openJoined();
  const before = a.ssrc;
  const twin = await raw('10.0.0.3', { ssrc: before, name: 'twin' });
  await twin.join({ ...rig, raw, run, log }, A);
  expect(a.peers.map(({ name }) => name)).toEqual(['raw', 'twin']);
  expect(a.ssrc).not.toBe(before);
  for (const { message } of twin.heard) expect(message).toMatchObject({ ssrc: a.ssrc });
  a.send(NOTE_ON, rig.clock.now());
  peer.heard.length = 0;
  const { ssrc } = peer.init;
  peer.say('data', { kind: 'CK', ssrc, count: 0, t1: TICKS, t2: TICKS, t3: TICKS }, DATA);
  await run(fromMillis(50));
  expect(peer.heard[0]?.message).toMatchObject({ kind: 'CK', ssrc: before });
  expect(log.filter((line) => line.includes('left'))).toEqual([]);
});

test('one whom we invite and who has our SSRC is invited again under another (item 2)', async () => {
  const rig = openSessionRig();
  const a = await rig.open(A, {}, 'same');
  const b = await rig.open(B, {}, 'same');
  expect(a.ssrc).toBe(b.ssrc);
  a.connect({ host: B, port: 5004 });
  await rig.run(fromSeconds(1));
  expect([a.peers.length, b.peers.length]).toEqual([1, 1]);
  expect(a.peers[0]?.ssrc).not.toBe(b.peers[0]?.ssrc);

  // One that doesn't see to it itself.
  const blind = await rig.raw('10.0.0.3', { ssrc: a.ssrc });
  const before = a.ssrc;
  a.connect({ host: '10.0.0.3', port: 5004 });
  for (let i = 0; i < 6; i++) {
    await rig.run(fromMillis(20));
    for (const { message, channel } of blind.heard.splice(0)) {
      if (message.kind === 'IN')
        blind.introduce('OK', channel, message.token, channel === 'control' ? CONTROL : DATA);
    }
  }
  expect(a.ssrc).not.toBe(before);
  expect(a.peers.map(({ name }) => name)).toContain('raw');
});

test('an end point that invites itself refuses itself', async () => {
  const rig = openSessionRig();
  const a = await rig.open(A);
  const { ssrc } = a;
  const connection = a.connect({ host: A, port: 5004 });
  await rig.run(fromSeconds(3));
  expect(connection.state).toBe('refused');
  expect(a.peers).toEqual([]);
  expect(a.ssrc).toBe(ssrc);
});

test('sixty-four peers from one address are let in at once, and the next one is told no (items 45, 47)', async () => {
  const rig = openSessionRig();
  const a = await rig.open(A);
  const peers: RawPeer[] = [];
  for (let i = 0; i < 65; i++) {
    const ports = { controlPort: 20_000 + 2 * i, dataPort: 20_001 + 2 * i };
    peers.push(await rig.raw(B, { ssrc: 1_000 + i, name: `raw ${i}`, ...ports }));
  }
  for (const peer of peers.slice(0, 64)) peer.introduce('IN', 'control', 1, CONTROL);
  await rig.run(fromMillis(20));
  for (const peer of peers.slice(0, 64)) peer.introduce('IN', 'data', 1, DATA);
  await rig.run(fromSeconds(1));
  expect(a.peers).toHaveLength(64);
  peers[64]?.introduce('IN', 'control', 1, CONTROL);
  await rig.run(fromMillis(100));
  expect(peers[64]?.heard).toMatchObject([{ message: { kind: 'NO' } }]);
  expect(a.peers).toHaveLength(64);
});

test('what it left sounding ends with All Notes Off or All Sound Off, if that is wanted (item 40)', async () => {
  for (const [onRelease, controller] of [
    ['allNotesOff', 123],
    ['allSoundOff', 120],
  ] as const) {
    const { a, peer, run } = await openJoined({ onRelease });
    const heard: unknown[] = [];
    peer.play([0x92, 60, 1], DATA);
    peer.play([0xb2, 66, 127], DATA);
    await run(fromMillis(50));
    a.onMidi((_peer, message) => heard.push(message));
    peer.introduce('BY', 'control', 0, CONTROL);
    await run(fromMillis(50));
    expect(heard).toEqual([
      { kind: 'noteOff', channel: 2, key: 60, velocity: 64 },
      { kind: 'controlChange', channel: 2, controller: 66, value: 0 },
      { kind: 'controlChange', channel: 2, controller, value: 0 },
    ]);
  }
});

test('one that is refused because somebody has its SSRC gets in under another (item 2)', async () => {
  const rig = openSessionRig();
  const hub = await rig.open(A, {}, 'hub');
  const first = await rig.open(B, {}, 'twins');
  const second = await rig.open('10.0.0.3', {}, 'twins');
  first.connect(CONTROL);
  await rig.run(fromSeconds(1));
  second.connect(CONTROL);
  await rig.run(fromSeconds(20));
  expect(hub.peers.map(({ address }) => address.host)).toEqual([B, '10.0.0.3']);
  expect(rig.log.filter((line) => line.includes('left'))).toEqual([]);
});

test('whoever speaks from a peer’s address under another SSRC ends nothing, and no goodbye is sent there (item 43)', async () => {
  const { a, peer, run, log } = await openJoined();
  peer.askTimeEvery(fromSeconds(1));
  log.length = 0;
  for (let i = 0; i < 50; i++) {
    peer.play([0x90, 60, 1], DATA, 'data', 0xbad);
    peer.say('data', { kind: 'CK', ssrc: 0xbad, count: 0, t1: TICKS, t2: TICKS, t3: TICKS }, DATA);
    peer.introduce('BY', 'control', 0, CONTROL, 0xbad);
    await run(fromMillis(200));
  }
  expect(a.peers).toHaveLength(1);
  expect(peer.count('BY')).toBe(0);
  expect(log).toEqual([]);
  // It is asked whether it is there, not more than once in a while.
  expect(
    peer.heard.filter(({ message }) => message.kind === 'CK' && message.count === 0).length,
  ).toBeLessThan(20);
});
