/**
 * One service that avahi-daemon announces for us.
 *
 * Takes  an advert, new TXT records, what the daemon says of the names.
 * Gives  an entry group of the daemon; it says goodbye when we do, or when this process ends in whatever way.
 * Keeps  its name, or the one that the daemon proposes instead ("Name #2"). One thing is asked of the daemon at a time.
 */
import { PortError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import type { Announcement, ServiceAdvert } from '../ports/discovery.ts';
import type { AvahiBus } from './avahi-bus.ts';
import { ANY, SERVER } from './avahi-object.ts';
import { encodeTxt, labelFrom } from './dns-sd-records.ts';
import { splitZone } from './ip-text.ts';

const DOMAIN = 'local';
/** AvahiEntryGroupState and AvahiServerState (avahi-common/defs.h). */
const GROUP = { established: 2, collision: 3, failure: 4 } as const;
const DAEMON = { registering: 1, running: 2, collision: 3 } as const;
/** No reverse record: the address has one for the machine's own name. */
const NO_REVERSE = 16;
/** So many names are tried; somebody who has them all wants to keep us out. */
const MAX_NAMES = 100;

export interface AvahiServiceDeps {
  readonly bus: AvahiBus;
  readonly log: Log;
  /** A host name of our own, for a service that listens on one address only. */
  readonly host: string;
}

export class AvahiService implements Announcement {
  readonly #bus: AvahiBus;
  readonly #log: Log;
  readonly #host: string;
  #advert: ServiceAdvert;
  #group: { readonly path: string; readonly interface: 'EntryGroup' } | undefined;
  #following: Disposable | undefined;
  #names = 0;
  #open = true;
  /** The daemon has our records, and is to announce them. */
  #committed = false;
  #established = false;
  #turn: Promise<unknown> = Promise.resolve();
  #settle: { resolve(): void; reject(error: unknown): void } | undefined;
  /** Settled when it is announced, or when it can't be. */
  readonly announced: Promise<void>;

  constructor(deps: AvahiServiceDeps, advert: ServiceAdvert) {
    this.#bus = deps.bus;
    this.#log = deps.log;
    this.#host = deps.host;
    this.#advert = { ...advert, name: labelFrom(advert.name) };
    this.announced = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#next(() => this.#start());
  }

  get name(): string {
    return this.#advert.name;
  }

  async update(txt: Readonly<Record<string, string>>): Promise<void> {
    encodeTxt(txt);
    if (!this.#open) throw new PortError('closed', 'this announcement was disposed');
    this.#advert = { ...this.#advert, txt: { ...txt } };
    // Otherwise it is announced with the new one.
    if (this.#established) this.#next(() => this.#sendTxt());
    await this.#turn;
  }

  /** The daemon has found that its host name is taken, or has another now. */
  daemonChanged(state: unknown): void {
    if (state === DAEMON.collision || state === DAEMON.registering) {
      this.#next(() => this.#withdraw());
    } else if (state === DAEMON.running) {
      this.#next(async () => {
        if (!this.#committed) await this.#publish();
      });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#finish(new PortError('closed', 'the announcement was disposed before it was made'));
    await this.#turn;
    this.#following?.[Symbol.dispose]();
    // A daemon that is gone needs no telling.
    await this.#callGroup('Free').catch(() => {});
  }

  /** One after the other; what fails settles the announcement if it is not made yet. */
  #next(work: () => Promise<unknown>): void {
    this.#turn = this.#turn.then(work).catch((error: unknown) => {
      if (this.#settle) this.#finish(error);
      else if (this.#open) {
        this.#log.warn('avahi did not do as asked', { name: this.name, cause: String(error) });
      }
    });
  }

  #finish(error?: unknown): void {
    if (error === undefined) this.#settle?.resolve();
    else this.#settle?.reject(error);
    this.#settle = undefined;
  }

  async #callGroup(member: string, signature?: string, ...body: unknown[]): Promise<unknown> {
    return this.#group && this.#bus.call(this.#group, member, signature, ...body);
  }

  async #start(): Promise<void> {
    const [path] = await this.#bus.call(SERVER, 'EntryGroupNew');
    this.#group = { path: String(path), interface: 'EntryGroup' };
    this.#following = this.#bus.follow(this.#group.path, (member, [state, reason]) => {
      if (member === 'StateChanged' && this.#open) this.#groupChanged(state, reason);
    });
    // A daemon that has just been started says so itself when it is ready.
    const [state] = await this.#bus.call(SERVER, 'GetState');
    if (state === DAEMON.running) await this.#publish();
  }

  async #withdraw(): Promise<void> {
    this.#established = false;
    if (!this.#committed) return;
    this.#committed = false;
    await this.#callGroup('Reset');
  }

  #groupChanged(state: unknown, reason: unknown): void {
    if (state === GROUP.established) {
      this.#established = true;
      this.#finish();
    } else if (state === GROUP.collision) {
      this.#next(async () => {
        await this.#withdraw();
        await this.#takeAnotherName();
        await this.#publish();
      });
    } else if (state === GROUP.failure) {
      this.#established = false;
      this.#next(() => Promise.reject(new PortError('unavailable', `avahi failed: ${reason}`)));
    }
  }

  async #publish(): Promise<void> {
    const host = await this.#addHost();
    for (;;) {
      if (!this.#open) return;
      const { name, type, port, txt } = this.#advert;
      const entries = txtOf(txt);
      try {
        const where = [ANY, ANY, 0, name, type, DOMAIN, host, port, entries];
        await this.#callGroup('AddService', 'iiussssqaay', ...where);
        break;
      } catch (error) {
        // Another service of this machine has the name.
        if (!(error instanceof PortError) || error.code !== 'busy') throw error;
        await this.#takeAnotherName();
      }
    }
    this.#committed = true;
    await this.#callGroup('Commit');
  }

  /** Of a service that listens on one address the others are not told: who tried them would be refused. */
  async #addHost(): Promise<string> {
    const { boundTo } = this.#advert;
    if (boundTo === undefined) return '';
    const { bare } = splitZone(boundTo);
    const where = [ANY, ANY, NO_REVERSE, this.#host, bare];
    await this.#callGroup('AddAddress', 'iiuss', ...where);
    return this.#host;
  }

  async #takeAnotherName(): Promise<void> {
    if (++this.#names > MAX_NAMES) {
      throw new PortError(
        'busy',
        `${MAX_NAMES} names like "${this.name}" are taken; choose another`,
      );
    }
    const taken = this.name;
    const [name] = await this.#bus.call(SERVER, 'GetAlternativeServiceName', 's', taken);
    this.#advert = { ...this.#advert, name: String(name) };
    this.#log.info('name taken, another one is tried', { taken, name: this.name });
  }

  async #sendTxt(): Promise<void> {
    if (!this.#open || !this.#established) return;
    const { name, type, txt } = this.#advert;
    const where = [ANY, ANY, 0, name, type, DOMAIN, txtOf(txt)];
    await this.#callGroup('UpdateServiceTxt', 'iiusssaay', ...where);
  }
}

/** The daemon makes the empty string of an empty record itself, and refuses ours. */
function txtOf(txt: Readonly<Record<string, string>>): Buffer[] {
  return encodeTxt(txt).filter(({ length }) => length > 0);
}
