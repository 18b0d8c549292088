import type { Instant, Micros, WallTime } from '../runtime/core/time.ts';
import type { Alarm, Clock, WallClock } from '../runtime/ports/clock.ts';

interface Pending {
  due: Instant;
  readonly order: number;
  readonly wake: () => void;
  set: boolean;
}

/**
 * A clock that is turned by hand: nothing happens between two turns, and the same turns give the same order.
 * Alarms go off in order of `due`, equal ones in the order they were set. A million alarms a second of real time.
 */
export class VirtualClock implements Clock, WallClock {
  #now: Instant;
  readonly #wallOrigin: number;
  #sets = 0;
  #heap: Pending[] = [];

  constructor(start: Instant = 1_000_000 as Instant, wallOrigin: number = 1_800_000_000_000) {
    this.#now = start;
    this.#wallOrigin = wallOrigin - start / 1_000;
  }

  now(): Instant {
    return this.#now;
  }

  wallNow(): WallTime {
    return (this.#wallOrigin + this.#now / 1_000) as WallTime;
  }

  alarm(wake: () => void): Alarm {
    let pending: Pending | undefined;
    const clear = (): void => {
      if (pending) pending.set = false;
      pending = undefined;
    };
    return {
      set: (due) => {
        clear();
        pending = { due, order: this.#sets++, set: true, wake };
        this.#push(pending);
      },
      clear,
      [Symbol.dispose]: clear,
    };
  }

  /** Turns the clock to `due`, setting off the alarms on the way. Alarms already due go off at the present. */
  advanceTo(due: Instant): void {
    for (;;) {
      const next = this.#heap[0];
      if (!next || next.due > due) break;
      this.#pop();
      if (!next.set) continue;
      next.set = false;
      if (next.due > this.#now) this.#now = next.due;
      next.wake();
    }
    if (due > this.#now) this.#now = due;
  }

  advance(by: Micros): void {
    this.advanceTo((this.#now + by) as Instant);
  }

  /**
   * Turns the clock by `by` in steps of `step`, and lets promises settle after each alarm's step: for what awaits.
   * Deterministic as long as nothing awaits real input or output.
   */
  async advanceSettling(by: Micros, step: Micros = 1_000 as Micros): Promise<void> {
    const end = (this.#now + by) as Instant;
    while (this.#now < end) {
      this.advanceTo(Math.min(end, this.#now + step) as Instant);
      await settle();
    }
  }

  /** When the next alarm is due, if one is set. */
  get nextDue(): Instant | undefined {
    while (this.#heap[0] && !this.#heap[0].set) this.#pop();
    return this.#heap[0]?.due;
  }

  #earlier(a: Pending, b: Pending): boolean {
    return a.due < b.due || (a.due === b.due && a.order < b.order);
  }

  #push(pending: Pending): void {
    const heap = this.#heap;
    let at = heap.push(pending) - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as Pending;
      if (!this.#earlier(pending, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = pending;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop() as Pending;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right && this.#earlier(right, heap[child] as Pending)) child++;
      if (!this.#earlier(heap[child] as Pending, last)) break;
      heap[at] = heap[child] as Pending;
      at = child;
    }
    heap[at] = last;
  }
}

/** Lets promise reactions run; a handful of rounds covers chains of awaits. */
export async function settle(rounds: number = 8): Promise<void> {
  for (let round = 0; round < rounds; round++) await Promise.resolve();
}
