/** The machine's network interfaces, and which addresses are near. */
import { isIP, isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';

export interface LocalInterface {
  readonly name: string;
  /** Its first IPv4 address, by which multicast is directed. */
  readonly ipv4: string;
  readonly netmask: string;
  /** All its addresses, IPv4 first. */
  readonly addresses: readonly string[];
  readonly loopback: boolean;
}

/**
 * Those that are up and have IPv4: the one with `only` as its name or address; else all but loopback; else loopback.
 */
export function localInterfaces(only: string | undefined): LocalInterface[] {
  const all: LocalInterface[] = [];
  for (const [name, held = []] of Object.entries(networkInterfaces())) {
    const first = held.find((address) => isIPv4(address.address));
    if (!first) continue;
    const addresses = held.map(({ address }) => address);
    all.push({
      name,
      ipv4: first.address,
      netmask: first.netmask,
      addresses: addresses.sort((a, b) => Number(isIPv4(b)) - Number(isIPv4(a))),
      loopback: first.internal,
    });
  }
  if (only !== undefined) {
    return all.filter(({ name, addresses }) => name === only || addresses.includes(only));
  }
  const outward = all.filter(({ loopback }) => !loopback);
  return outward.length > 0 ? outward : all;
}

function bits(ipv4: string): number {
  return ipv4.split('.').reduce((value, octet) => value * 256 + Number(octet), 0);
}

/** Whether an IPv4 address lies on the interface's own network. */
export function isNear(address: string, { ipv4, netmask }: LocalInterface): boolean {
  if (!isIPv4(address)) return false;
  const mask = bits(netmask);
  return (bits(address) & mask) === (bits(ipv4) & mask);
}

/**
 * The order in which to try a service's addresses: own network, other IPv4, IPv6, self-assigned ones. Loopback
 * counts only from this machine; link-local IPv6 only with the interface that it is on. The sender's own address
 * stands in when there is none.
 */
export function rankAddresses(
  addresses: readonly string[],
  from: string,
  interfaces: readonly LocalInterface[],
): string[] {
  const via = interfaces.find((held) => held.addresses.includes(from) || isNear(from, held));
  const own = isLoopback(from) || interfaces.some((held) => held.addresses.includes(from));
  const ranked: { address: string; rank: number }[] = [];
  for (const address of addresses) {
    if (isLoopback(address)) {
      if (own) ranked.push({ address, rank: 0 });
    } else if (address.toLowerCase().startsWith('fe80:')) {
      if (via) ranked.push({ address: `${address}%${via.name}`, rank: 5 });
    } else if (isIPv4(address)) {
      const near = interfaces.some((held) => isNear(address, held));
      ranked.push({ address, rank: near ? 1 : address.startsWith('169.254.') ? 4 : 2 });
    } else ranked.push({ address, rank: 3 });
  }
  if (ranked.length === 0 && isIP(from) !== 0) return [from];
  // Equal ranks by address, so that the order is the same each time.
  ranked.sort((a, b) => a.rank - b.rank || (a.address < b.address ? -1 : 1));
  return ranked.map(({ address }) => address);
}

function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}
