/**
 * Packets on their way: holds octets until they are due.
 *
 * Takes  packets with the instant at which they shall arrive.
 * Gives  them to `deliver` in order of `due`, equal ones in the order they were pushed.
 * Keeps  at most `capacity` packets: when it is full the newest is dropped and counted. Slots are used again.
 */
import { type Due, DueHeap } from '../../runtime/core/due-heap.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type { Alarm, Clock } from '../../runtime/ports/clock.ts';

/** Slots keep buffers of this size; longer packets get one of their own. */
const KEPT = 2_048;

interface Slot<T> extends Due {
  buffer: Uint8Array;
  bytes: Uint8Array;
  tag: T | undefined;
}

export class DelayQueue<T> implements Disposable {
  readonly #clock: Clock;
  readonly #alarm: Alarm;
  readonly #capacity: number;
  readonly #deliver: (bytes: Uint8Array, tag: T) => void;
  readonly #heap = new DueHeap<Slot<T>>();
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
    return this.#heap.size;
  }

  get dropped(): number {
    return this.#dropped;
  }

  /** Copies the octets. False, and counted, when the queue is full. `deliver` is never called inside this call. */
  push(bytes: Uint8Array, due: Instant, tag: T): boolean {
    if (this.#heap.size >= this.#capacity) {
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
    this.#heap.add(slot);
    if (this.#heap.first === slot) this.#alarm.set(due);
    return true;
  }

  /** Forgets what is on its way. */
  [Symbol.dispose](): void {
    this.#alarm[Symbol.dispose]();
    for (const slot of this.#heap.members()) this.#heap.remove(slot);
  }

  #wake(): void {
    for (;;) {
      const first = this.#heap.first;
      if (!first || first.due > this.#clock.now()) break;
      this.#heap.remove(first);
      const tag = first.tag as T;
      first.tag = undefined;
      try {
        this.#deliver(first.bytes, tag);
      } finally {
        this.#free.push(first);
      }
    }
    const next = this.#heap.first;
    if (next) this.#alarm.set(next.due as Instant);
  }
}

function emptySlot<T>(): Slot<T> {
  const buffer = new Uint8Array(KEPT);
  return { due: 0, order: 0, at: -1, buffer, bytes: buffer.subarray(0, 0), tag: undefined };
}
