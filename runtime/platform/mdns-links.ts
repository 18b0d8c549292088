/**
 * Multicast DNS on each network interface: one socket per interface, re-made when its addresses change.
 *
 * Takes  questions and records to multicast.
 * Gives  what others multicast, parsed, and word of changed interfaces.
 * Keeps  at most MAX_LINKS sockets; of more than MAX_PACKETS packets a second the rest is dropped and counted.
 *
 * multicast-dns 7.2.5 left to itself joins new interfaces but keeps sending on one, and given an interface it binds
 * to its unicast address, to which Linux delivers no multicast. So there is an instance for each interface, bound to
 * every address. It also sends a turn later than asked: what is on its way is waited for before a socket closes.
 * Multicast over IPv4 only.
 */
import { createSocket } from 'node:dgram';
import makeMulticastDns, { type MulticastDNS, type QueryOutgoingPacket } from 'multicast-dns';
import { Listeners } from '../core/listeners.ts';
import type { Log } from '../core/log.ts';
import { after, fromSeconds } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import { type DnsQuestion, type DnsRecord, questionsFrom, recordsFrom } from './dns-sd-records.ts';
import { isNear, type LocalInterface, localInterfaces } from './local-interfaces.ts';
import { systemCode } from './system-errors.ts';

const MDNS_PORT = 5353;
const MAX_LINKS = 8;
const MAX_PACKETS = 300;
const LOOK_AGAIN = fromSeconds(2);
const SECOND = fromSeconds(1);

export interface MdnsPacket {
  readonly kind: 'query' | 'response';
  readonly questions: readonly DnsQuestion[];
  /** Of a query: what the asker knows already. Of a response: its additional records too. */
  readonly records: readonly DnsRecord[];
  /** Of a query: the records that the asker is about to claim. */
  readonly claims: readonly DnsRecord[];
  readonly from: string;
}

/** What an announcement needs of the links. */
export interface Multicast {
  readonly interfaces: readonly LocalInterface[];
  query(questions: readonly DnsQuestion[], claims?: readonly DnsRecord[]): void;
  respond(recordsOn: (link: LocalInterface) => readonly DnsRecord[]): void;
}

interface Link {
  readonly key: string;
  readonly on: LocalInterface;
  readonly mdns: MulticastDNS;
  readonly sending: Set<Promise<void>>;
  ready: boolean;
}

export class MdnsLinks implements Multicast, AsyncDisposable {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #only: string | undefined;
  readonly #links = new Map<string, Link>();
  readonly #packets = new Listeners<[MdnsPacket]>();
  readonly #changes = new Listeners<[]>();
  readonly #poll: Alarm;
  readonly #complaints = new Set<string>();
  #open = true;
  #window = 0;
  #inWindow = 0;
  #dropped = 0;

  constructor(clock: Clock, log: Log, only: string | undefined) {
    this.#clock = clock;
    this.#log = log;
    this.#only = only;
    this.#poll = clock.alarm(() => {
      this.#look();
      this.#poll.set(after(clock.now(), LOOK_AGAIN));
    });
    this.#look();
    this.#poll.set(after(clock.now(), LOOK_AGAIN));
  }

  /** The interfaces on which we can speak now. */
  get interfaces(): LocalInterface[] {
    return [...this.#links.values()].filter(({ ready }) => ready).map(({ on }) => on);
  }

  /** Packets that came faster than we care to read. */
  get dropped(): number {
    return this.#dropped;
  }

  onPacket(listener: (packet: MdnsPacket) => void): Disposable {
    return this.#packets.add(listener);
  }

  /** Told when an interface has become usable, has changed its addresses or has gone. */
  onChange(listener: () => void): Disposable {
    return this.#changes.add(listener);
  }

  query(questions: readonly DnsQuestion[], claims: readonly DnsRecord[] = []): void {
    for (const link of this.#links.values()) {
      // The types of the library know no questions for ANY; the library does.
      const packet = { questions: copies(questions), authorities: copies(claims) };
      this.#send(link, (sent) => link.mdns.query(packet as QueryOutgoingPacket, sent));
    }
  }

  /** Multicasts on each interface what `recordsOn` says of it. */
  respond(recordsOn: (link: LocalInterface) => readonly DnsRecord[]): void {
    for (const link of this.#links.values()) {
      this.#send(link, (sent) => link.mdns.respond({ answers: copies(recordsOn(link.on)) }, sent));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#poll[Symbol.dispose]();
    this.#packets.clear();
    this.#changes.clear();
    await Promise.all([...this.#links.values()].map((link) => this.#close(link)));
  }

  #look(): void {
    const wanted = new Map<string, LocalInterface>();
    for (const on of localInterfaces(this.#only).slice(0, MAX_LINKS)) {
      wanted.set(`${on.name} ${on.addresses.join(' ')}`, on);
    }
    let changed = false;
    for (const [key, link] of this.#links) {
      if (wanted.has(key)) continue;
      changed ||= link.ready;
      void this.#close(link);
    }
    for (const [key, on] of wanted) if (!this.#links.has(key)) this.#openLink(key, on);
    if (changed) this.#changes.emit();
  }

  #openLink(key: string, on: LocalInterface): void {
    const socket = createSocket({ type: 'udp4', reuseAddr: true });
    const mdns = makeMulticastDns({
      socket,
      port: MDNS_PORT,
      interface: on.ipv4,
      bind: '0.0.0.0',
      loopback: true,
    });
    const link: Link = { key, on, mdns, sending: new Set(), ready: false };
    this.#links.set(key, link);
    mdns.on('ready', () => {
      if (!this.#open || this.#links.get(key) !== link) return;
      link.ready = true;
      this.#complaints.clear();
      this.#log.debug('multicast DNS speaks', { interface: on.name, address: on.ipv4 });
      this.#changes.emit();
    });
    mdns.on('error', (error) => {
      this.#complain('multicast DNS cannot use an interface; tried again every 2 s', on, error);
      // The next look opens it anew.
      void this.#close(link);
    });
    mdns.on('warning', (error) => {
      if ('syscall' in error) this.#complain('multicast DNS is hindered', on, error);
      // Otherwise somebody's malformed packet.
      else this.#dropped++;
    });
    mdns.on('query', (packet, { address }) => {
      if (this.#admit(address)) {
        this.#packets.emit({
          kind: 'query',
          questions: questionsFrom(packet.questions),
          records: recordsFrom(packet.answers),
          claims: recordsFrom(packet.authorities),
          from: address,
        });
      }
    });
    mdns.on('response', (packet, { address, port }) => {
      // RFC 6762 section 6: answers come from port 5353.
      if (port !== MDNS_PORT || !this.#admit(address)) return;
      this.#packets.emit({
        kind: 'response',
        questions: [],
        records: [...recordsFrom(packet.answers), ...recordsFrom(packet.additionals)],
        claims: [],
        from: address,
      });
    });
  }

  /** Bounded in rate, and only from our own networks (RFC 6762 section 11). */
  #admit(from: string): boolean {
    const now = this.#clock.now();
    if (now - this.#window > SECOND) {
      this.#window = now;
      this.#inWindow = 0;
    }
    let near = false;
    for (const { on } of this.#links.values())
      near ||= on.addresses.includes(from) || isNear(from, on);
    if (near && this.#open && ++this.#inWindow <= MAX_PACKETS) return true;
    this.#dropped++;
    return false;
  }

  #send(link: Link, write: (sent: (error: Error | null) => void) => void): void {
    if (!link.ready) return;
    const sending = new Promise<void>((resolve) => {
      try {
        write((error) => {
          if (error) this.#complain('multicast DNS could not send', link.on, error);
          resolve();
        });
      } catch (error) {
        // A name that cannot be written as DNS labels; ours are checked before they get here.
        this.#complain('multicast DNS could not write a packet', link.on, error);
        resolve();
      }
    });
    link.sending.add(sending);
    void sending.then(() => link.sending.delete(sending));
  }

  async #close(link: Link): Promise<void> {
    link.ready = false;
    if (this.#links.get(link.key) === link) this.#links.delete(link.key);
    // A goodbye on its way would be lost with the socket.
    await Promise.all(link.sending);
    await new Promise<void>((resolve) => {
      try {
        link.mdns.destroy(() => resolve());
      } catch {
        // The socket was closed already.
        resolve();
      }
    });
  }

  /** Once each, until something works again. */
  #complain(message: string, on: LocalInterface, error: unknown): void {
    const cause = systemCode(error) ?? String(error);
    const complaint = `${message} ${on.name} ${cause}`;
    if (!this.#open || this.#complaints.has(complaint)) return;
    this.#complaints.add(complaint);
    this.#log.warn(message, { interface: on.name, cause });
  }
}

/** The library writes into what it is given. */
function copies<T extends object>(items: readonly T[]): T[] {
  return items.map((item) => ({ ...item }));
}
