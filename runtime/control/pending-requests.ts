/**
 * Requests that wait for their answers.
 *
 * Takes  answers by their ids; those that belong to none are passed over. Keeps what waits, with when it was to come.
 */
import { PortError } from '../core/errors.ts';
import type { Instant } from '../core/time.ts';
import type { ServerAnswer } from './message.ts';

interface Waiting {
  readonly resolve: (answer: ServerAnswer) => void;
  readonly reject: (failure: PortError) => void;
  readonly due: Instant;
}

export class PendingRequests {
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 1;

  nextId(): number {
    return this.#nextId++ & 0x7fff_ffff;
  }

  /** `heard` is told of the answer at once, before the promise is. A refusal rejects with the server's words. */
  wait(id: number, due: Instant, heard?: (answer: ServerAnswer) => void): Promise<ServerAnswer> {
    return new Promise((resolve, reject) => {
      const answered = (answer: ServerAnswer): void => {
        heard?.(answer);
        resolve(answer);
      };
      this.#waiting.set(id, { resolve: answered, reject, due });
    });
  }

  answered(answer: ServerAnswer): void {
    const waiting = this.#waiting.get(answer.id);
    this.#waiting.delete(answer.id);
    if (answer.type === 'refused') waiting?.reject(new PortError(answer.code, answer.reason));
    else waiting?.resolve(answer);
  }

  /** When the first of them is late; undefined: none waits. */
  nextDue(): Instant | undefined {
    let next: Instant | undefined;
    for (const { due } of this.#waiting.values()) if (next === undefined || due < next) next = due;
    return next;
  }

  failAll(failure: PortError): void {
    for (const { reject } of this.#waiting.values()) reject(failure);
    this.#waiting.clear();
  }
}
