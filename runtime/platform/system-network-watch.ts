/**
 * Watches the addresses of this machine's interfaces.
 *
 * Gives  word within half a second of a change. Node tells of none, so they are looked at: 50 us each time.
 */
import { Listeners } from '../core/listeners.ts';
import type { NetworkWatch } from '../ports/network-watch.ts';
import { localInterfaces } from './local-interfaces.ts';

const PERIOD_MS = 500;

export interface SystemNetworkWatch extends NetworkWatch, Disposable {}

export function openSystemNetworkWatch(): SystemNetworkWatch {
  const changes = new Listeners<[]>();
  let addresses = ownAddresses();
  const look = setInterval(() => {
    const now = ownAddresses();
    if (now.join() === addresses.join()) return;
    addresses = now;
    changes.emit();
  }, PERIOD_MS);
  look.unref();
  return {
    get addresses() {
      return addresses;
    },
    onChange: (listener) => changes.add(listener),
    [Symbol.dispose]: () => clearInterval(look),
  };
}

const ownAddresses = (): readonly string[] =>
  localInterfaces(undefined)
    .filter(({ loopback }) => !loopback)
    .flatMap((held) => held.addresses)
    .sort();
