import { networkInterfaces } from 'node:os';
import { expect, test } from 'vitest';
import { admitting, isLocalSubnet } from '../../runtime/platform/local-subnet.ts';
import { openTcpNetwork } from '../../runtime/platform/tcp-network.ts';

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

test('a link-local address is judged without its zone', () => {
  expect(isLocalSubnet('::1%lo')).toBe(isLocalSubnet('::1'));
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
