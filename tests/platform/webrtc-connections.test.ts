import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import {
  openWebRtcConnections,
  type WebRtcConnections,
} from '../../runtime/platform/webrtc-connections.ts';
import type { PeerConnection, PeerStream } from '../../runtime/ports/peer-connection.ts';
import { peerConnectionsContract } from '../contracts/peer-connection.contract.ts';
import { waitUntil } from './real-rig.ts';

const HOST = '127.0.0.1';
const clock = openMonotonicClock();
const openConnections = (): Promise<WebRtcConnections> =>
  openWebRtcConnections({ clock, log: silentLog });

peerConnectionsContract('WebRTC on loopback', async () => {
  const near = await openConnections();
  const far = await openConnections();
  return {
    clock,
    near,
    nearHost: HOST,
    far,
    farHost: HOST,
    until: (reached) => waitUntil(reached, 20),
    finish: async (promise) => promise,
    quiet: () => sleep(100),
    async [Symbol.asyncDispose]() {
      await near[Symbol.asyncDispose]();
      await far[Symbol.asyncDispose]();
      expect([near.size, far.size]).toEqual([0, 0]);
    },
  };
});
