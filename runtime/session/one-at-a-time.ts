import { followSignals } from '../core/abort.ts';
import { PortError } from '../core/errors.ts';

/** Runs one operation at a time, in the order they were asked for; a new one makes the present one give up. */
export interface OneAtATime {
  /** `work` is to heed the signal, which is aborted by `signal` and by the next operation. */
  run(work: (signal: AbortSignal) => Promise<void>, signal?: AbortSignal): Promise<void>;
  /** Runs `work` as the last one. Later ones are rejected with PortError 'closed'. */
  close(work: () => Promise<void>): Promise<void>;
}

export function openOneAtATime(): OneAtATime {
  let present: Promise<void> = Promise.resolve();
  let giveUp: ((reason: unknown) => void) | undefined;
  let closed: Promise<void> | undefined;

  const run: OneAtATime['run'] = (work, signal) => {
    giveUp?.(new PortError('closed', 'something else was chosen meanwhile'));
    const following = followSignals(signal ? [signal] : []);
    const abort = (reason: unknown): void => following.abort(reason);
    giveUp = abort;
    const before = present;
    const result = (async () => {
      await before;
      try {
        if (signal) following.signal.throwIfAborted();
        await work(following.signal);
      } finally {
        following[Symbol.dispose]();
        if (giveUp === abort) giveUp = undefined;
      }
    })();
    // The next one waits for the end of this one, however it ends; its own caller hears of a failure.
    present = result.catch(() => {});
    return result;
  };

  return {
    run: (work, signal) =>
      closed
        ? Promise.reject(new PortError('closed', 'the box is shutting down'))
        : run(work, signal),
    close(work) {
      closed ??= run(work);
      return closed;
    },
  };
}
