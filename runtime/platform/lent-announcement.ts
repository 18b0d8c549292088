/**
 * An announcement that outlives the responder who makes it: another one makes it again.
 *
 * Takes  responders, one after the other.
 * Gives  the Announcement port. It is made when the first of them has made it.
 */
import { PortError } from '../core/errors.ts';
import type { Announcement, Discovery, ServiceAdvert } from '../ports/discovery.ts';
import { encodeTxt, labelFrom } from './dns-sd-records.ts';

export interface LendingEvents {
  /** The responder may not publish. */
  refused(error: unknown): void;
  /** The responder could not; if it is still there after a while, it is to be lent to again. */
  failed(error: unknown): void;
  released(): void;
}

export class LentAnnouncement implements Announcement {
  readonly #events: LendingEvents;
  #advert: ServiceAdvert;
  #name: string;
  #responder: Discovery | undefined;
  #made: Announcement | undefined;
  #open = true;
  #settle: { resolve(): void; reject(error: unknown): void } | undefined;
  readonly announced: Promise<void>;

  constructor(advert: ServiceAdvert, events: LendingEvents) {
    this.#events = events;
    this.#advert = { ...advert, txt: { ...advert.txt } };
    this.#name = labelFrom(advert.name);
    this.announced = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
  }

  get isMade(): boolean {
    return this.#made !== undefined;
  }

  get name(): string {
    return this.#made?.name ?? this.#name;
  }

  /** What another responder made is its own to end. */
  lendTo(responder: Discovery | undefined): void {
    if (this.#made) this.#name = this.#made.name;
    this.#made = undefined;
    this.#responder = responder;
    if (responder && this.#open) void this.#announceBy(responder);
  }

  async update(txt: Readonly<Record<string, string>>): Promise<void> {
    encodeTxt(txt);
    if (!this.#open) throw new PortError('closed', 'this announcement was disposed');
    this.#advert = { ...this.#advert, txt: { ...txt } };
    // A responder that is being lost can't take it; the next one is told.
    await this.#made?.update(txt).catch(() => {});
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#settle?.reject(new PortError('closed', 'disposed before it was announced'));
    this.#settle = undefined;
    await this.#made?.[Symbol.asyncDispose]();
    this.#events.released();
  }

  async #announceBy(responder: Discovery): Promise<void> {
    const { txt } = this.#advert;
    let made: Announcement;
    try {
      // Under the name that it has by now, which others may have written down.
      made = await responder.announce({ ...this.#advert, name: this.#name });
    } catch (error) {
      if (this.#responder !== responder) return;
      const code = error instanceof PortError ? error.code : undefined;
      if (code === 'denied') this.#events.refused(error);
      else if (code === 'invalid') this.#settle?.reject(error);
      else if (this.#open) this.#events.failed(error);
      return;
    }
    if (this.#responder !== responder || !this.#open) {
      await made[Symbol.asyncDispose]();
      return;
    }
    this.#made = made;
    if (this.#advert.txt !== txt) await made.update(this.#advert.txt).catch(() => {});
    this.#settle?.resolve();
    this.#settle = undefined;
  }
}
