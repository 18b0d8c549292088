/**
 * Whether two hosts, or two addresses, are the same: the one place where their texts are compared.
 *
 * Takes  numeric addresses as the network port gives them: one text per address.
 */
import type { NetAddress } from '../../ports/datagram-network.ts';

/** A zone names the interface that a link-local address is on; it only counts when both name one. */
export function sameHost(a: string, b: string): boolean {
  if (a === b) return true;
  // IPv4 has one text only; almost every comparison ends here.
  if (!a.includes(':') || !b.includes(':')) return false;
  const [bareA, zoneA] = a.toLowerCase().split('%');
  const [bareB, zoneB] = b.toLowerCase().split('%');
  return bareA === bareB && (zoneA === zoneB || zoneA === undefined || zoneB === undefined);
}

export function sameAddress(a: NetAddress, b: NetAddress): boolean {
  return a.port === b.port && sameHost(a.host, b.host);
}
