/**
 * Multicast DNS on each network interface: a socket for each of IPv4 and IPv6, re-made when its addresses change.
 *
 * Takes  questions and records to multicast.
 * Gives  what others multicast, parsed, and word of changed interfaces.
 * Keeps  sockets on at most MAX_INTERFACES; of more than MAX_PACKETS packets a second the rest is dropped and counted.
 */
import { Listeners } from '../core/listeners.ts';
import type { Log } from '../core/log.ts';
import { after, fromSeconds } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import {
  type DnsQuestion,
  type DnsRecord,
  decodeDnsMessage,
  encodeDnsMessage,
} from './dns-message.ts';
import { splitZone } from './ip-text.ts';
import { isNear, type LocalInterface, localInterfaces } from './local-interfaces.ts';
import { type IpFamily, MDNS_PORT, MdnsSocket } from './mdns-socket.ts';
import { systemCode } from './system-errors.ts';

const MAX_INTERFACES = 8;
const MAX_PACKETS = 300;
/** Of a query: more go into packets of their own. */
const MAX_QUESTIONS = 16;
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
  /** The interface that it came in on. */
  readonly via: string;
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
  readonly family: IpFamily;
  readonly socket: MdnsSocket;
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
    const ready = [...this.#links.values()].filter((link) => link.ready);
    return [...new Map(ready.map(({ on }) => [on.name, on])).values()];
  }

  /** Packets that came faster than we care to read, or that were broken. */
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
    for (let from = 0; from < questions.length; from += MAX_QUESTIONS) {
      const some = questions.slice(from, from + MAX_QUESTIONS);
      for (const link of this.#links.values()) {
        this.#send(link, { kind: 'query', questions: some, authorities: claims });
      }
    }
  }

  /** Multicasts on each interface what `recordsOn` says of it; nothing where that is nothing. */
  respond(recordsOn: (link: LocalInterface) => readonly DnsRecord[]): void {
    for (const link of this.#links.values()) {
      const answers = recordsOn(link.on);
      if (answers.length > 0) this.#send(link, { kind: 'response', answers });
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
    const wanted = new Map<string, readonly [LocalInterface, IpFamily]>();
    for (const on of localInterfaces(this.#only).slice(0, MAX_INTERFACES)) {
      const what = `${on.name} ${on.addresses.join(' ')}`;
      if (on.ipv4 !== undefined) wanted.set(`${what} over IPv4`, [on, 4]);
      if (on.ipv6) wanted.set(`${what} over IPv6`, [on, 6]);
    }
    let changed = false;
    for (const [key, link] of this.#links) {
      if (wanted.has(key)) continue;
      changed ||= link.ready;
      void this.#close(link);
    }
    for (const [key, [on, family]] of wanted) {
      if (!this.#links.has(key)) this.#openLink(key, on, family);
    }
    if (changed) this.#changes.emit();
  }

  #openLink(key: string, on: LocalInterface, family: IpFamily): void {
    const socket = new MdnsSocket(family, on, {
      ready: () => {
        if (!this.#open || this.#links.get(key) !== link) return;
        link.ready = true;
        this.#complaints.clear();
        this.#log.debug('multicast DNS speaks', { interface: on.name, family });
        this.#changes.emit();
      },
      failed: (error) => {
        this.#complain('multicast DNS cannot use an interface; tried again every 2 s', link, error);
        // The next look opens it anew.
        void this.#close(link);
      },
      datagram: (bytes, from, port) => this.#receive(link, bytes, from, port),
    });
    const link: Link = { key, on, family, socket, ready: false };
    this.#links.set(key, link);
  }

  #receive(link: Link, bytes: Uint8Array, from: string, port: number): void {
    if (!this.#admit(link, from)) return;
    const message = decodeDnsMessage(bytes);
    // RFC 6762 section 6: answers come from port 5353.
    if (!message || (message.kind === 'response' && port !== MDNS_PORT)) {
      this.#dropped++;
      return;
    }
    const { kind, questions, answers, authorities, additionals } = message;
    this.#packets.emit({
      kind,
      questions,
      records: [...answers, ...additionals],
      claims: authorities,
      from,
      via: link.on.name,
    });
  }

  /**
   * Bounded in rate, and only from the network that the link is on (RFC 6762 section 11): the system hands each
   * multicast to every socket of that group, whichever interface it came in on.
   */
  #admit({ on }: Link, from: string): boolean {
    const now = this.#clock.now();
    if (now - this.#window > SECOND) {
      this.#window = now;
      this.#inWindow = 0;
    }
    const { bare, zone } = splitZone(from);
    const own = on.addresses.includes(bare) && (zone === undefined || zone === on.name);
    if (!this.#open || !(own || isNear(from, on))) return false;
    if (++this.#inWindow <= MAX_PACKETS) return true;
    this.#dropped++;
    return false;
  }

  #send(link: Link, message: Parameters<typeof encodeDnsMessage>[0]): void {
    if (!link.ready) return;
    let bytes: Uint8Array;
    try {
      bytes = encodeDnsMessage(message);
    } catch (error) {
      // A name that cannot be written as DNS labels; ours are checked before they get here.
      this.#complain('multicast DNS could not write a packet', link, error);
      return;
    }
    void link.socket.send(bytes).then((error) => {
      if (error !== undefined) this.#complain('multicast DNS could not send', link, error);
    });
  }

  async #close(link: Link): Promise<void> {
    link.ready = false;
    if (this.#links.get(link.key) === link) this.#links.delete(link.key);
    await link.socket.close();
  }

  /** Once each, until something works again. Of IPv6 in passing: many networks have none, and IPv4 does as well. */
  #complain(message: string, { on, family }: Link, error: unknown): void {
    const cause = systemCode(error) ?? String(error);
    const complaint = `${message} ${on.name} ${family} ${cause}`;
    if (!this.#open || this.#complaints.has(complaint)) return;
    this.#complaints.add(complaint);
    const facts = { interface: on.name, family, cause };
    if (family === 4 || on.ipv4 === undefined) this.#log.warn(message, facts);
    else this.#log.debug(message, facts);
  }
}
