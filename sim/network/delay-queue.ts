/**
 * Packets on their way: holds octets until they are due.
 *
 * Takes  packets with the instant at which they shall arrive.
 * Gives  them to `deliver` in order of `due`, equal ones in the order they were pushed.
 * Keeps  at most `capacity` packets: when it is full the newest is dropped and counted. Slots are used again.
 */
import type { Instant } from '../../runtime/core/time.ts';
import type { Alarm, Clock } from '../../runtime/ports/clock.ts';

/** Slots keep buffers of this size; longer packets get one of their own. */
const KEPT = 2_048;

interface Slot<T> {
  due: number;
  order: number;
  buffer: Uint8Array;
  bytes: Uint8Array;
  tag: T | undefined;
}

export class DelayQueue<T> implements Disposable {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #capacity: number;
  readonly #deliver: (bytes: Uint8Array, tag: T) => void;
  readonly #heap: Slot<T>[] = [];
  readonly #free: Slot<T>[] = [];
  #pushed = 0;
  #dropped = 0;

  constructor(clock: Clock, capacity: number, deliver: (bytes: Uint8Array, tag: T) => void) {
    this.#clock = clock;
    this.#capacity = capacity;
    this.#deliver = deliver;
    this.#alarm = clock.alarm(() => this.#wake());
  }

  get size(): number {
    return this.#heap.length;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Copies the octets. False, and counted, when the queue is full. `deliver` is never called inside this call. */
  push(bytes: Uint8Array, due: Instant, tag: T): boolean {
    if (this.#heap.length >= this.#capacity) {
      this.#dropped++;
      return false;
    }
    const slot = this.#free.pop() ?? emptySlot<T>();
    if (bytes.length > KEPT) slot.bytes = bytes.slice();
    else {
      slot.buffer.set(bytes);
      if (slot.bytes.length !== bytes.length || slot.bytes.buffer !== slot.buffer.buffer) {
        slot.bytes = slot.buffer.subarray(0, bytes.length);
      }
    }
    slot.due = due;
    slot.order = this.#pushed++;
    slot.tag = tag;
    this.#add(slot);
    if (this.#heap[0] === slot) this.#alarm.set(due);
    return true;
  }

  /** Forgets what is on its way. */
  [Symbol.dispose](): void {
    this.#alarm[Symbol.dispose]();
    this.#heap.length = 0;
  }

  #wake(): void {
    for (;;) {
      const first = this.#heap[0];
      if (!first || first.due > this.#clock.now()) break;
      this.#removeFirst();
      const tag = first.tag as T;
      first.tag = undefined;
      try {
        this.#deliver(first.bytes, tag);
      } finally {
        this.#free.push(first);
      }
    }
    const next = this.#heap[0];
    if (next) this.#alarm.set(next.due as Instant);
  }

  #add(slot: Slot<T>): void {
    const heap = this.#heap;
    let at = heap.push(slot) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as Slot<T>;
      if (!earlier(slot, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = slot;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop() as Slot<T>;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= heap.length) break;
      const right = heap[below + 1];
      if (right && earlier(right, heap[below] as Slot<T>)) below++;
      const child = heap[below] as Slot<T>;
      if (!earlier(child, last)) break;
      heap[at] = child;
      at = below;
    }
    heap[at] = last;
  }
}

function emptySlot<T>(): Slot<T> {
  const buffer = new Uint8Array(KEPT);
  return { due: 0, order: 0, buffer, bytes: buffer.subarray(0, 0), tag: undefined };
}

function earlier<T>(a: Slot<T>, b: Slot<T>): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
