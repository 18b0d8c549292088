/**
 * Releases what was acquired, last first, even when one release fails.
 * Stands in for AsyncDisposableStack, which Node 20 and 22 do not have.
 */
export class Teardown implements AsyncDisposable {
  #held: (AsyncDisposable | Disposable)[] = [];

  hold<T extends AsyncDisposable | Disposable>(resource: T): T {
    this.#held.push(resource);
    return resource;
  }

  /** Holds an action to run on release. */
  defer(release: () => void | Promise<void>): void {
    this.#held.push({ [Symbol.asyncDispose]: async () => release() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const failures: unknown[] = [];
    for (const resource of this.#held.splice(0).reverse()) {
      try {
        if (Symbol.asyncDispose in resource) await resource[Symbol.asyncDispose]();
        else resource[Symbol.dispose]();
      } catch (failure) {
        failures.push(failure);
      }
    }
    if (failures.length > 0) throw new AggregateError(failures, 'teardown was incomplete');
  }
}
