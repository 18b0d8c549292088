/**
 * Ctrl-C and SIGTERM as an AbortSignal, so that every command ends in order and leaves no note sounding.
 *
 * Takes  SIGINT, SIGTERM, SIGHUP and exceptions that nobody caught.
 * Gives  an AbortSignal to the work in hand. A second signal ends the process at once.
 * Keeps  its handlers for as long as the work runs.
 */
import { isDebugging, stackOf } from './failure.ts';

const SIGNALS: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

/** Runs `work` until it is done. Its signal is aborted by Ctrl-C; what it then throws because of that is no failure. */
export async function interruptible(work: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const interruption = new AbortController();
  let bug: { readonly failure: unknown } | undefined;

  const interrupt = (): void => {
    if (interruption.signal.aborted) {
      process.stderr.write('togthr: stopped at once; notes may still be sounding\n');
      process.exit(1);
    }
    interruption.abort();
  };
  // A bug must not leave notes sounding: stop in order, then report it.
  const giveUp = (failure: unknown): void => {
    if (bug) {
      if (isDebugging()) process.stderr.write(`${stackOf(failure)}\n`);
      return;
    }
    bug = { failure };
    interruption.abort();
  };

  for (const name of SIGNALS) process.on(name, interrupt);
  process.on('uncaughtException', giveUp);
  process.on('unhandledRejection', giveUp);
  try {
    await work(interruption.signal);
  } catch (failure) {
    if (!isAbort(failure, interruption.signal)) throw failure;
  } finally {
    for (const name of SIGNALS) process.off(name, interrupt);
    process.off('uncaughtException', giveUp);
    process.off('unhandledRejection', giveUp);
  }
  if (bug) throw bug.failure;
}

/** Resolves when `signal` is aborted. */
export function untilInterrupted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function isAbort(failure: unknown, signal: AbortSignal): boolean {
  if (!signal.aborted) return false;
  return failure === signal.reason || (failure instanceof Error && failure.name === 'AbortError');
}
