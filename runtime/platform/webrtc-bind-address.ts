/**
 * The address that a peer connection binds.
 *
 * ICE passes over loopback and link-local addresses (RFC 8445 section 5.1.1.1). A machine that has nothing else, a cable
 * between two boxes or no network at all, binds that one instead, or boxes beside each other would not meet.
 */
import { isIP } from 'node:net';
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { PortError } from '../core/errors.ts';
import { canonicalHost, isLinkLocal, isLoopback } from './ip-text.ts';

const LOOPBACK = '127.0.0.1';

type OwnAddress = NetworkInterfaceInfo & { readonly device: string };

/** Undefined: all interfaces. Rejects an address that this machine hasn't, which the library would not survive. */
export function bindAddress(host: string | undefined): string | undefined {
  const own: readonly OwnAddress[] = Object.entries(networkInterfaces()).flatMap(
    ([device, held = []]) => held.map((each) => ({ ...each, device })),
  );
  if (host === undefined) return fallback(own);
  const wanted = canonicalHost(host);
  if (wanted === undefined || isIP(wanted.split('%')[0] ?? '') === 0) {
    throw new PortError('invalid', `${host} is no numeric address of this machine`);
  }
  if (wanted === '0.0.0.0' || wanted === '::') return fallback(own);
  const bare = wanted.split('%')[0];
  const found = isLoopback(wanted) || own.some(({ address }) => canonicalHost(address) === bare);
  if (!found) {
    throw new PortError('unavailable', `${host} is no address of this machine; choose one it has`);
  }
  return wanted;
}

function fallback(own: readonly OwnAddress[]): string | undefined {
  const outward = own.filter(({ internal }) => !internal);
  if (outward.some(({ address }) => !isForOneLink(address))) return undefined;
  const [first] = outward
    .filter(({ address }) => isForOneLink(address))
    .sort((a, b) => Number(isLinkLocal(a.address)) - Number(isLinkLocal(b.address)));
  if (!first) return LOOPBACK;
  return isLinkLocal(first.address) ? `${first.address}%${first.device}` : first.address;
}

/** RFC 3927 or RFC 4291 section 2.5.6. */
function isForOneLink(address: string): boolean {
  return address.startsWith('169.254.') || isLinkLocal(address);
}
