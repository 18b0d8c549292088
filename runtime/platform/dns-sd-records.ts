/**
 * Words of DNS-SD: the records of a service, instance names, TXT entries.
 *
 * Takes  adverts; domain names and TXT entries of others.
 * Gives  records to multicast, and what those of others say, bounded in number and size.
 * Spec: RFC 6763 (DNS-SD), RFC 6762 (multicast DNS).
 */
import { isIPv4 } from 'node:net';
import { PortError } from '../core/errors.ts';
import type { ServiceAdvert, ServiceType } from '../ports/discovery.ts';
import type { DnsQuestion, DnsRecord } from './dns-message.ts';
import { escapeLabel, sameName, splitName } from './dns-name.ts';
import { checkPort } from './system-errors.ts';
import { systemRandomness } from './system-randomness.ts';

/** Host names and what hangs on them live two minutes, everything else 75 (RFC 6762 section 10). */
const HOST_TTL = 120;
const OTHER_TTL = 4_500;

const MAX_LABEL = 63;
const MAX_TXT_ENTRY = 255;
/** All entries with their length octets: a whole announcement fits one Ethernet frame. */
const MAX_TXT = 1_000;
const MAX_TXT_ENTRIES = 64;
const SERVICES = '_services._dns-sd._udp.local';

export function typeDomain(type: ServiceType): string {
  return `${type}.local`;
}

export function instanceDomain(name: string, type: ServiceType): string {
  return `${escapeLabel(name)}.${type}.local`;
}

/** The instance's name in `Studio 2\.0._apple-midi._udp.local`: `Studio 2.0`, for it may hold dots. */
export function instanceName(domain: string, type: ServiceType): string | undefined {
  const [name, ...rest] = splitName(domain);
  if (name === undefined || name === '' || Buffer.byteLength(name) > MAX_LABEL) return undefined;
  return sameName(rest.join('.'), typeDomain(type)) ? name : undefined;
}

/** A name that one DNS label can hold: 63 octets of UTF-8, cut between characters, without control characters. */
export function labelFrom(name: string, suffix: string = ''): string {
  const clean = name.replace(/\p{Cc}/gu, ' ').trim();
  const room = MAX_LABEL - Buffer.byteLength(suffix);
  let cut = '';
  for (const character of clean) {
    if (Buffer.byteLength(cut + character) > room) break;
    cut += character;
  }
  return cut.trimEnd() + suffix;
}

/** A host name of our own: another responder on this machine may answer for the machine's, and say goodbye to it. */
export function hostLabel(machine: string): string {
  const unique = Buffer.from(systemRandomness.bytes(4)).toString('hex');
  const clean = machine.split('.')[0]?.replace(/[^a-zA-Z0-9-]/g, '') ?? '';
  return labelFrom(clean || 'box', `-${unique}`);
}

/** The records of a service, but for the host's addresses. A `ttl` of 0 says goodbye. */
export function serviceRecords(
  advert: ServiceAdvert,
  host: string,
  goodbye: boolean = false,
): DnsRecord[] {
  const type = typeDomain(advert.type);
  const name = instanceDomain(advert.name, advert.type);
  const ttl = (seconds: number): number => (goodbye ? 0 : seconds);
  const records: DnsRecord[] = [
    { type: 'PTR', name: type, ttl: ttl(OTHER_TTL), flush: false, data: name },
    {
      type: 'SRV',
      name,
      ttl: ttl(HOST_TTL),
      flush: true,
      data: { port: advert.port, target: host },
    },
    { type: 'TXT', name, ttl: ttl(OTHER_TTL), flush: true, data: encodeTxt(advert.txt) },
  ];
  // Others may offer this type too: its being offered at all is nothing to say goodbye to.
  if (!goodbye) {
    records.push({ type: 'PTR', name: SERVICES, ttl: OTHER_TTL, flush: false, data: type });
  }
  return records;
}

/** A goodbye is for these addresses alone: it flushes no others. */
export function addressRecords(
  host: string,
  addresses: readonly string[],
  goodbye: boolean = false,
): DnsRecord[] {
  return addresses.map((data) => {
    const type = isIPv4(data) ? 'A' : 'AAAA';
    return { type, name: host, ttl: goodbye ? 0 : HOST_TTL, flush: !goodbye, data };
  });
}

/** Whether the service with those records is asked for. */
export function asksFor(question: DnsQuestion, advert: ServiceAdvert, host: string): boolean {
  const { name, type } = question;
  const any = type === 'ANY';
  if (sameName(name, typeDomain(advert.type)) || sameName(name, SERVICES)) {
    return any || type === 'PTR';
  }
  if (sameName(name, instanceDomain(advert.name, advert.type))) {
    return any || type === 'SRV' || type === 'TXT';
  }
  return sameName(name, host) && (any || type === 'A' || type === 'AAAA');
}

/** Whether who asks `about` the type says that it knows the service, with half its time to live left at least. */
export function isKnown(
  about: string,
  advert: ServiceAdvert,
  records: readonly DnsRecord[],
): boolean {
  const type = typeDomain(advert.type);
  const name = instanceDomain(advert.name, advert.type);
  return (
    sameName(about, type) &&
    records.some(
      (record) =>
        record.type === 'PTR' &&
        sameName(record.name, type) &&
        sameName(record.data, name) &&
        record.ttl * 2 >= OTHER_TTL,
    )
  );
}

/** Throws PortError 'invalid' for what does not fit (RFC 6763 section 6). */
export function encodeTxt(txt: Readonly<Record<string, string>>): Buffer[] {
  let total = 0;
  const entries = Object.entries(txt).map(([key, value]) => {
    const entry = Buffer.from(`${key}=${value}`);
    if (!/^[\x20-\x3c\x3e-\x7e]+$/.test(key)) {
      throw new PortError('invalid', `"${key}" is no TXT key: use printable ASCII without "="`);
    }
    if (entry.length > MAX_TXT_ENTRY) {
      throw new PortError('invalid', `TXT entry "${key}" is longer than ${MAX_TXT_ENTRY} octets`);
    }
    total += entry.length + 1;
    return entry;
  });
  if (total > MAX_TXT || entries.length > MAX_TXT_ENTRIES) {
    throw new PortError('invalid', `the TXT record is longer than ${MAX_TXT} octets; shorten it`);
  }
  // An empty record is one empty string (RFC 6763 section 6.1).
  return entries.length > 0 ? entries : [Buffer.alloc(0)];
}

/** The first entry of a key counts, keys without a value have the empty one, the rest is passed over. */
export function decodeTxt(entries: readonly Buffer[]): Record<string, string> {
  const txt = new Map<string, string>();
  const seen = new Set<string>();
  for (const entry of entries.slice(0, MAX_TXT_ENTRIES)) {
    const text = entry.subarray(0, MAX_TXT_ENTRY).toString('utf8');
    const at = text.indexOf('=');
    const key = at < 0 ? text : text.slice(0, at);
    if (key === '' || seen.has(key.toLowerCase())) continue;
    seen.add(key.toLowerCase());
    txt.set(key, at < 0 ? '' : text.slice(at + 1));
  }
  return Object.fromEntries(txt);
}

/** Throws PortError 'invalid' for an advert that no service can have. */
export function checkAdvert(advert: ServiceAdvert): void {
  checkPort(advert.port);
  if (advert.port === 0 || labelFrom(advert.name) === '') {
    throw new PortError('invalid', 'a service needs a name and a port');
  }
  encodeTxt(advert.txt);
}
