/**
 * Discovery on this machine's networks, by whoever is to do it: avahi-daemon where it runs, our own responder elsewhere.
 * Two responders on one machine contradict each other, so there is one at a time.
 *
 * Takes  adverts and listeners, which outlive whoever serves them.
 * Gives  the Discovery port, without a break when avahi comes, goes or is restarted.
 * Keeps  what is announced and who browses. Lists are not told as empty while a new responder still looks around.
 * Lane   1.
 */
import { PortError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { after, fromSeconds } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type {
  Announcement,
  Discovery,
  FoundService,
  ServiceAdvert,
  ServiceType,
} from '../ports/discovery.ts';
import { type AvahiBus, openAvahiBus } from './avahi-bus.ts';
import { AvahiDiscovery } from './avahi-discovery.ts';
import { LentAnnouncement } from './lent-announcement.ts';
import { LentBrowser } from './lent-browser.ts';
import { type MdnsDiscovery, openMdnsDiscovery } from './mdns-discovery.ts';

/** A daemon that is restarted is back sooner than this. */
const RESTART = fromSeconds(3);
const ANNOUNCE_AGAIN = fromSeconds(5);
/** A machine may get its message bus later than its box; looked for at this distance. */
const LOOK_FOR_BUS = fromSeconds(10);

export interface LocalDiscoveryDeps {
  readonly clock: Clock;
  readonly log: Log;
}

export interface LocalDiscoveryInit {
  /** For our own responder; see mdns-discovery.ts. */
  readonly interface?: string;
  /** Where the system's message bus is; default: as DBUS_SYSTEM_BUS_ADDRESS or the system says. */
  readonly bus?: string;
}

type Responder = AvahiDiscovery | MdnsDiscovery;

/** Works with our own responder at once where there is no avahi; never rejects. */
export async function openLocalDiscovery(
  deps: LocalDiscoveryDeps,
  init: LocalDiscoveryInit = {},
): Promise<LocalDiscovery> {
  const discovery = new LocalDiscovery(deps, init);
  await discovery.settled;
  return discovery;
}

export class LocalDiscovery implements Discovery {
  readonly #deps: LocalDiscoveryDeps;
  readonly #init: LocalDiscoveryInit;
  readonly #announcements = new Set<LentAnnouncement>();
  readonly #browsers = new Set<LentBrowser>();
  readonly #lookForBus: Alarm;
  readonly #restart: Alarm;
  readonly #announceAgain: Alarm;
  #bus: AvahiBus | undefined;
  #responder: Responder | undefined;
  /** Avahi runs, but is told not to publish, or does not let us browse. */
  #refused = false;
  #open = true;
  #turn: Promise<void> = Promise.resolve();

  constructor(deps: LocalDiscoveryDeps, init: LocalDiscoveryInit) {
    this.#deps = deps;
    this.#init = init;
    this.#lookForBus = deps.clock.alarm(() => this.#next(() => this.#choose()));
    this.#restart = deps.clock.alarm(() => this.#next(() => this.#choose()));
    this.#announceAgain = deps.clock.alarm(() => {
      for (const each of this.#announcements) if (!each.isMade) each.lendTo(this.#responder);
    });
    this.#next(() => this.#choose());
  }

  /** Resolves when there is a responder. */
  get settled(): Promise<void> {
    return this.#turn;
  }

  /** Who announces and looks around now. */
  get by(): 'avahi' | 'own responder' | 'nobody' {
    if (!this.#responder) return 'nobody';
    return this.#responder instanceof AvahiDiscovery ? 'avahi' : 'own responder';
  }

  async announce(advert: ServiceAdvert): Promise<Announcement> {
    this.#checkOpen();
    const { clock, log } = this.#deps;
    const announcement: LentAnnouncement = new LentAnnouncement(advert, {
      refused: (error) => this.#giveUpAvahi(error),
      failed: (error) => {
        if (!this.#open) return;
        log.warn('not announced; tried again', { name: announcement.name, cause: String(error) });
        this.#announceAgain.set(after(clock.now(), ANNOUNCE_AGAIN));
      },
      released: () => void this.#announcements.delete(announcement),
    });
    this.#announcements.add(announcement);
    announcement.lendTo(this.#responder);
    try {
      await announcement.announced;
    } catch (error) {
      this.#announcements.delete(announcement);
      throw error;
    }
    return announcement;
  }

  browse(type: ServiceType, listener: (found: readonly FoundService[]) => void): Disposable {
    this.#checkOpen();
    const browser = new LentBrowser(this.#deps.clock, type, listener);
    this.#browsers.add(browser);
    browser.lendTo(this.#responder);
    return {
      [Symbol.dispose]: () => {
        this.#browsers.delete(browser);
        browser[Symbol.dispose]();
      },
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#lookForBus[Symbol.dispose]();
    this.#restart[Symbol.dispose]();
    this.#announceAgain[Symbol.dispose]();
    for (const browser of this.#browsers) browser[Symbol.dispose]();
    this.#browsers.clear();
    await this.#turn;
    await Promise.all([...this.#announcements].map((each) => each[Symbol.asyncDispose]()));
    await this.#responder?.[Symbol.asyncDispose]();
    await this.#bus?.[Symbol.asyncDispose]();
  }

  #checkOpen(): void {
    if (!this.#open) throw new PortError('closed', 'this discovery was disposed');
  }

  /** One change after the other. */
  #next(change: () => Promise<void>): void {
    this.#turn = this.#turn.then(change).catch((error: unknown) => {
      this.#deps.log.error('discovery could not change hands', { cause: String(error) });
    });
  }

  async #choose(): Promise<void> {
    if (!this.#open) return;
    await this.#findBus();
    if (!this.#open) return;
    const { clock, log } = this.#deps;
    const bus = this.#bus;
    if (bus?.present === true && !this.#refused) {
      if (this.#responder instanceof AvahiDiscovery) return;
      // Silent, but not gone: the daemon announces the same services a moment later.
      await this.#responder?.handOver();
      const avahi = new AvahiDiscovery({ bus, clock, log });
      avahi.onLost((why) => this.#lose(avahi, why));
      this.#serveBy(avahi);
    } else if (this.#responder === undefined) {
      const only = this.#init.interface;
      this.#serveBy(
        openMdnsDiscovery({ clock, log }, only === undefined ? {} : { interface: only }),
      );
    }
  }

  async #findBus(): Promise<void> {
    if (this.#bus?.open === true) return;
    try {
      const bus = await openAvahiBus(this.#init.bus);
      this.#bus = bus;
      bus.onPresence((present) => {
        if (present) this.#next(() => this.#choose());
        else if (!bus.open) this.#lookForBus.set(after(this.#deps.clock.now(), LOOK_FOR_BUS));
      });
    } catch {
      // There is none yet, or none ever: many machines do without.
      this.#bus = undefined;
      this.#lookForBus.set(after(this.#deps.clock.now(), LOOK_FOR_BUS));
    }
  }

  #serveBy(responder: Responder): void {
    this.#responder = responder;
    this.#deps.log.info('services are announced and looked for', { by: this.by });
    for (const announcement of this.#announcements) announcement.lendTo(responder);
    for (const browser of this.#browsers) browser.lendTo(responder);
  }

  #lose(avahi: AvahiDiscovery, why: unknown): void {
    if (this.#responder !== avahi || !this.#open) return;
    this.#deps.log.warn('avahi is gone; our own responder takes over unless it comes back', {
      cause: String(why),
    });
    this.#responder = undefined;
    this.#next(() => avahi[Symbol.asyncDispose]());
    // A restarted daemon has said that it is there before this is over.
    this.#restart.set(after(this.#deps.clock.now(), RESTART));
  }

  #giveUpAvahi(error: unknown): void {
    if (this.#refused || this.by !== 'avahi') return;
    this.#refused = true;
    const avahi = this.#responder;
    this.#responder = undefined;
    this.#deps.log.warn('avahi does not publish for us; our own responder does', {
      cause: String(error),
    });
    this.#next(async () => {
      await avahi?.[Symbol.asyncDispose]();
      await this.#choose();
    });
  }
}
