/**
 * The simulator's timeline seen from the page.
 *
 * Takes  the simulator's time in each message and the page's time when it came, both in milliseconds.
 * Gives  one from the other. The message that was quickest lately tells the offset: latency only ever adds to it.
 * Keeps  the smallest offset of this window and of the one before, so that it follows clocks that drift apart.
 */
export interface TimeBase {
  hear(simNow: number, pageNow: number): void;
  toPage(sim: number): number;
  toSim(page: number): number;
  /** The simulator began again, on a new timeline. */
  reset(): void;
}

const WINDOW_MS = 20_000;

export function openTimeBase(): TimeBase {
  let windowStart = Number.NEGATIVE_INFINITY;
  let before = Number.POSITIVE_INFINITY;
  let current = Number.POSITIVE_INFINITY;
  let offset = 0;
  return {
    hear(simNow, pageNow) {
      const seen = pageNow - simNow;
      if (pageNow - windowStart > WINDOW_MS) {
        // After a long silence what was known is too old.
        const stale = pageNow - windowStart > 2 * WINDOW_MS;
        before = stale ? Number.POSITIVE_INFINITY : current;
        current = seen;
        windowStart = pageNow;
      } else if (seen < current) current = seen;
      offset = Math.min(before, current);
    },
    toPage: (sim) => sim + offset,
    toSim: (page) => page - offset,
    reset() {
      windowStart = Number.NEGATIVE_INFINITY;
      before = Number.POSITIVE_INFINITY;
      current = Number.POSITIVE_INFINITY;
    },
  };
}
