/**
 * A signal that is aborted when the first of `signals` is, with its reason, until it is disposed.
 *
 * In place of AbortSignal.any: on Node 20 each of those stays reachable as long as its longest-lived source
 * (nodejs/node issue 54614), and ours live as long as a session.
 */
export function followSignals(
  signals: readonly AbortSignal[],
): { readonly signal: AbortSignal; abort(reason?: unknown): void } & Disposable {
  const controller = new AbortController();
  const stops: (() => void)[] = [];
  for (const source of signals) {
    const follow = (): void => controller.abort(source.reason);
    if (source.aborted) follow();
    source.addEventListener('abort', follow, { once: true });
    stops.push(() => source.removeEventListener('abort', follow));
  }
  return {
    signal: controller.signal,
    abort: (reason) => controller.abort(reason),
    [Symbol.dispose]() {
      for (const stop of stops) stop();
    },
  };
}

/** What `promise` gives, or the signal's reason as soon as it is aborted. */
export function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    const settled = (): void => signal.removeEventListener('abort', abort);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(settled);
  });
}
