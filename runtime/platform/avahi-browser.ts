/**
 * What avahi-daemon sees of one type of service.
 *
 * Takes  the daemon's word: the same service once for each network interface, over IPv4 and over IPv6.
 * Gives  one entry per service, with all its addresses.
 * Keeps  at most MAX_SIGHTINGS. Each has a resolver with the daemon that goes on telling of changes; a service that no
 *        longer answers is dropped, and asked again after a while.
 */
import { after, fromMillis, fromSeconds } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type { FoundService, ServiceType } from '../ports/discovery.ts';
import type { AvahiBus } from './avahi-bus.ts';
import { ANY, LinkNames, openAvahiObject } from './avahi-object.ts';
import { decodeTxt } from './dns-sd-records.ts';
import { canonicalHost, isLinkLocal, isLoopback } from './ip-text.ts';
import { localInterfaces, rankAddresses } from './local-interfaces.ts';

const MAX_SIGHTINGS = 512;
/** Lists are made anew at most this often, however much the network talks. */
const QUIET = fromMillis(30);
/** An answer that did not come is asked for again at these distances, then at the last one. */
const ASK_AGAIN = [5, 15, 60];
/** AvahiLookupFlags and AvahiLookupResultFlags (avahi-common/defs.h). */
const USE_MULTICAST = 2;
const OF_THIS_MACHINE = 8;
const LOOPBACK = '127.0.0.1';

/** One service on one interface, over one protocol. */
interface Sighting {
  readonly link: number;
  readonly protocol: number;
  readonly name: string;
  readonly domain: string;
  found: Found | undefined;
  resolver: AsyncDisposable | undefined;
  failures: number;
  gone: boolean;
}

interface Found {
  readonly host: string;
  readonly port: number;
  readonly address: string;
  readonly txt: Readonly<Record<string, string>>;
  readonly own: boolean;
}

export interface AvahiBrowserDeps {
  readonly bus: AvahiBus;
  readonly clock: Clock;
  changed(found: readonly FoundService[]): void;
  /** The daemon does not let us browse. */
  failed(error: unknown): void;
}

export class AvahiBrowser implements AsyncDisposable {
  readonly #deps: AvahiBrowserDeps;
  readonly #type: ServiceType;
  readonly #sightings = new Map<string, Sighting>();
  readonly #linkNames: LinkNames;
  readonly #tell: Alarm;
  readonly #again: Alarm;
  readonly #waiting = new Map<Sighting, number>();
  #browser: AsyncDisposable | undefined;
  #telling = false;
  #open = true;
  #refused = 0;

  constructor(deps: AvahiBrowserDeps, type: ServiceType) {
    this.#deps = deps;
    this.#type = type;
    this.#linkNames = new LinkNames(deps.bus);
    this.#tell = deps.clock.alarm(() => {
      this.#telling = false;
      deps.changed(this.#services());
    });
    this.#again = deps.clock.alarm(() => this.#askAgain());
    this.#start().catch((error: unknown) => {
      if (this.#open) deps.failed(error);
    });
  }

  /** Services that were passed over for want of room. */
  get refused(): number {
    return this.#refused;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#tell[Symbol.dispose]();
    this.#again[Symbol.dispose]();
    const held = [this.#browser, ...[...this.#sightings.values()].map(({ resolver }) => resolver)];
    this.#sightings.clear();
    await Promise.all(held.map((each) => each?.[Symbol.asyncDispose]()));
  }

  async #start(): Promise<void> {
    const what = [ANY, ANY, this.#type, 'local', USE_MULTICAST];
    this.#browser = await openAvahiObject(
      this.#deps.bus,
      'ServiceBrowser',
      'iissu',
      what,
      (member, body) => {
        if (!this.#open) return;
        const [link, protocol, name, , domain] = body;
        const key = JSON.stringify([link, protocol, name, domain]);
        if (member === 'ItemNew') {
          this.#add(key, Number(link), Number(protocol), String(name), String(domain));
        } else if (member === 'ItemRemove') this.#remove(key);
        else if (member === 'Failure') this.#deps.failed(new Error(`avahi: ${String(link)}`));
      },
    );
    if (!this.#open) await this.#browser[Symbol.asyncDispose]();
  }

  #add(key: string, link: number, protocol: number, name: string, domain: string): void {
    if (this.#sightings.has(key)) return;
    if (this.#sightings.size >= MAX_SIGHTINGS) {
      this.#refused++;
      return;
    }
    const sighting: Sighting = {
      link,
      protocol,
      name,
      domain,
      found: undefined,
      resolver: undefined,
      failures: 0,
      gone: false,
    };
    this.#sightings.set(key, sighting);
    void this.#resolve(sighting);
  }

  #remove(key: string): void {
    const sighting = this.#sightings.get(key);
    if (!sighting) return;
    this.#sightings.delete(key);
    this.#waiting.delete(sighting);
    sighting.gone = true;
    void sighting.resolver?.[Symbol.asyncDispose]();
    this.#tellSoon();
  }

  async #resolve(sighting: Sighting): Promise<void> {
    const { link, protocol, name, domain } = sighting;
    // Addresses of the kind that the service is seen over; failing that, of any.
    const kind = sighting.failures === 0 ? protocol : ANY;
    const what = [link, protocol, name, this.#type, domain, kind, USE_MULTICAST];
    try {
      const resolver = await openAvahiObject(
        this.#deps.bus,
        'ServiceResolver',
        'iisssiu',
        what,
        (member, body) => {
          if (sighting.gone || !this.#open) return;
          if (member === 'Found') void this.#learn(sighting, body);
          else if (member === 'Failure') this.#lose(sighting);
        },
      );
      if (sighting.gone || !this.#open) await resolver[Symbol.asyncDispose]();
      else sighting.resolver = resolver;
    } catch {
      // A full or vanished daemon: tried again.
      this.#lose(sighting);
    }
  }

  async #learn(sighting: Sighting, body: readonly unknown[]): Promise<void> {
    const [link, , , , , host, , address, port, txt, flags] = body;
    const numeric = canonicalHost(String(address));
    if (numeric === undefined || typeof port !== 'number' || port === 0) return;
    const entries = Array.isArray(txt) ? txt.filter((entry) => Buffer.isBuffer(entry)) : [];
    const zone = isLinkLocal(numeric) ? `%${await this.#linkNames.find(Number(link))}` : '';
    if (sighting.gone || !this.#open) return;
    sighting.failures = 0;
    sighting.found = {
      host: String(host),
      port,
      address: numeric + zone,
      txt: decodeTxt(entries),
      own: (Number(flags) & OF_THIS_MACHINE) !== 0,
    };
    this.#tellSoon();
  }

  /** The daemon still knows of it, but nobody answers for it: switched off, perhaps. */
  #lose(sighting: Sighting): void {
    if (!this.#open || sighting.gone) return;
    void sighting.resolver?.[Symbol.asyncDispose]();
    sighting.resolver = undefined;
    sighting.found = undefined;
    const seconds = ASK_AGAIN[Math.min(sighting.failures++, ASK_AGAIN.length - 1)] ?? 60;
    this.#waiting.set(sighting, after(this.#deps.clock.now(), fromSeconds(seconds)));
    this.#again.set(after(this.#deps.clock.now(), fromSeconds(1)));
    this.#tellSoon();
  }

  #askAgain(): void {
    const now = this.#deps.clock.now();
    for (const [sighting, due] of [...this.#waiting]) {
      if (due > now) continue;
      this.#waiting.delete(sighting);
      void this.#resolve(sighting);
    }
    if (this.#waiting.size > 0) this.#again.set(after(now, fromSeconds(1)));
  }

  #tellSoon(): void {
    if (this.#telling || !this.#open) return;
    this.#telling = true;
    this.#tell.set(after(this.#deps.clock.now(), QUIET));
  }

  /** One entry per name, sorted. */
  #services(): FoundService[] {
    const interfaces = localInterfaces(undefined);
    const byName = new Map<string, { name: string; all: Found[] }>();
    for (const { name, found } of this.#sightings.values()) {
      if (!found) continue;
      const key = name.toLowerCase();
      const entry = byName.get(key) ?? { name, all: [] };
      byName.set(key, entry);
      entry.all.push(found);
    }
    const services: FoundService[] = [];
    for (const { name, all } of byName.values()) {
      const [first] = all;
      if (!first) continue;
      const { host, port, txt } = first;
      const known = [...new Set(all.map(({ address }) => address))];
      // The daemon announces on loopback too; what others are to be told is how to reach us from elsewhere.
      const outward = known.filter((address) => !isLoopback(address));
      const addresses = outward.length > 0 ? outward : known;
      const from = all.some(({ own }) => own) ? LOOPBACK : '';
      const ranked = rankAddresses(addresses, from, interfaces);
      services.push({ name, type: this.#type, port, txt, host, addresses: ranked });
    }
    return services.sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
