import { expect, test } from 'vitest';
import { fromMillis, fromSeconds } from '../../runtime/core/time.ts';
import type { PeerConnection, PeerStream } from '../../runtime/ports/peer-connection.ts';
import { NETWORK_PROFILES, type NetworkProfile } from '../../sim/network/profiles.ts';
import { openVirtualNetwork, type VirtualNetwork } from '../../sim/network/virtual-network.ts';
import {
  openVirtualPeerConnections,
  type VirtualPeerConnections,
} from '../../sim/network/virtual-peer-connections.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';
import { peerConnectionsContract } from '../contracts/peer-connection.contract.ts';
import { turnToFinish, turnUntil } from './virtual-rig.ts';

const NEAR = '10.0.0.1';
const FAR = '10.0.0.2';
const { perfect, wifi } = NETWORK_PROFILES;

function openRig(profile: NetworkProfile = perfect): {
  clock: VirtualClock;
  net: VirtualNetwork;
  near: VirtualPeerConnections;
  far: VirtualPeerConnections;
} {
  const clock = new VirtualClock();
  const net = openVirtualNetwork({ clock, profile, randomness: seededRandomness(1) });
  const connections = (address: string): VirtualPeerConnections =>
    openVirtualPeerConnections({
      host: net.host(address),
      clock,
      randomness: seededRandomness(address),
    });
  return { clock, net, near: connections(NEAR), far: connections(FAR) };
}

for (const [kind, profile] of [
  ['perfect', perfect],
  ['wifi without loss', { ...wifi, loss: perfect.loss }],
] as const) {
  peerConnectionsContract(`VirtualPeerConnections (${kind})`, () => {
    const { clock, near, far } = openRig(profile);
    return {
      clock,
      near,
      nearHost: NEAR,
      far,
      farHost: FAR,
      until: (reached) => turnUntil(clock, reached),
      finish: (promise) => turnToFinish(clock, promise),
      quiet: () => clock.advanceSettling(fromMillis(500)),
      async [Symbol.asyncDispose]() {
        expect(near.size + far.size).toBe(0);
      },
    };
  });
}

function join(rig: { near: VirtualPeerConnections; far: VirtualPeerConnections }): {
  offerer: PeerConnection;
  answerer: PeerConnection;
  streams: PeerStream[];
  failures: string[];
} {
  const offerer = rig.near.open({ role: 'offerer', iceServers: [] });
  const answerer = rig.far.open({ role: 'answerer', iceServers: [] });
  offerer.onSignal((signal) => answerer.signal(signal));
  answerer.onSignal((signal) => offerer.signal(signal));
  const streams: PeerStream[] = [];
  const failures: string[] = [];
  for (const end of [offerer, answerer]) {
    end.onOpen((stream) => void streams.push(stream));
    end.onFailed((reason) => void failures.push(reason));
  }
  return { offerer, answerer, streams, failures };
}

test('two hosts that do not reach one another fail after fifteen seconds', async () => {
  const rig = openRig();
  rig.net.partition([NEAR], [FAR]);
  const { streams, failures } = join(rig);
  await rig.clock.advanceSettling(fromSeconds(14.9), fromMillis(100));
  expect(failures).toEqual([]);
  await rig.clock.advanceSettling(fromSeconds(0.2), fromMillis(100));
  expect(failures).toHaveLength(2);
  expect(failures[0]).toContain('network');
  expect(streams).toEqual([]);
  expect(rig.near.size + rig.far.size).toBe(0);
});

test('a partition that ends in time only delays the opening', async () => {
  const rig = openRig();
  rig.net.partition([NEAR], [FAR]);
  const { streams } = join(rig);
  await rig.clock.advanceSettling(fromSeconds(6), fromMillis(100));
  rig.net.heal();
  await rig.clock.advanceSettling(fromSeconds(2), fromMillis(100));
  expect(streams).toHaveLength(2);
});

test('where UDP is blocked nothing opens', async () => {
  const rig = openRig();
  rig.far.blockUdp(true);
  const { streams, failures } = join(rig);
  await rig.clock.advanceSettling(fromSeconds(16), fromMillis(100));
  expect(streams).toEqual([]);
  expect(failures).toHaveLength(2);
});

test('during a partition packets are lost and bytes wait', async () => {
  const rig = openRig();
  const { streams } = join(rig);
  await turnUntil(rig.clock, () => streams.length === 2);
  const [a, b] = streams;
  const heard: (number | 'packet')[] = [];
  b?.onBytes((bytes) => void heard.push(...bytes));
  b?.packets?.onPacket(() => void heard.push('packet'));
  rig.net.partition([NEAR], [FAR]);
  const packet = Uint8Array.of(0x80, 97, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1);
  a?.packets?.send(packet);
  a?.write(Uint8Array.of(5));
  await rig.clock.advanceSettling(fromSeconds(1));
  expect(heard).toEqual([]);
  rig.net.heal();
  await rig.clock.advanceSettling(fromSeconds(1));
  expect(heard).toEqual([5]);
});

test('a packet that comes a second time is dropped, as SRTP drops it', async () => {
  const rig = openRig({ ...perfect, duplicates: 1 });
  const { streams } = join(rig);
  await turnUntil(rig.clock, () => streams.length === 2);
  const [a, b] = streams;
  let heard = 0;
  b?.packets?.onPacket(() => heard++);
  const packet = Uint8Array.of(0x80, 97, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1);
  a?.packets?.send(packet);
  a?.packets?.send(packet);
  await rig.clock.advanceSettling(fromSeconds(1));
  expect(heard).toBe(1);
});

test('a route behind NATs is direct', async () => {
  const rig = openRig();
  rig.near.setBehindNat(true);
  const { streams } = join(rig);
  await turnUntil(rig.clock, () => streams.length === 2);
  expect(streams.map(({ route }) => route.kind).sort()).toEqual(['direct', 'local']);
});
