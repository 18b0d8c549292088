import { after, type Micros } from '../../runtime/core/time.ts';
import type { Clock } from '../../runtime/ports/clock.ts';

/** Resolves after `length`, or at once when the signal aborts. */
export function pause(clock: Clock, length: Micros, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      alarm[Symbol.dispose]();
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const alarm = clock.alarm(end);
    if (signal?.aborted) return end();
    signal?.addEventListener('abort', end);
    alarm.set(after(clock.now(), length));
  });
}
