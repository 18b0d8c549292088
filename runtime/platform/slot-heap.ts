/** Slots of an OutputRing in order of `due`, equal ones in the order they were sent. Preallocated. */
export class SlotHeap {
  readonly #slots: Int32Array;
  readonly #due: Float64Array;
  readonly #order: Float64Array;
  #size = 0;

  constructor(capacity: number, due: Float64Array, order: Float64Array) {
    this.#slots = new Int32Array(capacity);
    this.#due = due;
    this.#order = order;
  }

  get size(): number {
    return this.#size;
  }

  /** The first slot, or -1. */
  peek(): number {
    return this.#size > 0 ? (this.#slots[0] as number) : -1;
  }

  push(slot: number): void {
    const slots = this.#slots;
    let at = this.#size++;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = slots[up] as number;
      if (!this.#precedes(slot, parent)) break;
      slots[at] = parent;
      at = up;
    }
    slots[at] = slot;
  }

  /** Takes out the first slot; -1 when there is none. */
  pop(): number {
    if (this.#size === 0) return -1;
    const slots = this.#slots;
    const first = slots[0] as number;
    const last = slots[--this.#size] as number;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= this.#size) break;
      const right = child + 1;
      if (right < this.#size && this.#precedes(slots[right] as number, slots[child] as number)) {
        child = right;
      }
      if (!this.#precedes(slots[child] as number, last)) break;
      slots[at] = slots[child] as number;
      at = child;
    }
    slots[at] = last;
    return first;
  }

  #precedes(a: number, b: number): boolean {
    const dueA = this.#due[a] as number;
    const dueB = this.#due[b] as number;
    return (
      dueA < dueB || (dueA === dueB && (this.#order[a] as number) < (this.#order[b] as number))
    );
  }
}
