/**
 * Typed listeners for fast paths: `emit` allocates nothing and calls in order of registration.
 *
 * A listener that throws is a bug of ours: the exception reaches the caller of `emit`. A listener
 * may dispose itself or others while it is called; one added during an emit is called from the next.
 */
export class Listeners<Args extends readonly unknown[]> {
  #listeners: readonly ((...args: Args) => void)[] = [];

  get size(): number {
    return this.#listeners.length;
  }

  add(listener: (...args: Args) => void): Disposable {
    // Wrapped in an entry of its own, so that the same function may listen twice.
    const entry = (...args: Args): void => listener(...args);
    this.#listeners = [...this.#listeners, entry];
    return {
      [Symbol.dispose]: () => {
        this.#listeners = this.#listeners.filter((held) => held !== entry);
      },
    };
  }

  emit(...args: Args): void {
    const listeners = this.#listeners;
    for (let i = 0; i < listeners.length; i++) listeners[i]?.(...args);
  }

  clear(): void {
    this.#listeners = [];
  }
}
