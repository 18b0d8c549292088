import { afterAll, expect, test } from 'vitest';
import { silentLog } from '../../runtime/core/log.ts';
import { fromSeconds } from '../../runtime/core/time.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { systemRandomness } from '../../runtime/platform/system-randomness.ts';
import { openTcpNetwork } from '../../runtime/platform/tcp-network.ts';
import { openWebRtcConnections } from '../../runtime/platform/webrtc-connections.ts';
import type { NetAddress } from '../../runtime/ports/datagram-network.ts';
import type { PeerStream } from '../../runtime/ports/peer-connection.ts';
import type { ByteStream } from '../../runtime/ports/stream-network.ts';
import type { Link } from '../../runtime/transport/link/link.ts';
import { LinkCounters } from '../../runtime/transport/link/link-counters.ts';
import { dialLink, listenForLinks } from '../../runtime/transport/link/link-network.ts';
import { openSignalledNetwork } from '../../runtime/transport/link/signalled-network.ts';
import { letIn, makeSession, openTestBox } from '../credentials-rig.ts';
import { helloOf } from '../link-rig.ts';
import { waitUntil } from './real-rig.ts';

const HOST = '127.0.0.1';
const clock = openMonotonicClock();
const connections = await openWebRtcConnections({ clock, log: silentLog });
const streams = openTcpNetwork();
afterAll(() => connections[Symbol.asyncDispose]());
const never = (): AbortSignal => new AbortController().signal;
const openNetwork = () =>
  openSignalledNetwork(
    { clock, randomness: systemRandomness, streams, connections },
    { host: HOST },
  );

/** Anna takes calls; bert, a member like her, dials `to(anna's address)`. */
async function openRig() {
  const anna = await openTestBox({ clock }, 'anna');
  const bert = await openTestBox({ clock }, 'bert');
  const session = makeSession(anna);
  letIn(anna, bert);
  const counters = new LinkCounters();
  const links: Link[] = [];
  const listener = await listenForLinks(
    { clock, peers: openNetwork(), counters },
    {
      port: 0,
      host: HOST,
      hello: () => helloOf(anna, session),
      judge: () => undefined,
      terms: { credentials: anna },
      onLink: (link) => links.push(link),
    },
  );
  const dial = (to: NetAddress): Promise<unknown> =>
    dialLink(
      { clock, peers: openNetwork(), counters: new LinkCounters() },
      {
        to,
        hello: helloOf(bert, session),
        credentials: bert,
        signal: never(),
        limit: fromSeconds(3),
      },
    ).catch((failure: unknown) => failure);
  return { listener, counters, links, dial };
}

const pipe = (from: ByteStream, to: ByteStream, alter = (bytes: Uint8Array) => bytes): void => {
  from.onBytes((bytes) => void to.write(alter(bytes)));
  from.onClosed(() => void to[Symbol.asyncDispose]());
};

test('a proxy with real certificates of its own on both sides is found out by both boxes', async () => {
  const { listener, counters, links, dial } = await openRig();
  await using _door = listener;
  const proxied: PeerStream[] = [];
  const proxy = openNetwork();
  await using trap = await proxy.listen({ port: 0, host: HOST }, (near) => {
    void proxy.connect({ host: HOST, port: listener.local.port }, never()).then((far) => {
      proxied.push(near, far);
      pipe(near, far);
      pipe(far, near);
    });
  });
  const failure = await dial({ host: HOST, port: trap.local.port });
  expect(failure).toMatchObject({ reason: 'intercepted' });
  expect(proxied).toHaveLength(2);
  expect(proxied[0]?.binding).not.toEqual(proxied[1]?.binding);
  await waitUntil(() => counters.refusals['notProven'] === 1);
  expect(links).toEqual([]);
}, 30_000);

test('a fingerprint that is swapped on the way makes a connection that never opens', async () => {
  const { listener, links, dial } = await openRig();
  await using _door = listener;
  let swapped = 0;
  const swap = (bytes: Uint8Array): Uint8Array => {
    const text = Buffer.from(bytes).toString('latin1');
    const forged = text.replace(
      /(fingerprint:sha-256 )((?:[0-9A-F]{2}:){31}[0-9A-F]{2})/gi,
      (_all, head, hex) => {
        swapped++;
        return head + hex.replace(/^../, hex.startsWith('00') ? '11' : '00');
      },
    );
    return Buffer.from(forged, 'latin1');
  };
  await using trap = await streams.listen({ port: 0, host: HOST }, (near) => {
    void streams.connect({ host: HOST, port: listener.local.port }, never()).then((far) => {
      pipe(near, far, swap);
      pipe(far, near);
    });
  });
  const failure = await dial({ host: HOST, port: trap.local.port });
  expect(swapped).toBeGreaterThan(0);
  expect(String(failure)).toContain('broke off before it was secure');
  expect(links).toEqual([]);
}, 60_000);
