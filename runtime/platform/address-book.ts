import { isIP } from 'node:net';
import type { NetAddress } from '../ports/datagram-network.ts';
import { plainHost } from './ip-text.ts';

const MAPPED = '::ffff:';

/** How `host` is written for a socket of `family`; undefined when it is no numeric address that this socket reaches. */
export function wireHost(host: string, family: 4 | 6): string | undefined {
  const kind = isIP(host);
  if (kind === family) return host;
  return kind === 4 ? MAPPED + host : undefined;
}

/**
 * Gives the same object for the same source, as long as it is remembered: at least the last `capacity` sources,
 * at most twice as many.
 */
export class AddressBook {
  readonly #capacity: number;
  #count = 0;
  #recent = new Map<string, Map<number, NetAddress>>();
  #older = new Map<string, Map<number, NetAddress>>();

  constructor(capacity: number = 512) {
    this.#capacity = capacity;
  }

  find(rawHost: string, port: number): NetAddress {
    const known = this.#recent.get(rawHost)?.get(port);
    if (known) return known;
    const address = this.#older.get(rawHost)?.get(port) ?? { host: plainHost(rawHost), port };
    if (this.#count >= this.#capacity) {
      this.#older = this.#recent;
      this.#recent = new Map();
      this.#count = 0;
    }
    this.#count++;
    const ports = this.#recent.get(rawHost);
    if (ports) ports.set(port, address);
    else this.#recent.set(rawHost, new Map([[port, address]]));
    return address;
  }
}
