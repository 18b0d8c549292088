/**
 * The addresses that a service is announced with, on each network interface, and farewells for those that are gone:
 * nobody else would tell of a family of addresses that has none any more, and it would live on for its two minutes.
 * Spec: RFC 6762 sections 10.1 (goodbye), 14 (each interface has addresses of its own).
 */
import type { DnsRecord } from './dns-message.ts';
import { addressRecords } from './dns-sd-records.ts';
import { answeringAddresses, type LocalInterface } from './local-interfaces.ts';

export class AnnouncedAddresses {
  readonly #host: string;
  readonly #boundTo: string | undefined;
  readonly #told = new Map<string, readonly string[]>();
  readonly #gone = new Map<string, Set<string>>();

  constructor(host: string, boundTo: string | undefined) {
    this.#host = host;
    this.#boundTo = boundTo;
  }

  /** Before each announcement: what the interfaces have now. */
  update(interfaces: readonly LocalInterface[]): void {
    for (const { name, addresses } of interfaces) {
      const present = answeringAddresses(addresses, this.#boundTo);
      const gone = this.#gone.get(name) ?? new Set();
      for (const address of this.#told.get(name) ?? []) gone.add(address);
      for (const address of present) gone.delete(address);
      this.#told.set(name, present);
      this.#gone.set(name, gone);
    }
  }

  /** The farewells were said often enough. */
  forgetGone(): void {
    this.#gone.clear();
  }

  /** Whether anybody who hears us there would reach the service. */
  isOn({ name }: LocalInterface): boolean {
    return (this.#told.get(name) ?? []).length > 0;
  }

  recordsOn({ name }: LocalInterface): readonly DnsRecord[] {
    const farewells = addressRecords(this.#host, [...(this.#gone.get(name) ?? [])], true);
    return [...addressRecords(this.#host, this.#told.get(name) ?? []), ...farewells];
  }
}
