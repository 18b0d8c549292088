/**
 * A browser that outlives the responder who looks around for it.
 *
 * Takes  lists of one responder after the other.
 * Gives  them to the listener; those of a new responder when it has had time to see what the one before it saw.
 */
import { after, fromSeconds } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import type { Discovery, FoundService, ServiceType } from '../ports/discovery.ts';

/** What is there answers within this. */
const LOOK_AROUND = fromSeconds(4);

export class LentBrowser implements Disposable {
  readonly #clock: Clock;
  readonly #type: ServiceType;
  readonly #listener: (found: readonly FoundService[]) => void;
  readonly #settled: Alarm;
  #browsing: Disposable | undefined;
  #told: readonly FoundService[] | undefined;
  #newest: readonly FoundService[] = [];
  #looking = false;

  constructor(clock: Clock, type: ServiceType, listener: (found: readonly FoundService[]) => void) {
    this.#clock = clock;
    this.#type = type;
    this.#listener = listener;
    this.#settled = clock.alarm(() => {
      this.#looking = false;
      this.#tell();
    });
  }

  lendTo(responder: Discovery | undefined): void {
    this.#browsing?.[Symbol.dispose]();
    this.#browsing = undefined;
    if (!responder) {
      if (this.#told === undefined) this.#tell();
      return;
    }
    this.#looking = this.#told !== undefined && this.#told.length > 0;
    if (this.#looking) this.#settled.set(after(this.#clock.now(), LOOK_AROUND));
    this.#browsing = responder.browse(this.#type, (found) => {
      this.#newest = found;
      const names = new Set(found.map(({ name }) => name));
      if (this.#looking && this.#told?.every(({ name }) => names.has(name)) !== true) return;
      this.#looking = false;
      this.#tell();
    });
  }

  [Symbol.dispose](): void {
    this.#settled[Symbol.dispose]();
    this.#browsing?.[Symbol.dispose]();
    this.#browsing = undefined;
  }

  #tell(): void {
    this.#told = this.#newest;
    this.#listener(this.#newest);
  }
}
