/**
 * Who is near: on this machine, or on a network that one of its interfaces is on.
 *
 * What travels between boxes is neither encrypted nor authenticated yet, so a box lets in who is near and nobody else
 * unless its owner says so.
 */
import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { StreamNetwork } from '../ports/stream-network.ts';

/** Whether an address is this machine's or on a network that one of its interfaces is on, as it stands now. */
export function isLocalSubnet(address: string): boolean {
  const bare = address.replace(/%.*$/, '');
  const family = isIP(bare);
  if (family === 0) return false;
  const kind = family === 6 ? 'ipv6' : 'ipv4';
  const near = new BlockList();
  for (const addresses of Object.values(networkInterfaces())) {
    for (const { cidr } of addresses ?? []) {
      const [net, prefix] = cidr?.split('/') ?? [];
      if (net === undefined || prefix === undefined) continue;
      near.addSubnet(net, Number(prefix), isIP(net) === 6 ? 'ipv6' : 'ipv4');
    }
  }
  return near.check(bare, kind);
}

/** The same network, but connections from `allowed` addresses only: others are closed at once. */
export function admitting(
  streams: StreamNetwork,
  allowed: (address: string) => boolean,
): StreamNetwork {
  return {
    connect: (to, signal) => streams.connect(to, signal),
    listen: (init, onStream) =>
      streams.listen(init, (stream) => {
        if (allowed(stream.remote.host)) onStream(stream);
        else void stream[Symbol.asyncDispose]();
      }),
  };
}
