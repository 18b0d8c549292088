import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { Teardown } from '../../runtime/core/lifecycle.ts';
import { openMonotonicClock } from '../../runtime/platform/monotonic-clock.ts';
import { openUdpNetwork } from '../../runtime/platform/udp-network.ts';
import { datagramNetworkContract } from '../contracts/datagram-network.contract.ts';
import { ownAddresses, sayWhatIsMissing } from './own-addresses.ts';
import { waitUntil } from './real-rig.ts';

const clock = openMonotonicClock();

const own = ownAddresses();
for (const host of ['127.0.0.1', ...own]) {
  datagramNetworkContract(`UDP on ${host}`, () => ({
    clock,
    near: openUdpNetwork({ clock }),
    nearHost: host,
    far: openUdpNetwork({ clock }),
    farHost: host,
    until: waitUntil,
    quiet: async () => void (await sleep(30)),
  }));
}
sayWhatIsMissing('UDP', own);

test('without a host, IPv6 and IPv4 are bound at once, and each source is known by its own address (item 45)', async (context) => {
  await using teardown = new Teardown();
  const network = openUdpNetwork({ clock });
  const both = teardown.hold(await network.bind({ port: 0 }));
  if (both.local.host !== '::') return context.skip('this machine has no IPv6');
  const sources: unknown[] = [];
  both.onDatagram((bytes, from) => {
    sources.push(from);
    both.send(bytes, from);
  });
  let answers = 0;
  const expected: unknown[] = [];
  for (const host of ['127.0.0.1', ...own]) {
    const socket = teardown.hold(await network.bind({ port: 0, host }));
    socket.onDatagram(() => answers++);
    socket.send(Uint8Array.of(1), { host, port: both.local.port });
    expected.push({ host, port: socket.local.port });
  }
  await waitUntil(() => answers === expected.length);
  for (const source of expected) expect(sources).toContainEqual(source);
});

test('an address may be written in any way; a zone that does not exist loses the datagram, and nothing else (item 45)', async (context) => {
  if (!own.includes('::1')) return context.skip('this machine has no IPv6');
  await using teardown = new Teardown();
  const network = openUdpNetwork({ clock });
  const far = teardown.hold(await network.bind({ port: 0, host: '0:0:0:0:0:0:0:1' }));
  expect(far.local.host).toBe('::1');
  const near = teardown.hold(await network.bind({ port: 0 }));
  let heard = 0;
  far.onDatagram(() => heard++);
  near.send(Uint8Array.of(1), { host: 'fe80::1%no-such-link', port: far.local.port });
  near.send(Uint8Array.of(1), { host: '0:0:0:0:0:0:0:1', port: far.local.port });
  await waitUntil(() => heard === 1);
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
