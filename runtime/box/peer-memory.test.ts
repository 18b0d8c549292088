import { expect, test } from 'vitest';
import { openMemoryStorage } from '../../sim/memory-storage.ts';
import { openVirtualDiscovery } from '../../sim/virtual-discovery.ts';
import { openSessionRig, type SessionRig } from '../../tests/apple-midi-rig.ts';
import { silentLog } from '../core/log.ts';
import { fromMillis, fromSeconds } from '../core/time.ts';
import type { Discovery } from '../ports/discovery.ts';
import type { Storage } from '../ports/storage.ts';
import type { RtpMidiEndpoint } from '../transport/rtp-midi/endpoint.ts';
import { readKnownPeers, writeKnownPeers } from './known-peers.ts';
import { openPeerMemory, type PeerMemory } from './peer-memory.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const AT_B = { host: B, port: 5004 };

interface Remembering {
  readonly rtp: RtpMidiEndpoint;
  readonly memory: PeerMemory;
  readonly boxes: Set<number>;
  readonly found: () => void;
  /** Without a word. */
  kill(): Promise<void>;
  stop(): Promise<void>;
}

async function openRemembering(
  rig: SessionRig,
  storage: Storage,
  host: string,
  seed: string,
  init: {
    remember?: boolean;
    boxes?: Set<number>;
    lookUp?: (host: string) => Promise<string>;
    discovery?: Discovery;
  } = {},
): Promise<Remembering> {
  const rtp = await rig.open(host, {}, seed);
  const { remember = true, boxes = new Set(), lookUp = async (name) => name } = init;
  let found = (): void => {};
  const memory = await openPeerMemory(
    {
      clock: rig.clock,
      storage,
      log: silentLog,
      rtp,
      isBox: (ssrc) => boxes.has(ssrc),
      onBoxes: (listener) => {
        found = listener;
        return { [Symbol.dispose]: () => {} };
      },
      lookUp,
      ...(init.discovery ? { discovery: init.discovery } : {}),
    },
    { remember },
  );
  const stop = async (): Promise<void> => {
    await memory[Symbol.asyncDispose]();
    await rtp[Symbol.asyncDispose]();
  };
  return {
    rtp,
    memory,
    boxes,
    found: () => found(),
    stop,
    async kill() {
      rig.network.host(host).disconnect();
      await stop();
      rig.network.host(host).reconnect();
    },
  };
}

test('whom it was told to dial is dialled again after a restart, and met within two seconds (item 45)', async () => {
  const rig = openSessionRig();
  const storage = openMemoryStorage();
  const b = await rig.open(B);
  const first = await openRemembering(rig, storage, A, 'first');
  first.memory.connect(AT_B);
  first.memory.connect(AT_B);
  await rig.run(fromSeconds(1));
  expect(b.peers).toHaveLength(1);
  expect(await readKnownPeers(storage)).toEqual([{ name: `box ${B}`, ...AT_B, how: 'dialled' }]);
  await first.kill();
  const again = await openRemembering(rig, storage, A, 'again');
  await rig.run(fromSeconds(2));
  expect(again.rtp.peers).toHaveLength(1);
  expect(b.peers.map(({ ssrc }) => ssrc)).toEqual([again.rtp.ssrc]);
});

test.each(['kill', 'stop'] as const)(
  'whoever had invited it is invited after its restart (%s), and let go after a goodbye (item 45)',
  async (end) => {
    const rig = openSessionRig();
    const storage = openMemoryStorage();
    const first = await openRemembering(rig, storage, B, 'first');
    const peer = await rig.raw(A, { name: 'a mac' });
    await peer.join(rig, B);
    expect(await readKnownPeers(storage)).toEqual([
      { name: 'a mac', host: A, port: 5004, how: 'met' },
    ]);
    await first[end]();
    await rig.run(fromMillis(100));
    peer.heard.length = 0;
    const again = await openRemembering(rig, storage, B, 'again');
    await rig.run(fromMillis(50));
    const invitation = peer.heard.find(({ message }) => message.kind === 'IN')?.message;
    if (invitation?.kind !== 'IN') throw new Error('it invites');
    peer.introduce('OK', 'control', invitation.token, { host: B, port: 5004 });
    await rig.run(fromMillis(50));
    peer.introduce('OK', 'data', invitation.token, { host: B, port: 5005 });
    await rig.run(fromMillis(50));
    expect(again.rtp.peers).toHaveLength(1);
    expect(again.memory.known).toHaveLength(1);
    peer.introduce('BY', 'control', 0, { host: B, port: 5004 });
    await rig.run(fromMillis(50));
    peer.heard.length = 0;
    await rig.run(fromSeconds(20));
    expect(peer.count('IN')).toBe(0);
    expect(again.memory.known).toEqual([]);
    expect(await readKnownPeers(storage)).toEqual([]);
  },
);

test('both sides are killed: each knows the other, and they are one pair again within two seconds (item 45)', async () => {
  const rig = openSessionRig();
  const stores = [openMemoryStorage(), openMemoryStorage()] as const;
  const a = await openRemembering(rig, stores[0], A, 'a');
  const b = await openRemembering(rig, stores[1], B, 'b');
  a.memory.connect(AT_B);
  await rig.run(fromSeconds(1));
  await a.kill();
  await b.kill();
  const here = await openRemembering(rig, stores[0], A, 'c');
  await rig.run(fromMillis(700));
  const there = await openRemembering(rig, stores[1], B, 'd');
  await rig.run(fromSeconds(2));
  expect(here.rtp.peers.map(({ ssrc }) => ssrc)).toEqual([there.rtp.ssrc]);
  expect(there.rtp.peers.map(({ ssrc }) => ssrc)).toEqual([here.rtp.ssrc]);
});

test('participants of a session are not remembered, even when their stream is there before that is known', async () => {
  const rig = openSessionRig();
  const storage = openMemoryStorage();
  const { memory, boxes, found } = await openRemembering(rig, storage, B, 'b');
  const a = await rig.open(A);
  a.connect(AT_B);
  await rig.run(fromSeconds(1));
  expect(memory.known).toHaveLength(1);
  boxes.add(a.ssrc);
  found();
  expect(memory.known).toEqual([]);
});

test('nobody is remembered, nor dialled from memory, when that is not wanted', async () => {
  const rig = openSessionRig();
  const storage = openMemoryStorage();
  const b = await rig.open(B);
  await writeKnownPeers(storage, [{ name: '', host: '10.0.0.9', port: 5004, how: 'dialled' }]);
  const nine = await rig.raw('10.0.0.9');
  const { memory } = await openRemembering(rig, storage, A, 'a', { remember: false });
  memory.connect(AT_B);
  await rig.run(fromSeconds(2));
  expect(b.peers).toHaveLength(1);
  expect(nine.heard).toEqual([]);
  expect(await readKnownPeers(storage)).toHaveLength(1);
});

test('one who is not to be remembered is dialled all the same; one who is forgotten, not at the next start', async () => {
  const rig = openSessionRig();
  const storage = openMemoryStorage();
  const b = await rig.open(B);
  const first = await openRemembering(rig, storage, A, 'a');
  first.memory.connect(AT_B, { remember: false });
  await rig.run(fromSeconds(1));
  expect(b.peers).toHaveLength(1);
  expect(first.memory.known).toEqual([]);
  first.memory.connect(AT_B);
  expect(first.memory.known).toHaveLength(1);
  first.memory.forget(AT_B);
  await first.stop();
  expect(await readKnownPeers(storage)).toEqual([]);
});

test('a peer that stays away is asked ever more rarely, and one that was only met is forgotten', async () => {
  const rig = openSessionRig();
  const storage = openMemoryStorage();
  await writeKnownPeers(storage, [
    { name: 'wanted', host: B, port: 5004, how: 'dialled' },
    { name: 'met', host: '10.0.0.3', port: 5004, how: 'met' },
  ]);
  const sockets = [B, '10.0.0.3'].map((host) =>
    rig.network.host(host).datagrams.bind({ port: 5004 }),
  );
  const asked = [0, 0];
  for (const [at, socket] of (await Promise.all(sockets)).entries())
    socket.onDatagram(() => asked.splice(at, 1, (asked[at] ?? 0) + 1));
  const { memory } = await openRemembering(rig, storage, A, 'a');
  await rig.run(fromSeconds(10));
  expect(asked).toEqual([10, 10]);
  rig.clock.advance(fromSeconds(7_200));
  expect(asked[0]).toBeLessThan(300 + 660 + 120 + 20);
  expect(asked[1]).toBeLessThan(300 + 60 + 20);
  expect(memory.known.map(({ name }) => name)).toEqual(['wanted']);
});

test('a name is looked up again until it is known', async () => {
  const rig = openSessionRig();
  const b = await rig.open(B);
  let asked = 0;
  const lookUp = async (host: string): Promise<string> => {
    if (++asked < 3) throw new Error(`no ${host}`);
    return B;
  };
  const { memory } = await openRemembering(rig, openMemoryStorage(), A, 'a', { lookUp });
  memory.connect({ host: 'studio.local', port: 5004 });
  await rig.run(fromSeconds(12));
  expect(b.peers).toHaveLength(1);
  expect(memory.known).toEqual([
    { name: `box ${B}`, host: 'studio.local', port: 5004, how: 'dialled' },
  ]);
});

test('whoever is asked for by name is dialled where it is announced, remembered, and found elsewhere after a restart (items 45, 46)', async () => {
  const rig = openSessionRig();
  const storage = openMemoryStorage();
  const air = openVirtualDiscovery({ clock: rig.clock });
  const advert = { name: 'Studio Mac', type: '_apple-midi._udp', port: 5004, txt: {} } as const;
  const first = await openRemembering(rig, storage, A, 'a', { discovery: air.at(A) });
  first.memory.connectNamed('studio mac');
  first.memory.connectNamed('Studio Mac');
  await rig.run(fromSeconds(2));
  expect(first.memory.known).toEqual([]);
  const b = await rig.open(B);
  const there = await air.at(B).announce(advert);
  await rig.run(fromSeconds(2));
  expect(b.peers).toHaveLength(1);
  const known = { name: 'studio mac', ...AT_B, how: 'named' };
  expect(await readKnownPeers(storage)).toEqual([known]);
  await first.kill();
  await there[Symbol.asyncDispose]();
  await b[Symbol.asyncDispose]();
  const elsewhere = await rig.open('10.0.0.3');
  await air.at('10.0.0.3').announce(advert);
  const again = await openRemembering(rig, storage, A, 'b', { discovery: air.at(A) });
  await rig.run(fromSeconds(2));
  expect(elsewhere.peers.map(({ ssrc }) => ssrc)).toEqual([again.rtp.ssrc]);
  expect(await readKnownPeers(storage)).toEqual([{ ...known, host: '10.0.0.3' }]);
  await again.stop();
  await rig.run(fromSeconds(1));
  expect(elsewhere.peers).toEqual([]);
});

test('what can not be stored costs no peer', async () => {
  const rig = openSessionRig();
  const b = await rig.open(B);
  const { memory, stop } = await openRemembering(rig, openMemoryStorage({ capacity: 5 }), A, 'a');
  memory.connect(AT_B);
  await rig.run(fromSeconds(1));
  expect(b.peers).toHaveLength(1);
  await stop();
});
