/**
 * One wish at a time that takes a while: joining, creating or leaving a session. A new wish cancels the one before it.
 *
 * Gives  what is being waited for, and to whoever wished how it ended. Never throws.
 */
export type WishEnd =
  | { readonly kind: 'done' }
  /** By another wish, or by the player. */
  | { readonly kind: 'cancelled' }
  | { readonly kind: 'failed'; readonly failure: unknown };

interface Waiting {
  readonly doing: string;
  readonly name: string;
}

export class Joining implements AsyncDisposable {
  #waiting: Waiting | undefined;
  #abort: AbortController | undefined;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #changed: () => void;

  constructor(changed: () => void) {
    this.#changed = changed;
  }

  get waiting(): Waiting | undefined {
    return this.#waiting;
  }

  /** `work` starts once the wish before it has ended. */
  start(
    doing: string,
    name: string,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<WishEnd> {
    this.cancel();
    const abort = new AbortController();
    const waiting = { doing, name };
    this.#abort = abort;
    this.#waiting = waiting;
    const ended = this.#turn.then(() => this.#run(waiting, abort.signal, work));
    this.#turn = ended;
    this.#changed();
    return ended;
  }

  async #run(
    waiting: Waiting,
    signal: AbortSignal,
    work: (signal: AbortSignal) => Promise<void>,
  ): Promise<WishEnd> {
    let end: WishEnd = { kind: 'done' };
    try {
      if (!signal.aborted) await work(signal);
      if (signal.aborted) end = { kind: 'cancelled' };
    } catch (failure) {
      // A value for whoever wished; a cancelled wish has nothing to tell.
      end = signal.aborted ? { kind: 'cancelled' } : { kind: 'failed', failure };
    }
    if (this.#waiting === waiting) this.#waiting = undefined;
    this.#changed();
    return end;
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
