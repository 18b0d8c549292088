import { BlockList, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';

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
