/**
 * Room for long messages in shared memory: contiguous stretches, first fit. There are few at a time, so a list will do.
 */
interface Stretch {
  readonly owner: number;
  readonly from: number;
  readonly to: number;
}

export class LongArea {
  readonly #from: number;
  readonly #to: number;
  /** In order of place. */
  #taken: Stretch[] = [];

  constructor(from: number, length: number) {
    this.#from = from;
    this.#to = from + length;
  }

  /** Where the stretch begins; -1 when there is no room. */
  take(owner: number, length: number): number {
    let from = this.#from;
    let index = 0;
    for (; index < this.#taken.length; index++) {
      const stretch = this.#taken[index];
      if (stretch === undefined || from + length <= stretch.from) break;
      from = stretch.to;
    }
    if (from + length > this.#to) return -1;
    this.#taken.splice(index, 0, { owner, from, to: from + length });
    return from;
  }

  release(owner: number): void {
    this.#taken = this.#taken.filter((stretch) => stretch.owner !== owner);
  }
}
