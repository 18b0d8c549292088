/**
 * Internet addresses as text and as octets.
 *
 * Takes  what people, peers and the system write.
 * Gives  one text per address, so that equal addresses are equal strings: IPv4 dotted, IPv6 as RFC 5952 writes it,
 *        a link-local one with the name of its interface (RFC 4007 section 11: `fe80::1%eth0`).
 */
import { isIP, isIPv4, SocketAddress } from 'node:net';
import { networkInterfaces } from 'node:os';

const MAPPED = '::ffff:';

/** An IPv4 address that came through an IPv6 socket (RFC 4291 section 2.5.5.2), as plain IPv4; others as they are. */
export function plainHost(host: string): string {
  return host.startsWith(MAPPED) && host.includes('.') ? host.slice(MAPPED.length) : host;
}

/** The one text of a numeric address; undefined for anything else. A zone given as a number becomes a name. */
export function canonicalHost(text: string): string | undefined {
  const { bare, zone } = splitZone(text);
  const kind = isIP(bare);
  if (kind === 0) return undefined;
  if (kind === 4) return zone === undefined ? bare : undefined;
  const plain = plainHost(new SocketAddress({ address: bare, family: 'ipv6' }).address);
  return zone === undefined || !isLinkLocal(plain) ? plain : `${plain}%${zoneName(zone)}`;
}

export function splitZone(text: string): { bare: string; zone: string | undefined } {
  const at = text.indexOf('%');
  return at < 0
    ? { bare: text, zone: undefined }
    : { bare: text.slice(0, at), zone: text.slice(at + 1) };
}

function zoneName(zone: string): string {
  if (!/^\d+$/.test(zone)) return zone;
  for (const [name, held = []] of Object.entries(networkInterfaces())) {
    if (held.some((each) => each.family === 'IPv6' && each.scopeid === Number(zone))) return name;
  }
  return zone;
}

/** Whether it is IPv6 for one link only (fe80::/10), so that it says nothing without a zone. */
export function isLinkLocal(address: string): boolean {
  return /^fe[89ab][0-9a-f]:/i.test(address);
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1';
}

/** 4 or 16 octets; undefined for what is no address. A zone is passed over. */
export function addressOctets(text: string): Uint8Array | undefined {
  const { bare } = splitZone(text);
  switch (isIP(bare)) {
    case 4:
      return Uint8Array.from(bare.split('.'), Number);
    case 6:
      return ipv6Octets(bare);
    default:
      return undefined;
  }
}

function ipv6Octets(text: string): Uint8Array {
  const dotted = text.slice(text.lastIndexOf(':') + 1);
  const tail = isIPv4(dotted) ? [...(addressOctets(dotted) ?? [])] : [];
  const groups = tail.length > 0 ? text.slice(0, -dotted.length) : text;
  const [head = '', rest] = groups.split('::');
  const left = groupOctets(head);
  const right = [...groupOctets(rest ?? ''), ...tail];
  const octets = new Uint8Array(16);
  octets.set(rest === undefined ? [...left, ...right] : left);
  if (rest !== undefined) octets.set(right, 16 - right.length);
  return octets;
}

function groupOctets(groups: string): number[] {
  return groups
    .split(':')
    .filter((group) => group !== '')
    .flatMap((group) => [Number.parseInt(group, 16) >> 8, Number.parseInt(group, 16) & 0xff]);
}

/** The text of 4 or 16 octets. */
export function addressText(octets: Uint8Array): string {
  if (octets.length === 4) return octets.join('.');
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((octets[2 * at] ?? 0) << 8) | (octets[2 * at + 1] ?? 0)).toString(16),
  );
  return new SocketAddress({ address: groups.join(':'), family: 'ipv6' }).address;
}

/** Whether the first `prefix` bits of the two are the same; false for different families. */
export function inSubnet(address: string, net: string, prefix: number): boolean {
  const left = addressOctets(address);
  const right = addressOctets(net);
  if (!left || !right || left.length !== right.length) return false;
  for (let at = 0; at < left.length && at * 8 < prefix; at++) {
    const bits = Math.min(8, prefix - at * 8);
    const mask = (0xff << (8 - bits)) & 0xff;
    if (((left[at] ?? 0) & mask) !== ((right[at] ?? 0) & mask)) return false;
  }
  return true;
}
