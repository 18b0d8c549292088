/**
 * What is known of services on the local network.
 *
 * Takes  resource records with the instant and the sender of their packet.
 * Gives  services whose records have not expired, and the questions that would complete or refresh them.
 * Keeps  at most MAX_SERVICES per type; further ones are passed over and counted. No clock, no sockets.
 * Spec: RFC 6762 sections 5.2 (refreshing), 10.1 (goodbye), 10.2 (flushing).
 */
import { isIPv4 } from 'node:net';
import type { Instant } from '../core/time.ts';
import type { FoundService, ServiceType } from '../ports/discovery.ts';
import type { DnsQuestion, DnsRecord, QuestionType } from './dns-message.ts';
import { sameName } from './dns-name.ts';
import { decodeTxt, instanceName, typeDomain } from './dns-sd-records.ts';
import { isLinkLocal } from './ip-text.ts';

const MAX_SERVICES = 256;
const MAX_ADDRESSES = 16;
const SECOND = 1_000_000;
/** A peer's word for longer than a day is not taken. */
const MAX_TTL = 86_400;
/** An incomplete service is asked about this often, a second apart. */
const MOST_ASKED = 3;
/** A record is refreshed when this much of its life is over, and then at each further twentieth. */
const REFRESH = 0.8;

interface Lease {
  since: number;
  until: number;
  /** When to ask for it again; beyond `until` when that has been tried often enough. */
  refreshAt: number;
}
/** Another network interface tells of other addresses of the same host, and knows nothing of those (RFC 6762 section 14). */
interface AddressLease extends Lease {
  readonly via: string;
}
interface Service extends Lease {
  readonly type: ServiceType;
  readonly name: string;
  readonly domain: string;
  location:
    | (Lease & { readonly port: number; readonly host: string; readonly from: string })
    | undefined;
  txt: (Lease & { readonly entries: Record<string, string> }) | undefined;
  asked: number;
  askedAt: number;
}

/** The addresses of a host that are worth trying, best first. `from` is who told of the service. */
export type AddressRanking = (addresses: readonly string[], from: string) => readonly string[];

export class DnsSdCache {
  readonly #types = new Set<ServiceType>();
  readonly #services = new Map<string, Service>();
  readonly #hosts = new Map<string, Map<string, AddressLease>>();
  #refused = 0;

  /** Services that were passed over for want of room. */
  get refused(): number {
    return this.#refused;
  }

  /** Records of other types are not kept. */
  watch(type: ServiceType): void {
    this.#types.add(type);
  }

  /** `from` is who sent the packet, `via` the interface that it came in on. */
  receive(records: readonly DnsRecord[], now: Instant, from: string, via: string): void {
    // In this order, whatever theirs: a service is known before its location, and that before its host.
    for (const record of records) if (record.type === 'PTR') this.#receivePointer(record, now);
    for (const record of records) {
      if (record.type === 'SRV' || record.type === 'TXT') this.#receiveDetails(record, now, from);
    }
    const wanted = new Set<string>();
    for (const { location } of this.#services.values()) {
      if (location) wanted.add(location.host.toLowerCase());
    }
    for (const record of records) {
      if (record.type !== 'A' && record.type !== 'AAAA') continue;
      if (wanted.has(record.name.toLowerCase())) this.#receiveAddress(record, now, via);
    }
  }

  /** Forgets what has outlived its time. */
  expire(now: Instant): void {
    for (const [domain, service] of this.#services) {
      const gone = service.until <= now || (service.location && service.location.until <= now);
      if (gone) this.#services.delete(domain);
      else if (service.txt && service.txt.until <= now) service.txt = undefined;
    }
    for (const [host, addresses] of this.#hosts) {
      for (const [address, lease] of addresses) if (lease.until <= now) addresses.delete(address);
      if (addresses.size === 0) this.#hosts.delete(host);
    }
  }

  /** Sorted by name. */
  services(type: ServiceType, rank: AddressRanking): FoundService[] {
    const found: FoundService[] = [];
    for (const service of this.#services.values()) {
      if (service.type !== type || !service.location) continue;
      const { host, port, from } = service.location;
      const known = [...(this.#hosts.get(host.toLowerCase())?.keys() ?? [])];
      const addresses = rank(known, from);
      const txt = service.txt?.entries ?? {};
      found.push({ name: service.name, type, port, txt, host, addresses });
    }
    return found.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /** What to ask now. To be sent: they are counted as asked. */
  questions(now: Instant): DnsQuestion[] {
    const questions = new Map<string, DnsQuestion>();
    const ask = (name: string, type: QuestionType): void => {
      questions.set(`${name} ${type}`, { name, type });
    };
    for (const service of this.#services.values()) {
      const { location, txt } = service;
      const addresses = location && this.#hosts.get(location.host.toLowerCase());
      const leases = [service, location, txt, ...(addresses?.values() ?? [])];
      // Every one is looked at, so that those of one age are asked for together.
      const due = leases.filter((held) => held && refresh(held, now)).length > 0;
      // Answers to this bring everything else of the service too.
      if (due) ask(typeDomain(service.type), 'PTR');
      if (location && txt && addresses) continue;
      if (service.asked >= MOST_ASKED || now < service.askedAt + SECOND) continue;
      service.asked++;
      service.askedAt = now;
      if (!location) ask(service.domain, 'SRV');
      if (!txt) ask(service.domain, 'TXT');
      if (location && !addresses) {
        ask(location.host, 'A');
        ask(location.host, 'AAAA');
      }
    }
    return [...questions.values()];
  }

  #receivePointer(record: DnsRecord & { readonly type: 'PTR' }, now: Instant): void {
    for (const type of this.#types) {
      if (!sameName(record.name, typeDomain(type))) continue;
      const name = instanceName(record.data, type);
      if (name === undefined) continue;
      const key = record.data.toLowerCase();
      const known = this.#services.get(key);
      if (known) Object.assign(known, lease(record, now, known.until));
      else if (record.ttl > 0) {
        if (this.#count(type) >= MAX_SERVICES) {
          this.#refused++;
          continue;
        }
        this.#services.set(key, {
          ...lease(record, now),
          type,
          name,
          domain: record.data,
          location: undefined,
          txt: undefined,
          asked: 0,
          // The rest may come in a packet of its own; give it a moment.
          askedAt: now - SECOND / 2,
        });
      }
    }
  }

  #receiveDetails(
    record: DnsRecord & { readonly type: 'SRV' | 'TXT' },
    now: Instant,
    from: string,
  ): void {
    const service = this.#services.get(record.name.toLowerCase());
    if (!service) return;
    if (record.type === 'SRV') {
      const { port, target: host } = record.data;
      const same = service.location?.port === port && sameName(service.location.host, host);
      // A goodbye concerns the location it names, not the one that has taken its place.
      if (record.ttl === 0 && !same) return;
      service.location = { ...lease(record, now, service.location?.until), port, host, from };
    } else if (record.ttl > 0) {
      service.txt = { ...lease(record, now), entries: decodeTxt(record.data) };
    }
    service.asked = 0;
  }

  #receiveAddress(
    record: DnsRecord & { readonly type: 'A' | 'AAAA' },
    now: Instant,
    via: string,
  ): void {
    const host = record.name.toLowerCase();
    const addresses = this.#hosts.get(host) ?? new Map<string, AddressLease>();
    this.#hosts.set(host, addresses);
    const address = isLinkLocal(record.data) ? `${record.data}%${via}` : record.data;
    if (record.flush) {
      // Those of the last second stay: a host with two addresses may tell of them in turn.
      for (const [known, held] of addresses) {
        const sameFamily = isIPv4(known) === (record.type === 'A');
        if (sameFamily && held.via === via && held.since < now - SECOND) {
          held.until = Math.min(held.until, now + SECOND);
        }
      }
    }
    const held = addresses.get(address);
    if (!held && (record.ttl === 0 || addresses.size >= MAX_ADDRESSES)) return;
    addresses.set(address, { ...lease(record, now, held?.until), via });
  }

  #count(type: ServiceType): number {
    let count = 0;
    for (const service of this.#services.values()) if (service.type === type) count++;
    return count;
  }
}

/** A goodbye leaves a second, in which someone else may take over (RFC 6762 section 10.1). */
function lease({ ttl }: DnsRecord, now: number, until: number = Number.POSITIVE_INFINITY): Lease {
  if (ttl === 0) {
    return {
      since: now,
      until: Math.min(until, now + SECOND),
      refreshAt: Number.POSITIVE_INFINITY,
    };
  }
  const life = Math.min(ttl, MAX_TTL) * SECOND;
  return { since: now, until: now + life, refreshAt: now + life * REFRESH };
}

function refresh(held: Lease, now: number): boolean {
  if (now < held.refreshAt) return false;
  held.refreshAt = now + (held.until - held.since) / 20;
  return true;
}
