/**
 * Discovery through avahi-daemon, by D-Bus: one responder answers for the whole machine.
 *
 * Takes  a bus on which the daemon is present.
 * Gives  the Discovery port, as long as that daemon lives. It says so when it can't: `onLost`.
 * Lane   1.
 */
import { hostname } from 'node:os';
import { PortError } from '../core/errors.ts';
import { Listeners } from '../core/listeners.ts';
import type { Log } from '../core/log.ts';
import type { Clock } from '../ports/clock.ts';
import type {
  Announcement,
  Discovery,
  FoundService,
  ServiceAdvert,
  ServiceType,
} from '../ports/discovery.ts';
import { AvahiBrowser } from './avahi-browser.ts';
import type { AvahiBus } from './avahi-bus.ts';
import { SERVER } from './avahi-object.ts';
import { AvahiService } from './avahi-service.ts';
import { checkAdvert, hostLabel } from './dns-sd-records.ts';

export interface AvahiDiscoveryDeps {
  readonly bus: AvahiBus;
  readonly clock: Clock;
  readonly log: Log;
}

interface Shared {
  readonly browser: AvahiBrowser;
  readonly listeners: Set<(found: readonly FoundService[]) => void>;
  found: readonly FoundService[];
  told: string;
}

export class AvahiDiscovery implements Discovery {
  readonly #deps: AvahiDiscoveryDeps;
  readonly #services = new Set<AvahiService>();
  readonly #browsers = new Map<ServiceType, Shared>();
  readonly #lost = new Listeners<[unknown]>();
  readonly #watching: readonly Disposable[];
  #open = true;

  constructor(deps: AvahiDiscoveryDeps) {
    this.#deps = deps;
    this.#watching = [
      deps.bus.follow(SERVER.path, (member, [state]) => {
        if (member !== 'StateChanged') return;
        for (const service of this.#services) service.daemonChanged(state);
      }),
      deps.bus.onPresence(() => this.#lost.emit(new PortError('unavailable', 'avahi has gone'))),
    ];
  }

  /** Told when the daemon has gone, or does not let us browse. */
  onLost(listener: (why: unknown) => void): Disposable {
    return this.#lost.add(listener);
  }

  /** Rejects with PortError 'denied' where the daemon is told not to publish. */
  async announce(advert: ServiceAdvert): Promise<Announcement> {
    this.#checkOpen();
    checkAdvert(advert);
    const { bus, log } = this.#deps;
    const host = `${hostLabel(hostname())}.local`;
    const service = new AvahiService({ bus, log, host }, { ...advert, txt: { ...advert.txt } });
    this.#services.add(service);
    try {
      await service.announced;
    } catch (error) {
      this.#services.delete(service);
      await service[Symbol.asyncDispose]();
      throw error;
    }
    return {
      get name() {
        return service.name;
      },
      update: (txt) => service.update(txt),
      [Symbol.asyncDispose]: async () => {
        this.#services.delete(service);
        await service[Symbol.asyncDispose]();
      },
    };
  }

  browse(type: ServiceType, listener: (found: readonly FoundService[]) => void): Disposable {
    this.#checkOpen();
    const shared = this.#browsers.get(type) ?? this.#openBrowser(type);
    // A function of its own, so that one listener may browse twice.
    const tell = (found: readonly FoundService[]): void => listener(found);
    shared.listeners.add(tell);
    tell(shared.found);
    return { [Symbol.dispose]: () => void shared.listeners.delete(tell) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#lost.clear();
    for (const watch of this.#watching) watch[Symbol.dispose]();
    await Promise.all([
      ...[...this.#services].map((service) => service[Symbol.asyncDispose]()),
      ...[...this.#browsers.values()].map(({ browser }) => browser[Symbol.asyncDispose]()),
    ]);
    this.#services.clear();
    this.#browsers.clear();
  }

  #checkOpen(): void {
    if (!this.#open) throw new PortError('closed', 'this discovery was disposed');
  }

  #openBrowser(type: ServiceType): Shared {
    const { bus, clock } = this.#deps;
    const browser = new AvahiBrowser(
      {
        bus,
        clock,
        changed: (found) => {
          const told = JSON.stringify(found);
          if (told === shared.told) return;
          shared.told = told;
          shared.found = found;
          for (const listener of [...shared.listeners]) listener(found);
        },
        failed: (error) => this.#lost.emit(error),
      },
      type,
    );
    const shared: Shared = { browser, listeners: new Set(), found: [], told: '[]' };
    this.#browsers.set(type, shared);
    return shared;
  }
}
