import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { admitting, isLocalSubnet, onLinkNetworks } from '../../runtime/platform/local-subnet.ts';
import { openTcpNetwork } from '../../runtime/platform/tcp-network.ts';
import { ownAddresses } from './own-addresses.ts';

test('this machine and its networks are near, the rest of the world is not', () => {
  expect(isLocalSubnet('127.0.0.1')).toBe(true);
  expect(isLocalSubnet('127.8.9.10'), 'loopback is a whole network').toBe(true);
  for (const own of Object.values(networkInterfaces()).flat()) {
    if (own) expect(isLocalSubnet(own.address), own.address).toBe(true);
  }
  expect(isLocalSubnet('198.51.100.7')).toBe(false);
  expect(isLocalSubnet('2001:db8::7')).toBe(false);
});

test.each(['', 'localhost', '999.1.1.1', '127.0.0.1; drop', '::ffff:zz'])(
  '%j is no address, so it is not near',
  (text) => {
    expect(isLocalSubnet(text)).toBe(false);
  },
);

test('an IPv4 address is near however it is written (items 45, 47)', () => {
  expect(isLocalSubnet('::ffff:127.0.0.1')).toBe(true);
  expect(isLocalSubnet('::ffff:198.51.100.7')).toBe(false);
});

test('a link-local address is near on a link of ours, and on no other (items 45, 47)', (context) => {
  const [own] = ownAddresses().filter((host) => host.includes('%'));
  const zone = own?.split('%')[1];
  expect(isLocalSubnet('fe80::7%no-such-link')).toBe(false);
  if (zone === undefined) return context.skip('this machine has no link-local IPv6 address');
  expect(isLocalSubnet(`fe80::7%${zone}`)).toBe(true);
  expect(isLocalSubnet(`FE80:0::7%${zone}`)).toBe(true);
  expect(isLocalSubnet('fe80::7')).toBe(true);
});

test('a network that is on our link by its route is near, though our own address says nothing of it (items 45, 47)', () => {
  const route = (net: string, length: string, flags: string, device: string): string =>
    `${net} ${length} ${'0'.repeat(32)} 00 ${'0'.repeat(32)} 00000100 00000001 00000000 ${flags}     ${device}`;
  const table = [
    route('20010db8000000010000000000000000', '40', '00000001', 'eth0'),
    route('20010db8000000020000000000000000', '40', '00000003', 'eth0'),
    route('00000000000000000000000000000000', '00', '00000001', 'ppp0'),
    route('00000000000000000000000000000001', '80', '80200001', 'lo'),
    route('ff000000000000000000000000000000', '08', '00000001', 'eth0'),
    'nonsense',
    '',
  ].join('\n');
  expect(onLinkNetworks(table)).toEqual([{ net: '2001:db8:0:1::', prefix: 64 }]);
});

test.each([
  ['who is allowed is let in', true],
  ['who is not is closed at once, and nobody hears of it', false],
])('%s', async (_what, allowed) => {
  const network = admitting(openTcpNetwork(), () => allowed);
  let streams = 0;
  await using listener = await network.listen({ port: 0, host: '127.0.0.1' }, (stream) => {
    streams++;
    void stream[Symbol.asyncDispose]();
  });
  const stream = await network.connect(listener.local, new AbortController().signal);
  await new Promise<void>((closed) => {
    stream.onClosed(closed);
  });
  expect(streams).toBe(allowed ? 1 : 0);
});
