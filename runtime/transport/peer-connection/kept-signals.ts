/** Signals for the far end: what comes before the first listener is kept for it, in order, up to a bound. */
import { Listeners } from '../../core/listeners.ts';
import type { PeerSignal } from '../../ports/peer-connection.ts';

/** A description and more candidates than any machine has addresses. */
const MAX_KEPT = 128;

export class KeptSignals {
  readonly #listeners = new Listeners<[PeerSignal]>();
  #kept: PeerSignal[] | undefined = [];
  #open = true;

  emit(signal: PeerSignal): void {
    if (!this.#open) return;
    if (!this.#kept) this.#listeners.emit(signal);
    else if (this.#kept.length < MAX_KEPT) this.#kept.push(signal);
  }

  listen(listener: (signal: PeerSignal) => void): Disposable {
    const held = this.#listeners.add(listener);
    // After this call, as signals come otherwise too.
    if (this.#kept && this.#listeners.size === 1) void Promise.resolve().then(() => this.#give());
    return held;
  }

  /** Nothing is told any more. */
  close(): void {
    this.#open = false;
    this.#kept = undefined;
    this.#listeners.clear();
  }

  #give(): void {
    const kept = this.#kept ?? [];
    this.#kept = undefined;
    for (const signal of kept) this.emit(signal);
  }
}
