import { setTimeout as sleep } from 'node:timers/promises';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openTcpNetwork } from '../../runtime/platform/tcp-network.ts';
import { openUdpNetwork } from '../../runtime/platform/udp-network.ts';
import { openImpairedNetwork } from '../../sim/network/impaired-network.ts';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import { datagramNetworkContract } from '../contracts/datagram-network.contract.ts';
import { streamNetworkContract } from '../contracts/stream-network.contract.ts';
import { waitUntil } from './real-rig.ts';

const clock = openMonotonicClock();
const behindLan = (seed: string) => {
  const behind = { datagrams: openUdpNetwork({ clock }), streams: openTcpNetwork() };
  const randomness = seededRandomness(seed);
  return openImpairedNetwork({ clock, randomness, ...behind }, { profile: 'lan' });
};

datagramNetworkContract('ImpairedNetwork (lan) before real UDP', () => ({
  clock,
  near: behindLan('near').datagrams,
  nearHost: '127.0.0.1',
  far: behindLan('far').datagrams,
  farHost: '127.0.0.1',
  until: waitUntil,
  quiet: async () => void (await sleep(30)),
}));

streamNetworkContract('ImpairedNetwork (lan) before real TCP', () => ({
  near: behindLan('near').streams,
  far: behindLan('far').streams,
  farHost: '127.0.0.1',
  until: waitUntil,
  finish: async (promise) => promise,
}));
