import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { openTcpNetwork } from '../../runtime/platform/tcp-network.ts';
import { openWebRtcConnections } from '../../runtime/platform/webrtc-connections.ts';
import type { PeerStream } from '../../runtime/ports/peer-connection.ts';
import { openPlainNetwork } from '../../runtime/transport/link/plain-network.ts';
import { openSignalledNetwork } from '../../runtime/transport/link/signalled-network.ts';
import { type LinkRig, linkContract } from '../contracts/link.contract.ts';
import { waitUntil } from './real-rig.ts';

const HOST = '127.0.0.1';
const clock = openMonotonicClock();
const connections = await openWebRtcConnections({ clock, log: silentLog });
afterAll(() => connections[Symbol.asyncDispose]());

const signalled = () =>
  openSignalledNetwork(
    { clock, randomness: systemRandomness, streams: openTcpNetwork(), connections },
    { host: HOST },
  );

const rig = (security: 'encrypted' | 'open'): LinkRig => {
  const peers = () =>
    security === 'open' ? openPlainNetwork({ streams: openTcpNetwork() }) : signalled();
  return {
    near: peers(),
    far: peers(),
    farHost: HOST,
    clock,
    supports: { packets: security === 'encrypted' },
    until: (reached) => waitUntil(reached, 10),
    finish: async (promise) => promise,
    quiet: (seconds) => sleep(seconds * 1_000),
    [Symbol.asyncDispose]: async () => {},
  };
};

linkContract('A link over WebRTC on loopback', () => rig('encrypted'));
linkContract('An open link over TCP on loopback', () => rig('open'));

test('twenty connections over real signalling open in a fraction of a second each, and leave nothing behind', async () => {
  const [near, far] = [signalled(), signalled()];
  const calls: PeerStream[] = [];
  await using listener = await far.listen({ port: 0, host: HOST }, (stream) => calls.push(stream));
  const to = { host: HOST, port: listener.local.port };
  const took: number[] = [];
  for (let count = 1; count <= 20; count++) {
    const begun = performance.now();
    const stream = await near.connect(to, new AbortController().signal);
    took.push(performance.now() - begun);
    await waitUntil(() => calls.length === count);
    expect(calls.at(-1)?.binding).toEqual(stream.binding);
    await stream[Symbol.asyncDispose]();
  }
  took.sort((a, b) => a - b);
  expect(took[10], `median of ${took.map(Math.round).join(', ')} ms`).toBeLessThan(900);
  await waitUntil(() => connections.size === 0, 10);
}, 60_000);
