/**
 * Discovery among simulated boxes: what mDNS does on a local network, without the packets.
 *
 * Takes  adverts of each box, and who reaches whom.
 * Gives  lists of the services of all boxes that are reached, a moment later.
 * Keeps  all announcements. With `reachable`, it looks every second who has come or gone while somebody browses.
 */
import { PortError } from '../runtime/core/errors.ts';
import { after, fromMillis, fromSeconds } from '../runtime/core/time.ts';
import type { Clock } from '../runtime/ports/clock.ts';
import type {
  Announcement,
  Discovery,
  FoundService,
  ServiceAdvert,
  ServiceType,
} from '../runtime/ports/discovery.ts';

const DELAY = fromMillis(1);
const LOOK_AGAIN = fromSeconds(1);
const MAX_NAME = 63;
const MAX_TXT_ENTRY = 255;

export interface VirtualDiscovery {
  /** The discovery of the box at that numeric address; each call opens another. */
  at(address: string): Discovery;
}

export interface VirtualDiscoveryDeps {
  readonly clock: Clock;
  /** As a VirtualNetwork says it. Default: everybody reaches everybody. */
  reachable?(from: string, to: string): boolean;
}

interface Announced {
  readonly address: string;
  advert: ServiceAdvert;
}
interface Browser {
  readonly address: string;
  /** The box that browses. */
  readonly box: object;
  readonly type: ServiceType;
  readonly listener: (found: readonly FoundService[]) => void;
  told: string;
}

export function openVirtualDiscovery(deps: VirtualDiscoveryDeps): VirtualDiscovery {
  const { clock } = deps;
  const announced = new Set<Announced>();
  const browsers = new Set<Browser>();
  let telling = false;

  const visible = (to: string, { address }: Announced): boolean =>
    address === to || (deps.reachable?.(address, to) ?? true);

  const tell = (browser: Browser): void => {
    const found = [...announced]
      .filter((each) => each.advert.type === browser.type && visible(browser.address, each))
      .map(({ address, advert }) => ({
        ...advert,
        host: `${address.replace(/[.:]/g, '-')}.local`,
        addresses: [address],
      }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const told = JSON.stringify(found);
    if (told === browser.told) return;
    browser.told = told;
    browser.listener(found);
  };
  const tellAll = (): void => {
    telling = false;
    for (const browser of [...browsers]) if (browsers.has(browser)) tell(browser);
  };
  const soon = clock.alarm(tellAll);
  const tellSoon = (): void => {
    if (telling) return;
    telling = true;
    soon.set(after(clock.now(), DELAY));
  };
  const look = clock.alarm(() => {
    tellAll();
    if (browsers.size > 0) look.set(after(clock.now(), LOOK_AGAIN));
  });

  const isTaken = (name: string, { type }: ServiceAdvert, address: string): boolean =>
    [...announced].some(
      (each) =>
        each.advert.type === type &&
        each.advert.name.toLowerCase() === name.toLowerCase() &&
        visible(address, each),
    );

  return {
    at(address) {
      const own = new Set<Announced>();
      let open = true;
      const checkOpen = (): void => {
        if (!open) throw new PortError('closed', 'this discovery was disposed');
      };
      const withdraw = (each: Announced): void => {
        own.delete(each);
        if (announced.delete(each)) tellSoon();
      };
      return {
        async announce(advert): Promise<Announcement> {
          checkOpen();
          check(advert);
          let name = cutName(advert.name, '');
          for (let number = 2; isTaken(name, advert, address); number++) {
            name = cutName(advert.name, ` (${number})`);
          }
          const each: Announced = { address, advert: { ...advert, name, txt: { ...advert.txt } } };
          announced.add(each);
          own.add(each);
          tellSoon();
          return {
            name,
            async update(txt) {
              checkTxt(txt);
              if (!own.has(each)) throw new PortError('closed', 'this announcement was disposed');
              each.advert = { ...each.advert, txt: { ...txt } };
              tellSoon();
            },
            [Symbol.asyncDispose]: async () => withdraw(each),
          };
        },
        browse(type, listener) {
          checkOpen();
          const browser: Browser = { address, box: own, type, listener, told: '' };
          browsers.add(browser);
          tell(browser);
          if (deps.reachable && browsers.size === 1) look.set(after(clock.now(), LOOK_AGAIN));
          return { [Symbol.dispose]: () => void browsers.delete(browser) };
        },
        async [Symbol.asyncDispose]() {
          open = false;
          for (const each of [...own]) withdraw(each);
          for (const browser of [...browsers]) {
            if (browser.box === own) browsers.delete(browser);
          }
        },
      };
    },
  };
}

function check(advert: ServiceAdvert): void {
  const soundPort = Number.isInteger(advert.port) && advert.port >= 1 && advert.port <= 65_535;
  if (!soundPort || advert.name.trim() === '') {
    throw new PortError('invalid', 'a service needs a name and a port');
  }
  checkTxt(advert.txt);
}

function checkTxt(txt: Readonly<Record<string, string>>): void {
  for (const [key, value] of Object.entries(txt)) {
    if (octets(`${key}=${value}`) > MAX_TXT_ENTRY) {
      throw new PortError('invalid', `TXT entry "${key}" is longer than ${MAX_TXT_ENTRY} octets`);
    }
  }
}

/** Cut between characters, so that it fits a DNS label with its suffix. */
function cutName(name: string, suffix: string): string {
  let cut = '';
  for (const character of name.trim()) {
    if (octets(cut + character + suffix) > MAX_NAME) break;
    cut += character;
  }
  return cut.trimEnd() + suffix;
}

function octets(text: string): number {
  return new TextEncoder().encode(text).length;
}
