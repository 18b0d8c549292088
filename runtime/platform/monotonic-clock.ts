/**
 * The real clock: `performance.now()` of the main thread, in microseconds.
 *
 * Gives  Instants with a fraction, and alarms that are never early.
 * Keeps  all alarms in one heap behind one Node timer: setting an alarm moves it in the heap and allocates nothing
 *        unless it became the next one and is further away than POOLED_MS.
 * Lane   0.
 *
 * Node's timers tick on whole milliseconds of libuv's clock and so fire up to a tick early; a plain timer takes us
 * close, and the last SPIN is spent in `setImmediate` rounds. Timers are unreferenced: an alarm alone does not
 * keep the process alive.
 */
import { type Due, DueHeap } from '../core/due-heap.ts';
import type { Instant, WallTime } from '../core/time.ts';
import type { Alarm, Clock, WallClock } from '../ports/clock.ts';

/** Below this many microseconds a timer's millisecond is too coarse, and going round the event loop is cheap. */
const SPIN = 300;
/** Timers of so many milliseconds are kept and wound up again; longer ones are made anew. */
const POOLED_MS = 64;
/** Node's timers overflow beyond 2^31-1 ms; we look again after a day at the latest. */
const LONGEST_MS = 86_400_000;

export function openMonotonicClock(): Clock & WallClock {
  return new MonotonicClock();
}

interface HeldAlarm extends Due {
  readonly wake: () => void;
}

class MonotonicClock implements Clock, WallClock {
  readonly #heap = new DueHeap<HeldAlarm>();
  readonly #timers: (NodeJS.Timeout | undefined)[] = new Array(POOLED_MS + 1).fill(undefined);
  /** The timer that is set for longer than POOLED_MS. */
  #far: NodeJS.Timeout | undefined;
  /** When the next timer brings us to `#tick`. */
  #wakeAt = Number.POSITIVE_INFINITY;
  #spinning = false;
  #sets = 0;

  now(): Instant {
    return (performance.now() * 1_000) as Instant;
  }

  wallNow(): WallTime {
    return Date.now() as WallTime;
  }

  alarm(wake: () => void): Alarm {
    const held: HeldAlarm = { due: 0, order: 0, at: -1, wake };
    const clear = (): void => this.#heap.remove(held);
    return {
      set: (due) => {
        this.#heap.remove(held);
        held.due = due;
        held.order = this.#sets++;
        this.#heap.add(held);
        if (due < this.#wakeAt) this.#windUp(due);
      },
      clear,
      [Symbol.dispose]: clear,
    };
  }

  #windUp(due: number): void {
    const away = due - this.now();
    if (away <= SPIN) {
      this.#wakeAt = due;
      if (this.#spinning) return;
      this.#spinning = true;
      setImmediate(this.#afterSpin);
      return;
    }
    this.#wakeAt = due;
    const ms = Math.min(LONGEST_MS, Math.max(1, Math.floor(away / 1_000)));
    if (ms > POOLED_MS) {
      clearTimeout(this.#far);
      this.#far = setTimeout(this.#tick, ms).unref();
      return;
    }
    const timer = this.#timers[ms];
    if (timer) timer.refresh();
    else this.#timers[ms] = setTimeout(this.#tick, ms).unref();
  }

  readonly #afterSpin = (): void => {
    this.#spinning = false;
    this.#tick();
  };

  /** A timer that nobody waits for any more may bring us here too: then nothing is due, and that is all right. */
  readonly #tick = (): void => {
    // What is set from inside a wake waits for the next round, so that it can't starve the sockets.
    const limit = this.#sets;
    this.#wakeAt = Number.POSITIVE_INFINITY;
    try {
      for (;;) {
        const next = this.#heap.first;
        if (!next || next.order >= limit || next.due > this.now()) break;
        this.#heap.remove(next);
        next.wake();
      }
    } finally {
      const next = this.#heap.first;
      if (next && next.due < this.#wakeAt) this.#windUp(next.due);
    }
  };
}
