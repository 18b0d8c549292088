/**
 * Words of DNS-SD: resource records as we use them, instance names, TXT entries.
 *
 * Takes  what came from the network, of any shape.
 * Gives  only records that are what they seem to be, bounded in number and size.
 * Spec: RFC 6763 (DNS-SD), RFC 6762 (multicast DNS).
 */
import { isIPv4, isIPv6 } from 'node:net';
import { PortError } from '../core/errors.ts';
import type { ServiceAdvert, ServiceType } from '../ports/discovery.ts';

/** Host names and what hangs on them live two minutes, everything else 75 (RFC 6762 section 10). */
const HOST_TTL = 120;
const OTHER_TTL = 4_500;

const MAX_RECORDS = 512;
const MAX_NAME = 255;
const MAX_LABEL = 63;
const MAX_TXT_ENTRY = 255;
/** All entries with their length octets: a whole announcement fits one Ethernet frame. */
const MAX_TXT = 1_000;
const MAX_TXT_ENTRIES = 64;
const SERVICES = '_services._dns-sd._udp.local';

interface Common {
  readonly name: string;
  /** Seconds; 0 says goodbye. */
  readonly ttl: number;
  /** Nobody else has records of this name and type: forget older ones. */
  readonly flush: boolean;
}
export type DnsRecord =
  | (Common & { readonly type: 'PTR'; readonly data: string })
  | (Common & {
      readonly type: 'SRV';
      readonly data: { readonly port: number; readonly target: string };
    })
  | (Common & { readonly type: 'TXT'; readonly data: Buffer[] })
  | (Common & { readonly type: 'A' | 'AAAA'; readonly data: string });

/** Types that we ask for or answer to. */
export type QuestionType = 'PTR' | 'SRV' | 'TXT' | 'A' | 'AAAA' | 'ANY';
export interface DnsQuestion {
  readonly name: string;
  readonly type: QuestionType;
}
const QUESTION_TYPES: readonly string[] = ['PTR', 'SRV', 'TXT', 'A', 'AAAA', 'ANY'];

/** Those of `answers` that are records we know; others are passed over. */
export function recordsFrom(answers: unknown): DnsRecord[] {
  if (!Array.isArray(answers)) return [];
  return answers.slice(0, MAX_RECORDS).flatMap((answer) => recordFrom(answer) ?? []);
}

export function questionsFrom(questions: unknown): DnsQuestion[] {
  if (!Array.isArray(questions)) return [];
  return questions.slice(0, MAX_RECORDS).flatMap((question: unknown) => {
    const { name, type } = fieldsOf(question);
    return isName(name) && isQuestionType(type) ? [{ name, type }] : [];
  });
}

function recordFrom(answer: unknown): DnsRecord | undefined {
  const { name, type, ttl, flush, data } = fieldsOf(answer);
  if (!isName(name) || typeof ttl !== 'number' || !(ttl >= 0)) return undefined;
  const common = { name, ttl, flush: flush === true };
  switch (type) {
    case 'PTR':
      return isName(data) ? { ...common, type, data } : undefined;
    case 'A':
      return typeof data === 'string' && isIPv4(data) ? { ...common, type, data } : undefined;
    case 'AAAA':
      return typeof data === 'string' && isIPv6(data) ? { ...common, type, data } : undefined;
    case 'SRV': {
      const { port, target } = fieldsOf(data);
      const sound = typeof port === 'number' && port >= 1 && port <= 65_535 && isName(target);
      return sound ? { ...common, type, data: { port, target } } : undefined;
    }
    case 'TXT':
      return Array.isArray(data) && data.every((entry) => Buffer.isBuffer(entry))
        ? { ...common, type, data }
        : undefined;
    default:
      return undefined;
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isQuestionType(value: unknown): value is QuestionType {
  return typeof value === 'string' && QUESTION_TYPES.includes(value);
}

function isName(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= MAX_NAME;
}

/** Names are compared without case (RFC 6762 section 16). */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export function typeDomain(type: ServiceType): string {
  return `${type}.local`;
}

export function instanceDomain(name: string, type: ServiceType): string {
  return `${name}.${type}.local`;
}

/** The instance's name in `Studio._apple-midi._udp.local`; it may hold dots. */
export function instanceName(domain: string, type: ServiceType): string | undefined {
  const suffix = `.${type}.local`;
  if (domain.length <= suffix.length || !sameName(domain.slice(-suffix.length), suffix)) {
    return undefined;
  }
  const name = domain.slice(0, -suffix.length);
  return Buffer.byteLength(name) <= MAX_LABEL ? name : undefined;
}

/**
 * A name that one DNS label can hold: 63 octets of UTF-8, cut between characters, without control characters. The
 * codec below us splits labels at dots, so that a dot becomes a hyphen, or goes where a space follows.
 */
export function labelFrom(name: string, suffix: string = ''): string {
  const clean = name
    .replace(/\p{Cc}/gu, ' ')
    .replace(/\.(?=\s|$)/g, '')
    .replaceAll('.', '-')
    .trim();
  const room = MAX_LABEL - Buffer.byteLength(suffix);
  let cut = '';
  for (const character of clean) {
    if (Buffer.byteLength(cut + character) > room) break;
    cut += character;
  }
  return cut.trimEnd() + suffix;
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

export function addressRecords(host: string, addresses: readonly string[]): DnsRecord[] {
  return addresses.map((data) => {
    const type = isIPv4(data) ? 'A' : 'AAAA';
    return { type, name: host, ttl: HOST_TTL, flush: true, data };
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
