import { type Due, DueHeap } from '../runtime/core/due-heap.ts';
import type { Instant, Micros, WallTime } from '../runtime/core/time.ts';
import type { Alarm, Clock, WallClock } from '../runtime/ports/clock.ts';

interface HeldAlarm extends Due {
  readonly wake: () => void;
}

/**
 * A clock that is turned by hand: nothing happens between two turns, and the same turns give the same order.
 * Alarms go off in order of `due`, equal ones in the order they were set. A million alarms a second of real time.
 */
export class VirtualClock implements Clock, WallClock {
  #now: Instant;
  readonly #wallOrigin: number;
  #sets = 0;
  readonly #heap = new DueHeap<HeldAlarm>();

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
    const held: HeldAlarm = { due: 0, order: 0, at: -1, wake };
    const clear = (): void => this.#heap.remove(held);
    return {
      set: (due) => {
        clear();
        held.due = due;
        held.order = this.#sets++;
        this.#heap.add(held);
      },
      clear,
      [Symbol.dispose]: clear,
    };
  }

  /** Turns the clock to `due`, setting off the alarms on the way. Alarms already due go off at the present. */
  advanceTo(due: Instant): void {
    for (;;) {
      const next = this.#heap.first;
      if (!next || next.due > due) break;
      this.#heap.remove(next);
      if (next.due > this.#now) this.#now = next.due as Instant;
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
    return this.#heap.first?.due as Instant | undefined;
  }
}

/** Lets promise reactions run; a handful of rounds covers chains of awaits. */
export async function settle(rounds: number = 8): Promise<void> {
  for (let round = 0; round < rounds; round++) await Promise.resolve();
}
