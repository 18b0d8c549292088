import { after, type Micros } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';

/** Something that comes, or fails, or takes too long, or is given up by a signal: whichever is first. */
export interface Waiting extends Disposable {
  done(): void;
  fail(reason: unknown): void;
  /** Resolves when it is done. Rejects with what it failed with, the signal's reason, or `late` after `limit`. */
  until(limit: Micros, late: unknown): Promise<void>;
}

export function openWaiting(deps: { readonly clock: Clock }, signal: AbortSignal): Waiting {
  let done = (): void => {};
  let fail = (_reason: unknown): void => {};
  let late: unknown;
  const outcome = new Promise<void>((resolve, reject) => {
    done = resolve;
    fail = reject;
  });
  // Whoever waits hears of a failure; before anybody does, it is no unhandled one.
  outcome.catch(() => {});
  const abort = (): void => fail(signal.reason);
  if (signal.aborted) abort();
  signal.addEventListener('abort', abort, { once: true });
  const alarm = deps.clock.alarm(() => fail(late));
  return {
    done: () => done(),
    fail: (reason) => fail(reason),
    until(limit, reason) {
      late = reason;
      alarm.set(after(deps.clock.now(), limit));
      return outcome;
    },
    [Symbol.dispose]() {
      alarm[Symbol.dispose]();
      signal.removeEventListener('abort', abort);
    },
  };
}
