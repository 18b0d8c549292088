/**
 * Something that happens once at most: who listens before is told when it happens, who comes later is told soon, in a
 * turn of its own.
 */
import { Listeners } from './listeners.ts';

export class ToldOnce<Args extends readonly unknown[]> {
  readonly #listeners = new Listeners<Args>();
  #told: Args | undefined;

  get told(): boolean {
    return this.#told !== undefined;
  }

  /** The first call counts. */
  tell(...args: Args): void {
    if (this.#told) return;
    this.#told = args;
    this.#listeners.emit(...args);
    this.#listeners.clear();
  }

  listen(listener: (...args: Args) => void): Disposable {
    const told = this.#told;
    if (!told) return this.#listeners.add(listener);
    const late = new Listeners<Args>();
    void Promise.resolve().then(() => late.emit(...told));
    return late.add(listener);
  }
}
