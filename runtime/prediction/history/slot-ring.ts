/**
 * Which events lie in which slot: a ring of slots, each with a chain of event numbers, the last that came first.
 *
 * Keeps `slots` slots (a slot is forgotten when one that many further on is used) and `events` links. Nothing is allocated.
 */
const NONE = -1;

export class SlotRing {
  readonly #slotMask: number;
  readonly #eventMask: number;
  /** Which slot the place holds now. */
  readonly #holds: Int32Array;
  readonly #first: Float64Array;
  readonly #next: Float64Array;

  constructor(slots: number, events: number) {
    this.#slotMask = slots - 1;
    this.#eventMask = events - 1;
    this.#holds = new Int32Array(slots);
    this.#first = new Float64Array(slots).fill(NONE);
    this.#next = new Float64Array(events).fill(NONE);
  }

  first(slot: number): number {
    const place = slot & this.#slotMask;
    return this.#holds[place] === slot ? (this.#first[place] as number) : NONE;
  }

  next(event: number): number {
    return this.#next[event & this.#eventMask] as number;
  }

  add(slot: number, event: number): void {
    const place = slot & this.#slotMask;
    this.#next[event & this.#eventMask] = this.first(slot);
    this.#holds[place] = slot;
    this.#first[place] = event;
  }

  remove(slot: number, event: number): void {
    const place = slot & this.#slotMask;
    if (this.#holds[place] !== slot) return;
    if (this.#first[place] === event) {
      this.#first[place] = this.next(event);
      return;
    }
    let before = this.#first[place] as number;
    while (before !== NONE) {
      const next = this.next(before);
      if (next === event) {
        this.#next[before & this.#eventMask] = this.next(event);
        return;
      }
      before = next;
    }
  }

  clear(): void {
    this.#first.fill(NONE);
    this.#next.fill(NONE);
  }
}
