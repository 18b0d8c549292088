import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openUdpNetwork } from '../../runtime/platform/udp-network.ts';
import { datagramNetworkContract } from '../contracts/datagram-network.contract.ts';
import { waitUntil } from './real-rig.ts';

const clock = openMonotonicClock();

datagramNetworkContract('UDP on 127.0.0.1', () => ({
  clock,
  near: openUdpNetwork({ clock }),
  nearHost: '127.0.0.1',
  far: openUdpNetwork({ clock }),
  farHost: '127.0.0.1',
  until: waitUntil,
  quiet: async () => void (await sleep(30)),
}));

test('without a host, IPv6 and IPv4 are bound at once, and IPv4 sources look like IPv4', async (context) => {
  await using teardown = new Teardown();
  const network = openUdpNetwork({ clock });
  const both = teardown.hold(await network.bind({ port: 0 }));
  if (both.local.host !== '::') return context.skip('this machine has no IPv6');
  const v4 = teardown.hold(await network.bind({ port: 0, host: '127.0.0.1' }));
  const v6 = teardown.hold(await network.bind({ port: 0, host: '::1' }));
  const sources: unknown[] = [];
  both.onDatagram((bytes, from) => {
    sources.push(from);
    both.send(bytes, from);
  });
  let answers = 0;
  for (const [socket, host] of [[v4, '127.0.0.1'] as const, [v6, '::1'] as const]) {
    socket.onDatagram(() => answers++);
    socket.send(Uint8Array.of(1), { host, port: both.local.port });
  }
  await waitUntil(() => answers === 2);
  expect(sources).toContainEqual({ host: '127.0.0.1', port: v4.local.port });
  expect(sources).toContainEqual({ host: '::1', port: v6.local.port });
});

test('a host may be a name, and an unknown name is unavailable', async () => {
  const network = openUdpNetwork({ clock });
  await using socket = await network.bind({ port: 0, host: 'localhost' });
  expect(['127.0.0.1', '::1']).toContain(socket.local.host);
  await expect(network.bind({ port: 0, host: 'no-such-name.invalid' })).rejects.toMatchObject({
    code: 'unavailable',
  });
});

test('ten thousand datagrams in bursts leave no socket error and no memory behind', async () => {
  await using teardown = new Teardown();
  const network = openUdpNetwork({ clock });
  const near = teardown.hold(await network.bind({ port: 0, host: '127.0.0.1' }));
  const far = teardown.hold(await network.bind({ port: 0, host: '127.0.0.1' }));
  let heard = 0;
  far.onDatagram(() => heard++);
  const bytes = new Uint8Array(64);
  for (let burst = 0; burst < 100; burst++) {
    for (let sent = 0; sent < 100; sent++) near.send(bytes, far.local);
    // A burst fits the socket's buffer; the next one waits, or a busy machine would drop some.
    await waitUntil(() => heard + near.unsent >= 100 * (burst + 1));
  }
  expect(near.unsent).toBe(0);
});
