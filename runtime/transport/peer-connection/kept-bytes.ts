/** Bytes of a stream: what comes before the first listener is kept for it, in order, up to a bound. */
import { Listeners } from '../../core/listeners.ts';

const MAX_KEPT = 1 << 20;

export class KeptBytes {
  readonly #listeners = new Listeners<[Uint8Array]>();
  #kept: Uint8Array[] | undefined = [];
  #length = 0;
  #emptied: (() => void) | undefined;

  /** Something waits for its first listener. */
  get waiting(): boolean {
    return this.#length > 0;
  }

  /** False when there is no room: the stream can't go on. */
  take(bytes: Uint8Array): boolean {
    if (!this.#kept) {
      this.#listeners.emit(bytes);
      return true;
    }
    if (this.#length + bytes.length > MAX_KEPT) return false;
    this.#kept.push(bytes.slice());
    this.#length += bytes.length;
    return true;
  }

  listen(listener: (bytes: Uint8Array) => void): Disposable {
    const first = this.#kept !== undefined && this.#listeners.size === 0;
    const held = this.#listeners.add(listener);
    // After this call, as bytes from a network come.
    if (first) void Promise.resolve().then(() => this.#give());
    return held;
  }

  /** Calls once, when nothing waits any more. */
  onEmptied(emptied: () => void): void {
    this.#emptied = emptied;
  }

  /** Nobody hears anything any more. */
  close(): void {
    this.#kept = undefined;
    this.#length = 0;
    this.#listeners.clear();
  }

  #give(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    this.#length = 0;
    for (const bytes of kept) this.#listeners.emit(bytes);
    this.#emptied?.();
  }
}
