/**
 * Who is near: on this machine, or on a network that one of its interfaces is on.
 *
 * RTP-MIDI with other programs is neither encrypted nor authenticated, so a box lets in who is near and nobody else unless
 * its owner says so. Boxes that link prove who they are; those far away come through the control plane.
 */
import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { StreamNetwork } from '../ports/stream-network.ts';
import { addressText, canonicalHost, inSubnet, isLinkLocal, splitZone } from './ip-text.ts';

/** Whether an address is this machine's or on a network that one of its interfaces is on, as it stands now. */
export function isLocalSubnet(address: string): boolean {
  const canonical = canonicalHost(address);
  if (canonical === undefined) return false;
  const { bare, zone } = splitZone(canonical);
  if (isLinkLocal(bare)) return hasLinkLocal(zone);
  const interfaces = Object.values(networkInterfaces()).flatMap((held) => held ?? []);
  const near = interfaces.some(({ cidr }) => {
    const [net, prefix] = cidr?.split('/') ?? [];
    return net !== undefined && prefix !== undefined && inSubnet(bare, net, Number(prefix));
  });
  return near || (bare.includes(':') && isOnLink(bare));
}

/** No router forwards link-local packets, so who has such an address is near if it is on an interface of ours. */
function hasLinkLocal(zone: string | undefined): boolean {
  return Object.entries(networkInterfaces()).some(
    ([name, held]) =>
      (zone === undefined || zone === name) && held?.some(({ address }) => isLinkLocal(address)),
  );
}

/**
 * IPv6 tells apart which addresses we have and which are on our link (RFC 5942): with DHCPv6 ours has a prefix of 128
 * bits, and only the routes know the network. Linux lists them here; elsewhere the prefixes of addresses have to do.
 */
const IPV6_ROUTES = '/proc/net/ipv6_route';

function isOnLink(address: string): boolean {
  let table: string;
  try {
    table = readFileSync(IPV6_ROUTES, 'latin1');
  } catch {
    return false; // no Linux, or no IPv6
  }
  return onLinkNetworks(table).some(({ net, prefix }) => inSubnet(address, net, prefix));
}

const UP = 0x1;
const GATEWAY = 0x2;
const REJECT = 0x200;

/** The networks in the kernel's table of routes that are reached without a router; multicast and loopback apart. */
export function onLinkNetworks(table: string): { readonly net: string; readonly prefix: number }[] {
  return table.split('\n').flatMap((line) => {
    const [net = '', length = '', , , , , , , flags = '', device] = line.trim().split(/\s+/);
    const prefix = Number.parseInt(length, 16);
    const bits = Number.parseInt(flags, 16);
    const direct = (bits & UP) !== 0 && (bits & (GATEWAY | REJECT)) === 0;
    if (!/^[0-9a-f]{32}$/.test(net) || !direct || device === 'lo') return [];
    // A default route without a router would make the whole world near.
    if (!(prefix >= 16 && prefix <= 128) || net.startsWith('ff')) return [];
    return [{ net: addressText(Buffer.from(net, 'hex')), prefix }];
  });
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
