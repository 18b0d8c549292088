/** A member of the heap. `at` is its place there, -1 when it is in none; while it is in one, the rest stands still. */
export interface Due {
  due: number;
  /** Members that are due at once come in this order. */
  order: number;
  at: number;
}

/** A binary heap by `due`, then `order`, whose members know their place: adding and removing allocate nothing. */
export class DueHeap<T extends Due> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** The earliest. */
  get first(): T | undefined {
    return this.#heap[0];
  }

  add(member: T): void {
    this.#up(member, this.#heap.push(member) - 1);
  }

  /** Harmless when it is not in the heap. */
  remove(member: T): void {
    const at = member.at;
    if (at < 0) return;
    member.at = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === member) return;
    const parent = this.#heap[(at - 1) >> 1];
    if (at > 0 && parent && earlier(last, parent)) this.#up(last, at);
    else this.#down(last, at);
  }

  /** All members, in no order. A copy: they may be removed meanwhile. */
  members(): T[] {
    return [...this.#heap];
  }

  #up(member: T, from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as T;
      if (!earlier(member, parent)) break;
      heap[at] = parent;
      parent.at = at;
      at = above;
    }
    heap[at] = member;
    member.at = at;
  }

  #down(member: T, from: number): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= heap.length) break;
      const right = heap[below + 1];
      if (right && earlier(right, heap[below] as T)) below++;
      const child = heap[below] as T;
      if (!earlier(child, member)) break;
      heap[at] = child;
      child.at = at;
      at = below;
    }
    heap[at] = member;
    member.at = at;
  }
}

function earlier(a: Due, b: Due): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
