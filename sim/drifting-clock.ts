import type { Instant } from '../runtime/core/time.ts';
import type { Clock } from '../runtime/ports/clock.ts';

/** Another box's clock: it began elsewhere, and runs faster than `clock` by `ppm` millionths. */
export function openDriftingClock(clock: Clock, ppm: number, origin: number = 5e9): Clock {
  const rate = 1 + ppm / 1e6;
  return {
    now: () => (origin + clock.now() * rate) as Instant,
    alarm(wake) {
      const alarm = clock.alarm(wake);
      return {
        set: (due) => alarm.set(((due - origin) / rate) as Instant),
        clear: () => alarm.clear(),
        [Symbol.dispose]: () => alarm[Symbol.dispose](),
      };
    },
  };
}
