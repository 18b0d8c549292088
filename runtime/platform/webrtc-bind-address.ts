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

/** Undefined: all interfaces. Rejects an address that this machine hasn't, which the library would not survive. */
export function bindAddress(host: string | undefined): string | undefined {
  const own = Object.values(networkInterfaces()).flatMap((held = []) => held);
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

function fallback(own: readonly NetworkInterfaceInfo[]): string | undefined {
  const outward = own.filter(({ internal }) => !internal);
  if (outward.some(({ address }) => !isLinkLocal(address) && !address.startsWith('169.254.'))) {
    return undefined;
  }
  return outward.find(({ address }) => address.startsWith('169.254.'))?.address ?? LOOPBACK;
}
