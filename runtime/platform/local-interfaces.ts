/** The machine's network interfaces, and which addresses are near. */
import { isIPv4 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { canonicalHost, inSubnet, isLinkLocal, isLoopback, splitZone } from './ip-text.ts';

export interface Network {
  readonly net: string;
  readonly prefix: number;
}

export interface LocalInterface {
  readonly name: string;
  /** Its first IPv4 address, by which multicast over IPv4 is directed. */
  readonly ipv4: string | undefined;
  /** Whether IPv6 multicast goes out there. */
  readonly ipv6: boolean;
  /** All its addresses, IPv4 first. */
  readonly addresses: readonly string[];
  readonly networks: readonly Network[];
  readonly loopback: boolean;
}

/**
 * Those that are up and have an address: the one with `only` as its name or address; else all but loopback; else
 * loopback.
 */
export function localInterfaces(only: string | undefined): LocalInterface[] {
  const all: LocalInterface[] = [];
  for (const [name, held = []] of Object.entries(networkInterfaces())) {
    const loopback = held.some(({ internal }) => internal);
    const addresses = held.map(({ address }) => address);
    all.push({
      name,
      ipv4: addresses.find(isIPv4),
      // Loopback has no link-local address, nor a route for multicast over IPv6.
      ipv6: !loopback && addresses.some(isLinkLocal),
      addresses: addresses.sort((a, b) => Number(isIPv4(b)) - Number(isIPv4(a))),
      networks: held.flatMap(({ cidr }) => networkFrom(cidr) ?? []),
      loopback,
    });
  }
  const usable = all.filter(({ ipv4, ipv6 }) => ipv4 !== undefined || ipv6);
  if (only !== undefined) {
    return usable.filter(({ name, addresses }) => name === only || addresses.includes(only));
  }
  const outward = usable.filter(({ loopback }) => !loopback);
  return outward.length > 0 ? outward : usable;
}

function networkFrom(cidr: string | null): Network | undefined {
  const [net, prefix] = cidr?.split('/') ?? [];
  return net === undefined || prefix === undefined ? undefined : { net, prefix: Number(prefix) };
}

/** Whether an address lies on one of the interface's own networks. A link-local one has to name the interface. */
export function isNear(address: string, { name, networks }: LocalInterface): boolean {
  const { bare, zone } = splitZone(address);
  if (isLinkLocal(bare) && zone !== name) return false;
  return networks.some(({ net, prefix }) => inSubnet(bare, net, prefix));
}

/** Those of the addresses at which a service answers that is bound to `boundTo`; it is announced with no others. */
export function answeringAddresses(
  addresses: readonly string[],
  boundTo: string | undefined,
): readonly string[] {
  const host = boundTo === undefined ? undefined : canonicalHost(boundTo);
  if (host === undefined || host === '::') return addresses;
  if (host === '0.0.0.0') return addresses.filter((address) => isIPv4(address));
  const { bare } = splitZone(host);
  return addresses.filter((address) => splitZone(address).bare === bare);
}

/**
 * The order in which to try a service's addresses. What is on a network of ours needs no router, and IPv4 is what most
 * RTP-MIDI programs listen on; an address that the host gave itself for want of a better one comes late.
 */
const ORDER = {
  loopback: 0,
  nearIpv4: 1,
  nearIpv6: 2,
  linkLocal: 3,
  ipv4: 4,
  ipv6: 5,
  selfAssigned: 6,
} as const;

/**
 * Best first. Loopback counts only from this machine; link-local IPv6 only with the interface that it is on. The
 * sender's own address stands in when there is none.
 */
export function rankAddresses(
  addresses: readonly string[],
  from: string,
  interfaces: readonly LocalInterface[],
): string[] {
  const own = isLoopback(from) || interfaces.some((held) => isOn(from, held));
  const ranked = addresses.flatMap((address) => {
    const rank = rankOf(address, own, interfaces);
    return rank === undefined ? [] : [{ address, rank: ORDER[rank] }];
  });
  if (ranked.length === 0 && from !== '') return [from];
  // Equal ranks by address, so that the order is the same each time.
  ranked.sort((a, b) => a.rank - b.rank || (a.address < b.address ? -1 : 1));
  return ranked.map(({ address }) => address);
}

function isOn(address: string, { name, addresses }: LocalInterface): boolean {
  const { bare, zone } = splitZone(address);
  return addresses.includes(bare) && (zone === undefined || zone === name);
}

function rankOf(
  address: string,
  own: boolean,
  interfaces: readonly LocalInterface[],
): keyof typeof ORDER | undefined {
  const { bare, zone } = splitZone(address);
  if (isLoopback(bare)) return own ? 'loopback' : undefined;
  if (isLinkLocal(bare)) {
    return interfaces.some(({ name }) => name === zone) ? 'linkLocal' : undefined;
  }
  const near = interfaces.some((held) => isNear(bare, held));
  if (!isIPv4(bare)) return near ? 'nearIpv6' : 'ipv6';
  if (near) return 'nearIpv4';
  return bare.startsWith('169.254.') ? 'selfAssigned' : 'ipv4';
}
