/**
 * How the main thread wakes the output worker, and when it need not.
 *
 * The main thread adds to `wake` after each command and notifies only when the worker sleeps longer than the command may
 * wait. V8 guards every wait and notify of the process with one lock, and a thread of real-time priority that waits for a
 * lock which a preempted normal thread holds is late by milliseconds: so the fewer notifies, the better, and none from
 * the worker. Reports are looked for by a timer (output-scheduler.ts).
 */

/** Words of `signals`. */
export const SIGNAL = {
  /** The main thread has put something into a ring, or mail. */
  wake: 0,
  /** The main thread has posted a message. */
  mail: 1,
  /** The worker is about to sleep, or asleep, until `sleepUntil`. */
  asleep: 2,
};

export interface WorkerSignals {
  readonly words: Int32Array;
  /** One number, written by the worker before it sets `asleep`. */
  readonly sleepUntil: Float64Array;
}

export function makeWorkerSignals(): WorkerSignals {
  return {
    words: new Int32Array(new SharedArrayBuffer(16)),
    sleepUntil: new Float64Array(new SharedArrayBuffer(8)),
  };
}

/** There is something to be done at `due`. */
export function wakeWorker(signals: WorkerSignals, due: number): void {
  const { words, sleepUntil } = signals;
  Atomics.add(words, SIGNAL.wake, 1);
  // A worker that is awake, or not asleep yet, finds that `wake` has changed before it sleeps.
  if (Atomics.load(words, SIGNAL.asleep) === 1 && due < (sleepUntil[0] as number)) {
    Atomics.notify(words, SIGNAL.wake);
  }
}

/** Sleeps until `until`, or until it is woken, or not at all when `wake` is no longer `seen`. */
export function sleepWorker(
  signals: WorkerSignals,
  seen: number,
  until: number,
  now: number,
): void {
  const { words, sleepUntil } = signals;
  sleepUntil[0] = until;
  Atomics.store(words, SIGNAL.asleep, 1);
  Atomics.wait(words, SIGNAL.wake, seen, (until - now) / 1_000);
  Atomics.store(words, SIGNAL.asleep, 0);
}
