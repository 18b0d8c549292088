/**
 * One wish at a time that takes a while: joining, creating or leaving a session. A new wish cancels the one before it.
 *
 * Gives  what is being waited for, and the failure of a wish that was not cancelled.
 */
export class Joining implements AsyncDisposable {
  #waiting: { readonly doing: string; readonly name: string } | undefined;
  #abort: AbortController | undefined;
  #turn: Promise<void> = Promise.resolve();
  readonly #changed: () => void;
  readonly #failed: (failure: unknown) => void;

  constructor(changed: () => void, failed: (failure: unknown) => void) {
    this.#changed = changed;
    this.#failed = failed;
  }

  get waiting(): { readonly doing: string; readonly name: string } | undefined {
    return this.#waiting;
  }

  /** Never throws. `work` starts once the wish before it has ended. */
  start(doing: string, name: string, work: (signal: AbortSignal) => Promise<void>): void {
    this.cancel();
    const abort = new AbortController();
    const waiting = { doing, name };
    this.#abort = abort;
    this.#waiting = waiting;
    this.#turn = this.#turn.then(async () => {
      try {
        if (!abort.signal.aborted) await work(abort.signal);
      } catch (failure) {
        // Told on the panel; a cancelled wish has nothing to tell.
        if (!abort.signal.aborted) this.#failed(failure);
      }
      if (this.#waiting === waiting) this.#waiting = undefined;
      this.#changed();
    });
    this.#changed();
  }

  cancel(): void {
    this.#abort?.abort();
    this.#abort = undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.cancel();
    await this.#turn;
  }
}
