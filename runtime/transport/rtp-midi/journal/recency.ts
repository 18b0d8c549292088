/**
 * Which of 128 slots (keys or controllers) was touched last, and when: the oldest-first order of the journal's lists.
 *
 * Takes  a slot and a stamp that grows. Gives the slots from newest to oldest, each with its stamp; 0 means not listed.
 * Keeps  a linked list in three typed arrays. Nothing is allocated after construction.
 * Spec   RFC 6295 appendix A.1, oldest-first ordering rule.
 */

/** No slot: the end of the list. */
export const NO_SLOT = 128;

export class Recency {
  readonly stamps: Float64Array = new Float64Array(NO_SLOT + 1);
  readonly #older = new Uint8Array(NO_SLOT + 1).fill(NO_SLOT);
  readonly #newer = new Uint8Array(NO_SLOT + 1).fill(NO_SLOT);

  /** The slot touched last, or NO_SLOT. */
  get newest(): number {
    return this.#older[NO_SLOT] as number;
  }

  get oldest(): number {
    return this.#newer[NO_SLOT] as number;
  }

  /** The slot touched before `slot`, or NO_SLOT. */
  olderThan(slot: number): number {
    return this.#older[slot] as number;
  }

  newerThan(slot: number): number {
    return this.#newer[slot] as number;
  }

  touch(slot: number, stamp: number): void {
    if (this.#older[NO_SLOT] !== slot) {
      this.drop(slot);
      const previous = this.#older[NO_SLOT] as number;
      this.#older[slot] = previous;
      this.#newer[slot] = NO_SLOT;
      this.#newer[previous] = slot;
      this.#older[NO_SLOT] = slot;
    }
    this.stamps[slot] = stamp;
  }

  drop(slot: number): void {
    if (this.stamps[slot] === 0) return;
    const older = this.#older[slot] as number;
    const newer = this.#newer[slot] as number;
    this.#newer[older] = newer;
    this.#older[newer] = older;
    this.stamps[slot] = 0;
  }

  clear(): void {
    for (let slot = this.newest; slot !== NO_SLOT; slot = this.olderThan(slot)) {
      this.stamps[slot] = 0;
    }
    this.#older[NO_SLOT] = NO_SLOT;
    this.#newer[NO_SLOT] = NO_SLOT;
  }
}
