import { expect, test } from 'vitest';
import { openTcpNetwork } from '../../runtime/platform/tcp-network.ts';
import { streamNetworkContract } from '../contracts/stream-network.contract.ts';
import { ownAddresses, sayWhatIsMissing } from './own-addresses.ts';
import { waitUntil } from './real-rig.ts';

const own = ownAddresses();
for (const host of ['127.0.0.1', ...own]) {
  streamNetworkContract(`TCP on ${host}`, () => ({
    near: openTcpNetwork(),
    far: openTcpNetwork(),
    farHost: host,
    until: waitUntil,
    finish: async (promise) => promise,
  }));
}
sayWhatIsMissing('TCP', own);

test('without a host, callers over IPv4 and IPv6 are let in and known by their own addresses (item 45)', async () => {
  const network = openTcpNetwork();
  const callers: string[] = [];
  await using listener = await network.listen({ port: 0 }, (stream) => {
    callers.push(stream.remote.host);
    void stream[Symbol.asyncDispose]();
  });
  const hosts = listener.local.host === '::' ? ['127.0.0.1', ...own] : ['127.0.0.1'];
  for (const host of hosts) {
    const to = { host, port: listener.local.port };
    const stream = await network.connect(to, new AbortController().signal);
    expect(stream.remote).toEqual(to);
    await stream[Symbol.asyncDispose]();
  }
  await waitUntil(() => callers.length === hosts.length);
  expect(callers).toEqual(hosts);
});
