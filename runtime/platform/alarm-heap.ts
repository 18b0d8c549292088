/** An alarm in the heap. `at` is its place there, -1 when it is not set. */
export interface HeldAlarm {
  due: number;
  /** Alarms that are due at once go off in this order. */
  order: number;
  at: number;
  readonly wake: () => void;
}

/** A binary heap by `due`, then `order`, whose members know their place: adding and removing allocate nothing. */
export class AlarmHeap {
  readonly #heap: HeldAlarm[] = [];

  get first(): HeldAlarm | undefined {
    return this.#heap[0];
  }

  add(alarm: HeldAlarm): void {
    this.#up(alarm, this.#heap.push(alarm) - 1);
  }

  /** Harmless when it is not in the heap. */
  remove(alarm: HeldAlarm): void {
    const at = alarm.at;
    if (at < 0) return;
    alarm.at = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === alarm) return;
    const parent = this.#heap[(at - 1) >> 1];
    if (at > 0 && parent && earlier(last, parent)) this.#up(last, at);
    else this.#down(last, at);
  }

  #up(alarm: HeldAlarm, from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = heap[above] as HeldAlarm;
      if (!earlier(alarm, parent)) break;
      heap[at] = parent;
      parent.at = at;
      at = above;
    }
    heap[at] = alarm;
    alarm.at = at;
  }

  #down(alarm: HeldAlarm, from: number): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let below = at * 2 + 1;
      if (below >= heap.length) break;
      const right = heap[below + 1];
      if (right && earlier(right, heap[below] as HeldAlarm)) below++;
      const child = heap[below] as HeldAlarm;
      if (!earlier(child, alarm)) break;
      heap[at] = child;
      child.at = at;
      at = below;
    }
    heap[at] = alarm;
    alarm.at = at;
  }
}

function earlier(a: HeldAlarm, b: HeldAlarm): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
