/**
 * Discovery by multicast DNS (RFC 6762) and DNS-SD (RFC 6763), without a daemon.
 *
 * Takes  adverts, and what the local network says.
 * Gives  lists of services, our own among them even when there is no network.
 * Keeps  a cache that expires by time to live: a box that was switched off is gone after two minutes at the latest.
 * Lane   1.
 *
 * Why not a library: npm's multicast-dns 7.2.5, on which bonjour-service stands, splits names at every dot, so that
 * "Dr. Beat" can be neither announced nor found; given an interface it binds where Linux delivers no multicast; and
 * a broken packet is an exception there. bonjour-service 1.4.4 never lets a service expire, has no TXT update, and takes
 * the machine's address records along when one service stops. Both are peers that we are tested with.
 */
import { hostname } from 'node:os';
import { PortError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { after, fromMillis, fromSeconds, type Instant } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type {
  Announcement,
  Discovery,
  FoundService,
  ServiceAdvert,
  ServiceType,
} from '../ports/discovery.ts';
import { DnsSdCache } from './dns-sd-cache.ts';
import { checkAdvert, hostLabel, typeDomain } from './dns-sd-records.ts';
import { answeringAddresses, rankAddresses } from './local-interfaces.ts';
import { MdnsAnnouncement } from './mdns-announcement.ts';
import { MdnsLinks } from './mdns-links.ts';
import { systemRandomness } from './system-randomness.ts';

/** Lists are made anew at most this often, however much the network talks. */
const QUIET = fromMillis(30);
/** How often records are looked over for expiry and refreshing. */
const ROUND = fromMillis(500);
/** A browser asks at once, then at these distances, then at the last one for ever (seconds). */
const QUESTIONS = [1, 2, 6, 18, 60];

export interface MdnsDiscoveryDeps {
  readonly clock: Clock;
  readonly log: Log;
}

export interface MdnsDiscoveryInit {
  /**
   * The one network interface to use, by name or address; `127.0.0.1` finds processes on this machine only. Default:
   * all that are up but loopback, and loopback when there is no other.
   */
  readonly interface?: string;
}

export function openMdnsDiscovery(
  deps: MdnsDiscoveryDeps,
  init: MdnsDiscoveryInit = {},
): MdnsDiscovery {
  return new MdnsDiscovery(deps, init);
}

interface Browser {
  readonly type: ServiceType;
  readonly listener: (found: readonly FoundService[]) => void;
  told: string;
}

export class MdnsDiscovery implements Discovery {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #links: MdnsLinks;
  readonly #cache = new DnsSdCache();
  readonly #announcements = new Set<MdnsAnnouncement>();
  readonly #browsers = new Set<Browser>();
  readonly #host: string;
  readonly #tell: Alarm;
  readonly #round: Alarm;
  readonly #ask: Alarm;
  #telling = false;
  #asked = 0;
  #open = true;

  constructor(deps: MdnsDiscoveryDeps, init: MdnsDiscoveryInit) {
    this.#clock = deps.clock;
    this.#log = deps.log;
    this.#host = `${hostLabel(hostname())}.local`;
    this.#tell = deps.clock.alarm(() => {
      this.#telling = false;
      for (const browser of [...this.#browsers]) this.#tellBrowser(browser);
    });
    this.#ask = deps.clock.alarm(() => this.#askAll());
    this.#round = deps.clock.alarm(() => this.#lookOver());
    this.#links = new MdnsLinks(deps.clock, deps.log, init.interface);
    this.#links.onPacket((packet) => {
      if (packet.kind === 'response') {
        this.#cache.receive(packet.records, this.#clock.now(), packet.from, packet.via);
        this.#tellSoon();
      }
      for (const announcement of [...this.#announcements]) announcement.receive(packet);
    });
    this.#links.onChange(() => {
      for (const announcement of this.#announcements) announcement.networkChanged();
      this.#askSoon();
      this.#tellSoon();
    });
    this.#round.set(after(deps.clock.now(), ROUND));
  }

  async announce(advert: ServiceAdvert): Promise<Announcement> {
    this.#checkOpen();
    checkAdvert(advert);
    const announcement = new MdnsAnnouncement(
      {
        clock: this.#clock,
        links: this.#links,
        randomness: systemRandomness,
        log: this.#log,
        host: advert.boundTo === undefined ? this.#host : `${hostLabel(hostname())}.local`,
        taken: (name) => this.#isTaken(name, advert.type),
        changed: () => this.#tellSoon(),
      },
      { ...advert, txt: { ...advert.txt } },
    );
    this.#announcements.add(announcement);
    try {
      await announcement.announced;
    } catch (error) {
      this.#announcements.delete(announcement);
      throw error;
    }
    if (this.#links.interfaces.length === 0) {
      this.#log.warn('no network yet; the service is announced as soon as there is one', {
        name: announcement.name,
      });
    }
    return this.#handle(announcement);
  }

  browse(type: ServiceType, listener: (found: readonly FoundService[]) => void): Disposable {
    this.#checkOpen();
    const browser: Browser = { type, listener, told: '' };
    this.#cache.watch(type);
    this.#browsers.add(browser);
    this.#tellBrowser(browser);
    this.#askSoon();
    return { [Symbol.dispose]: () => void this.#browsers.delete(browser) };
  }

  /** Falls silent without goodbyes: avahi-daemon announces the same services from now on. */
  async handOver(): Promise<void> {
    for (const announcement of this.#announcements) announcement.fallSilent();
    await this[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#browsers.clear();
    for (const alarm of [this.#tell, this.#ask, this.#round]) alarm[Symbol.dispose]();
    for (const announcement of this.#announcements) await announcement[Symbol.asyncDispose]();
    this.#announcements.clear();
    await this.#links[Symbol.asyncDispose]();
  }

  #checkOpen(): void {
    if (!this.#open) throw new PortError('closed', 'this discovery was disposed');
  }

  #handle(announcement: MdnsAnnouncement): Announcement {
    return {
      get name() {
        return announcement.name;
      },
      update: (txt) => announcement.update(txt),
      [Symbol.asyncDispose]: async () => {
        await announcement[Symbol.asyncDispose]();
        this.#announcements.delete(announcement);
      },
    };
  }

  #isTaken(name: string, type: ServiceType): boolean {
    for (const { advert } of this.#announcements) {
      if (advert.type === type && advert.name.toLowerCase() === name.toLowerCase()) return true;
    }
    return false;
  }

  #askSoon(): void {
    this.#asked = 0;
    // RFC 6762 section 5.2: a random moment, since a switched-on router wakes many at once.
    const wait = 20 + (systemRandomness.uint32() % 100);
    this.#ask.set(after(this.#clock.now(), fromMillis(wait)));
  }

  #askAll(): void {
    const types = new Set([...this.#browsers].map(({ type }) => type));
    if (types.size === 0) return;
    this.#links.query([...types].map((type) => ({ name: typeDomain(type), type: 'PTR' as const })));
    const seconds = QUESTIONS[Math.min(this.#asked++, QUESTIONS.length - 1)] ?? 60;
    this.#ask.set(after(this.#clock.now(), fromSeconds(seconds)));
  }

  #lookOver(): void {
    const now = this.#clock.now();
    this.#cache.expire(now);
    const questions = this.#cache.questions(now);
    if (questions.length > 0) this.#links.query(questions);
    if (this.#browsers.size > 0) this.#tellSoon();
    this.#round.set(after(now, ROUND));
  }

  #tellSoon(): void {
    if (this.#telling || !this.#open) return;
    this.#telling = true;
    this.#tell.set(after(this.#clock.now(), QUIET) as Instant);
  }

  #tellBrowser(browser: Browser): void {
    const found = this.#found(browser.type);
    const told = JSON.stringify(found);
    if (told === browser.told) return;
    browser.told = told;
    browser.listener(found);
  }

  #found(type: ServiceType): FoundService[] {
    const interfaces = this.#links.interfaces;
    const own = new Map<string, FoundService>();
    for (const { advert, live, host } of this.#announcements) {
      if (!live || advert.type !== type) continue;
      const { boundTo, ...told } = advert;
      const all = interfaces.flatMap((held) => held.addresses);
      const reachable = rankAddresses(answeringAddresses(all, boundTo), '127.0.0.1', interfaces);
      own.set(advert.name.toLowerCase(), { ...told, host, addresses: reachable });
    }
    const others = this.#cache
      .services(type, (addresses, from) => rankAddresses(addresses, from, interfaces))
      .filter(({ name }) => !own.has(name.toLowerCase()));
    return [...own.values(), ...others].sort((a, b) => (a.name < b.name ? -1 : 1));
  }
}
