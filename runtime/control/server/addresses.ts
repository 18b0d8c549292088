/**
 * Client addresses as groups that one customer of a provider has (an IPv4 address, an IPv6 /64), and cut short for logs.
 */
const IPV4 = /^\d{1,3}(\.\d{1,3}){3}$/;
const GROUPS = 8;

/** What limits count by. */
export function addressGroup(address: string): string {
  const groups = groupsOf(address);
  return groups ? `${groups.slice(0, 4).join(':')}::/64` : plain(address);
}

/** For logs: enough to see a pattern, not whom (an IPv4 /24, an IPv6 /48). */
export function shortAddress(address: string): string {
  const groups = groupsOf(address);
  if (groups) return `${groups.slice(0, 3).join(':')}::/48`;
  const ipv4 = plain(address);
  return IPV4.test(ipv4) ? ipv4.replace(/\.\d+$/, '.0/24') : 'unknown';
}

/** IPv4 that came through an IPv6 socket is IPv4. */
const plain = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, '');

function groupsOf(address: string): readonly string[] | undefined {
  const text = plain(address).split('%')[0] ?? '';
  if (!text.includes(':')) return undefined;
  const [head = '', tail] = text.toLowerCase().split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = Math.max(0, GROUPS - first.length - last.length);
  return [...first, ...new Array<string>(zeros).fill('0'), ...last].map((group) =>
    group.replace(/^0+(?=.)/, ''),
  );
}
