/** How octets go between two candidates that ICE chose (RFC 8445 section 8.1.1), as musicians ask about it. */
import type { SelectedCandidateInfo } from 'node-datachannel';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { Route } from '../ports/peer-connection.ts';
import { canonicalHost, inSubnet, isLinkLocal, isLoopback } from './ip-text.ts';

interface CandidatePair {
  readonly local: SelectedCandidateInfo;
  readonly remote: SelectedCandidateInfo;
}

/** RFC 1918, RFC 3927, RFC 6598 (shared by carriers and by private overlays), RFC 4193. */
const NEAR: readonly (readonly [string, number])[] = [
  ['10.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['169.254.0.0', 16],
  ['100.64.0.0', 10],
  ['fc00::', 7],
];
/** The part of an IPv6 address that one network has (RFC 4291 section 2.5.4). */
const NETWORK = 64;

export function routeOf({ local, remote }: CandidatePair): Route {
  const ends = { local: addressOf(local), remote: addressOf(remote) };
  if (local.type === 'relay' || remote.type === 'relay') return { kind: 'relayed', ...ends };
  const translated = local.type === 'srflx' || remote.type === 'srflx';
  const near = !translated && onOneNetwork(ends.local.host, ends.remote.host);
  return { kind: near ? 'local' : 'direct', ...ends };
}

function addressOf({ address, port }: SelectedCandidateInfo): NetAddress {
  return { host: canonicalHost(address) ?? address, port };
}

function onOneNetwork(local: string, remote: string): boolean {
  if (isNear(local) && isNear(remote)) return true;
  return local === remote || (local.includes(':') && inSubnet(local, remote, NETWORK));
}

function isNear(host: string): boolean {
  if (isLoopback(host) || isLinkLocal(host)) return true;
  return NEAR.some(([net, prefix]) => inSubnet(host, net, prefix));
}
