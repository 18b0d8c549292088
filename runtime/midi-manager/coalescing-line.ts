/**
 * Controllers of one kind that wait for their turn: one message for each controller, the newest, in the order in which
 * the controllers came. Everything that waits gets through eventually. Allocates nothing.
 */
import type { MidiMessage } from '../core/midi-message.ts';

export class CoalescingLine {
  readonly #newest: (MidiMessage | undefined)[];
  readonly #inLine: Uint8Array;
  readonly #ring: Uint16Array;
  #first = 0;
  #count = 0;

  constructor(controllers: number) {
    this.#newest = new Array(controllers).fill(undefined);
    this.#inLine = new Uint8Array(controllers);
    this.#ring = new Uint16Array(controllers);
  }

  /** Something stands in line, be it out of date. */
  get waiting(): boolean {
    return this.#count > 0;
  }

  /** True when it took the place of an older one, which is lost. */
  put(controller: number, message: MidiMessage): boolean {
    const replaces = this.#newest[controller] !== undefined;
    this.#newest[controller] = message;
    if (this.#inLine[controller] === 0) {
      this.#inLine[controller] = 1;
      this.#ring[(this.#first + this.#count) % this.#ring.length] = controller;
      this.#count++;
    }
    return replaces;
  }

  /** What waits for this controller is out of date. */
  clear(controller: number): void {
    this.#newest[controller] = undefined;
  }

  take(): MidiMessage | undefined {
    while (this.#count > 0) {
      const controller = this.#ring[this.#first] as number;
      const message = this.#newest[controller];
      this.#newest[controller] = undefined;
      this.#inLine[controller] = 0;
      this.#first = (this.#first + 1) % this.#ring.length;
      this.#count--;
      if (message !== undefined) return message;
    }
    return undefined;
  }
}
