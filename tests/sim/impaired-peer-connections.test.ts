import { expect, test } from 'vitest';
import { fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import type { PeerStream } from '../../runtime/ports/peer-connection.ts';
import {
  type ImpairedPeerConnections,
  openImpairedPeerConnections,
} from '../../sim/network/impaired-peer-connections.ts';
import { NETWORK_PROFILES } from '../../sim/network/profiles.ts';
import { openVirtualNetwork } from '../../sim/network/virtual-network.ts';
import { openVirtualPeerConnections } from '../../sim/network/virtual-peer-connections.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { peerConnectionsContract } from '../contracts/peer-connection.contract.ts';
import { turnToFinish, turnUntil } from './virtual-rig.ts';

const NEAR = '10.0.0.1';
const FAR = '10.0.0.2';

function openRig(): {
  clock: VirtualClock;
  near: ImpairedPeerConnections;
  far: ImpairedPeerConnections;
} {
  const clock = new VirtualClock();
  const net = openVirtualNetwork({ clock, randomness: seededRandomness(1) });
  const connections = (address: string): ImpairedPeerConnections =>
    openImpairedPeerConnections({
      clock,
      randomness: seededRandomness(`impairment of ${address}`),
      connections: openVirtualPeerConnections({
        host: net.host(address),
        clock,
        randomness: seededRandomness(address),
      }),
    });
  return { clock, near: connections(NEAR), far: connections(FAR) };
}

peerConnectionsContract('ImpairedPeerConnections (wifi without loss)', () => {
  const { clock, near, far } = openRig();
  const profile = { ...NETWORK_PROFILES.wifi, loss: NETWORK_PROFILES.perfect.loss };
  near.setProfile(profile);
  far.setProfile(profile);
  return {
    clock,
    near,
    nearHost: NEAR,
    far,
    farHost: FAR,
    until: (reached) => turnUntil(clock, reached),
    finish: (promise) => turnToFinish(clock, promise),
    quiet: () => clock.advanceSettling(fromMillis(500)),
    async [Symbol.asyncDispose]() {},
  };
});

async function join({ clock, near, far }: ReturnType<typeof openRig>): Promise<PeerStream[]> {
  const offerer = near.open({ role: 'offerer', iceServers: [] });
  const answerer = far.open({ role: 'answerer', iceServers: [] });
  offerer.onSignal((signal) => answerer.signal(signal));
  answerer.onSignal((signal) => offerer.signal(signal));
  const streams: PeerStream[] = [];
  offerer.onOpen((stream) => void streams.unshift(stream));
  answerer.onOpen((stream) => void streams.push(stream));
  await turnUntil(clock, () => streams.length === 2);
  return streams;
}

const packet = (sequence: number): Uint8Array =>
  Uint8Array.of(0x80, 97, sequence >> 8, sequence & 0xff, 0, 0, 0, 0, 0, 0, 0, 1);

test('packets of a bad network are late, lost, doubled and counted; a copy that comes second is dropped', async () => {
  const rig = openRig();
  const [a, b] = await join(rig);
  rig.near.setProfile({ ...NETWORK_PROFILES.badwifi60, duplicates: 0.2 });
  const delays: number[] = [];
  const sent = new Map<number, number>();
  b?.packets?.onPacket((bytes, at) => {
    const sequence = ((bytes[2] ?? 0) << 8) | (bytes[3] ?? 0);
    delays.push(at - (sent.get(sequence) ?? 0));
  });
  for (let sequence = 0; sequence < 1_000; sequence++) {
    sent.set(sequence, rig.clock.now());
    a?.packets?.send(packet(sequence));
    rig.clock.advance(fromMillis(1));
  }
  rig.clock.advance(fromSeconds(1));
  const { stats } = rig.near;
  expect(stats).toMatchObject({ sent: 1_000, dropped: 0, parted: 0 });
  expect(stats.lost).toBeGreaterThan(10);
  expect(stats.duplicated).toBeGreaterThan(100);
  expect(delays).toHaveLength(1_000 - stats.lost);
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(60_000);
});

test('while parted packets are lost and bytes wait; each direction by itself', async () => {
  const rig = openRig();
  const [a, b] = await join(rig);
  const heard: string[] = [];
  a?.onBytes(() => void heard.push('bytes at a'));
  b?.onBytes(() => void heard.push('bytes at b'));
  b?.packets?.onPacket(() => void heard.push('packet at b'));
  rig.near.part();
  a?.write(Uint8Array.of(1));
  a?.packets?.send(packet(1));
  b?.write(Uint8Array.of(1));
  await rig.clock.advanceSettling(fromSeconds(1));
  expect(heard).toEqual(['bytes at a']);
  rig.near.heal();
  await rig.clock.advanceSettling(fromSeconds(1));
  expect(heard).toEqual(['bytes at a', 'bytes at b']);
  expect(rig.near.stats.parted).toBe(1);
});
