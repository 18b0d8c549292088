/**
 * One service that we announce: probing for its name, announcing, answering, saying goodbye.
 *
 * Takes  packets of others, changes of the network.
 * Gives  probes and announcements through the links.
 * Keeps  its name, or the next free one. Multicasts its records at most once a second (a probe for its name is
 *        answered sooner).
 * Spec: RFC 6762 sections 6 (answering), 8 (probing and announcing), 9 (conflicts).
 */
import { PortError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { fromMillis, fromSeconds, type Instant, type Micros } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type { Announcement, ServiceAdvert } from '../ports/discovery.ts';
import type { Randomness } from '../ports/randomness.ts';
import { AnnouncedAddresses } from './announced-addresses.ts';
import { sameName } from './dns-name.ts';
import {
  asksFor,
  encodeTxt,
  instanceDomain,
  isKnown,
  labelFrom,
  serviceRecords,
} from './dns-sd-records.ts';
import type { MdnsPacket, Multicast } from './mdns-links.ts';
import { claimsOf, compareClaims, isRival } from './probe-contest.ts';

const PROBES = 3;
const PROBE_GAP = fromMillis(250);
/** Who loses the contest of two probers tries again after this. */
const YIELD = fromSeconds(1);
const SECOND = fromSeconds(1);
/** Announcements after the first come at these distances: Wi-Fi loses multicast easily. */
const REPEATS: readonly Micros[] = [fromSeconds(1), fromSeconds(2), fromSeconds(4)];
const SLOWER_AFTER = 10;

export interface AnnouncementDeps {
  readonly clock: Clock;
  readonly links: Multicast;
  readonly randomness: Randomness;
  readonly log: Log;
  /** Unique to the addresses that it is announced with. */
  readonly host: string;
  /** Names that other announcements of ours have or want. */
  taken(name: string): boolean;
  /** The name or the TXT record has changed, or it is on the network now. */
  changed(): void;
}

export class MdnsAnnouncement implements Announcement {
  readonly #deps: AnnouncementDeps;
  readonly #wanted: string;
  readonly #alarm: Alarm;
  readonly #addresses: AnnouncedAddresses;
  #advert: ServiceAdvert;
  #state: 'probing' | 'announced' | 'closed' = 'probing';
  #probes = 0;
  #conflicts = 0;
  #repeats = 0;
  #lastSent = Number.NEGATIVE_INFINITY;
  #dueAt = Number.POSITIVE_INFINITY;
  #silent = false;
  /** There was no network to probe on. */
  #alone = true;
  #settle: { resolve(): void; reject(error: unknown): void } | undefined;
  /** Settled by the first announcement, or by closing before it. */
  readonly announced: Promise<void>;

  constructor(deps: AnnouncementDeps, advert: ServiceAdvert) {
    this.#deps = deps;
    this.#wanted = advert.name;
    this.#advert = advert;
    this.#addresses = new AnnouncedAddresses(deps.host, advert.boundTo);
    this.#alarm = deps.clock.alarm(() => this.#wake());
    this.announced = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#chooseName();
    // Boxes that are switched on together don't probe together.
    this.#startProbing(this.#random(PROBE_GAP));
  }

  get name(): string {
    return this.#advert.name;
  }

  get host(): string {
    return this.#deps.host;
  }

  get advert(): ServiceAdvert {
    return this.#advert;
  }

  /** Announced, were it to nobody. */
  get live(): boolean {
    return this.#settle === undefined && this.#state !== 'closed';
  }

  async update(txt: Readonly<Record<string, string>>): Promise<void> {
    encodeTxt(txt);
    if (this.#state === 'closed') throw new PortError('closed', 'this announcement was disposed');
    this.#advert = { ...this.#advert, txt: { ...txt } };
    this.#deps.changed();
    if (this.#state !== 'announced') return;
    this.#repeats = REPEATS.length - 1;
    this.#sendSoon(0);
  }

  /** Other interfaces or addresses: who is there has to hear of us. */
  networkChanged(): void {
    if (this.#state !== 'announced') return;
    if (this.#alone) this.#startProbing(this.#random(PROBE_GAP));
    else {
      this.#repeats = 0;
      this.#sendSoon(this.#random(fromMillis(100)));
    }
  }

  receive(packet: MdnsPacket): void {
    if (this.#state === 'closed') return;
    if (packet.kind === 'query') {
      if (this.#state === 'announced') this.#answer(packet);
      else this.#contest(packet);
      return;
    }
    if (packet.records.some((record) => isRival(record, this.#advert, this.#deps.host)))
      this.#conflict();
  }

  /** The goodbye is left out. */
  fallSilent(): void {
    this.#silent = true;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state === 'closed') return;
    const said = this.#state === 'announced' && !this.#silent;
    this.#state = 'closed';
    this.#alarm[Symbol.dispose]();
    if (said) {
      const { host, links } = this.#deps;
      links.respond(() => serviceRecords(this.#advert, host, true));
    }
    this.#settle?.reject(
      new PortError('closed', 'the announcement was disposed before it was made'),
    );
    this.#settle = undefined;
    this.#deps.changed();
  }

  #random(below: Micros): number {
    return (this.#deps.randomness.uint32() / 0x1_0000_0000) * below;
  }

  #wakeAt(due: number): void {
    this.#dueAt = due;
    this.#alarm.set(due as Instant);
  }

  #wake(): void {
    this.#dueAt = Number.POSITIVE_INFINITY;
    if (this.#state === 'probing') this.#probe();
    else if (this.#state === 'announced') this.#send();
  }

  #startProbing(delay: number): void {
    this.#state = 'probing';
    this.#probes = 0;
    this.#wakeAt(this.#deps.clock.now() + delay);
  }

  #probe(): void {
    if (this.#probes === PROBES) {
      this.#state = 'announced';
      this.#repeats = 0;
      this.#send();
      this.#settle?.resolve();
      this.#settle = undefined;
      this.#deps.changed();
      return;
    }
    this.#probes++;
    this.#alone = this.#deps.links.interfaces.length === 0;
    const name = instanceDomain(this.name, this.#advert.type);
    const { host, links } = this.#deps;
    links.query([{ name, type: 'ANY' }], claimsOf(this.#advert, host));
    this.#wakeAt(this.#deps.clock.now() + PROBE_GAP);
  }

  #send(): void {
    const { clock, host, links } = this.#deps;
    const records = serviceRecords(this.#advert, host);
    this.#addresses.update(links.interfaces);
    links.respond((link) => {
      const addresses = this.#addresses.recordsOn(link);
      return this.#addresses.isOn(link) ? [...records, ...addresses] : addresses;
    });
    this.#lastSent = clock.now();
    const next = REPEATS[this.#repeats++];
    if (next === undefined) this.#addresses.forgetGone();
    else this.#wakeAt(this.#lastSent + next);
  }

  /** After `delay`, but a second after the last time at the earliest, and not later than planned already. */
  #sendSoon(delay: number): void {
    const due = Math.max(this.#deps.clock.now() + delay, this.#lastSent + SECOND);
    if (due < this.#dueAt) this.#wakeAt(due);
  }

  #answer({ questions, records, claims }: MdnsPacket): void {
    const { host, clock } = this.#deps;
    const asked = questions.filter((question) => asksFor(question, this.#advert, host));
    if (asked.length === 0) return;
    const name = instanceDomain(this.name, this.#advert.type);
    if (claims.some((claim) => sameName(claim.name, name))) {
      // Somebody is about to take our name: answered at once, but no more than four times a second.
      if (clock.now() - this.#lastSent >= PROBE_GAP) this.#send();
      return;
    }
    if (asked.every(({ name: about }) => isKnown(about, this.#advert, records))) return;
    this.#sendSoon(fromMillis(20) + this.#random(fromMillis(100)));
  }

  /** Two who probe for one name at the same time: the greater claim goes on, the other comes back later. */
  #contest({ claims }: MdnsPacket): void {
    const name = instanceDomain(this.name, this.#advert.type);
    const theirs = claims.filter((claim) => sameName(claim.name, name));
    if (theirs.length === 0) return;
    if (compareClaims(claimsOf(this.#advert, this.#deps.host), theirs) < 0)
      this.#startProbing(YIELD);
  }

  #conflict(): void {
    if (this.#state === 'announced') {
      // Two networks have become one, for example. Who was there first can't be known: both probe again.
      this.#deps.log.warn('another box announces our name; probing again', { name: this.name });
      this.#startProbing(this.#random(PROBE_GAP));
      this.#deps.changed();
      return;
    }
    this.#conflicts++;
    const before = this.name;
    this.#chooseName();
    this.#deps.log.info('name taken, another one is tried', { taken: before, name: this.name });
    this.#startProbing(this.#conflicts > SLOWER_AFTER ? SECOND : this.#random(PROBE_GAP));
  }

  #chooseName(): void {
    let number = this.#conflicts;
    let name: string;
    do {
      name = labelFrom(this.#wanted, number === 0 ? '' : ` (${number + 1})`);
      number++;
    } while (this.#deps.taken(name));
    this.#conflicts = number - 1;
    this.#advert = { ...this.#advert, name };
  }
}
