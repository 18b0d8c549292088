/**
 * The predicted notes of one part, from being expected until long after they were heard, or not.
 *
 * Takes  predicted notes, and true ones that came.
 * Gives  which predicted note a true one is: the same key, or the same drum, nearest in time, one to one.
 * Keeps  the last 128, oldest first; whoever adds more is refused. Fixed arrays, nothing allocated.
 */

export const NONE = -1;

/** What a predicted note does. */
export const PENDING = 0;
export const SOUNDED = 1;
/** It is only watched, to learn how predictable the part is. */
export const SHADOW = 2;

/** What became of it. */
export const OPEN = 0;
export const CONFIRMED = 1;
export const FALSE = 2;

const CAPACITY = 128;
const MASK = CAPACITY - 1;

export class PredictedNotes {
  /** Fields at `number & MASK`; use `place`. */
  readonly stage: Uint8Array = new Uint8Array(CAPACITY);
  readonly fate: Uint8Array = new Uint8Array(CAPACITY);
  readonly channel: Uint8Array = new Uint8Array(CAPACITY);
  readonly key: Uint8Array = new Uint8Array(CAPACITY);
  readonly velocity: Uint8Array = new Uint8Array(CAPACITY);
  /** The key, or the class of drums. */
  readonly kind: Uint8Array = new Uint8Array(CAPACITY);
  /** When it is to be heard, and, once it sounded, when it was. */
  readonly at: Float64Array = new Float64Array(CAPACITY);
  /** When it ends unless it is confirmed. */
  readonly end: Float64Array = new Float64Array(CAPACITY);
  /** When it is false unless it is confirmed. */
  readonly deadline: Float64Array = new Float64Array(CAPACITY);
  readonly ended: Uint8Array = new Uint8Array(CAPACITY);
  readonly carried: Uint8Array = new Uint8Array(CAPACITY);
  #first = 0;
  #count = 0;

  get size(): number {
    return this.#count;
  }

  /** Places of the notes, oldest first: `place(0)` to `place(size - 1)`. */
  place(index: number): number {
    return (this.#first + index) & MASK;
  }

  /** A place for one more; NONE when all are taken. */
  add(): number {
    if (this.#count === CAPACITY) return NONE;
    const place = (this.#first + this.#count) & MASK;
    this.#count++;
    this.fate[place] = OPEN;
    this.ended[place] = 0;
    return place;
  }

  /** The one of that kind that is nearest, `early` at most before the time or `late` after it; not confirmed. */
  nearest(kind: number, time: number, early: number, late: number): number {
    let best = NONE;
    let distance = Number.POSITIVE_INFINITY;
    for (let index = 0; index < this.#count; index++) {
      const place = (this.#first + index) & MASK;
      if (this.kind[place] !== kind || this.fate[place] === CONFIRMED) continue;
      const after = (this.at[place] ?? 0) - time;
      if (after > late || -after > early || Math.abs(after) >= distance) continue;
      best = place;
      distance = Math.abs(after);
    }
    return best;
  }

  /** Forgets the oldest ones, up to that time, that are no longer open. */
  forget(before: number): void {
    while (this.#count > 0) {
      const place = this.#first & MASK;
      if ((this.at[place] ?? 0) > before || this.fate[place] === OPEN) return;
      this.#first = (this.#first + 1) & MASK;
      this.#count--;
    }
  }

  clear(): void {
    this.#count = 0;
  }
}
