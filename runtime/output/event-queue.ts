/**
 * Scheduled events in order of `due`, equal ones in the order they came: a binary heap of records that are used again,
 * so that nothing is allocated once it has been as full as it gets.
 */
import type { MidiMessage } from '../core/midi-message.ts';
import type { EventCause } from '../core/scheduled-event.ts';
import type { Instant } from '../core/time.ts';

export interface QueuedEvent<Source> {
  message: MidiMessage;
  due: Instant;
  source: Source;
  cause: EventCause;
  order: number;
}

export class EventQueue<Source> {
  #heap: QueuedEvent<Source>[] = [];
  readonly #spare: QueuedEvent<Source>[] = [];
  #orders = 0;

  get size(): number {
    return this.#heap.length;
  }

  peek(): QueuedEvent<Source> | undefined {
    return this.#heap[0];
  }

  push(message: MidiMessage, due: Instant, source: Source, cause: EventCause): void {
    const order = this.#orders++;
    let event = this.#spare.pop();
    if (event === undefined) {
      event = { message, due, source, cause, order };
    } else {
      event.message = message;
      event.due = due;
      event.source = source;
      event.cause = cause;
      event.order = order;
    }
    this.#heap.push(event);
    this.#rise(this.#heap.length - 1);
  }

  /** The first event. Hand it back with `recycle` when done with it. */
  pop(): QueuedEvent<Source> | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (first === undefined || last === undefined || first === last) return first;
    this.#heap[0] = last;
    this.#sink(0);
    return first;
  }

  recycle(event: QueuedEvent<Source>): void {
    this.#spare.push(event);
  }

  /** Takes out all events of a source (of every source when undefined), in order of `due`. Not for the hot path. */
  remove(source: Source | undefined): QueuedEvent<Source>[] {
    const gone: QueuedEvent<Source>[] = [];
    const kept: QueuedEvent<Source>[] = [];
    for (const event of this.#heap) {
      if (source === undefined || event.source === source) gone.push(event);
      else kept.push(event);
    }
    this.#heap = kept;
    for (let at = (kept.length >> 1) - 1; at >= 0; at--) this.#sink(at);
    return gone.sort((a, b) => (precedes(a, b) ? -1 : 1));
  }

  #rise(from: number): void {
    const heap = this.#heap;
    const event = heap[from] as QueuedEvent<Source>;
    let at = from;
    while (at > 0) {
      const up = (at - 1) >> 1;
      const parent = heap[up] as QueuedEvent<Source>;
      if (!precedes(event, parent)) break;
      heap[at] = parent;
      at = up;
    }
    heap[at] = event;
  }

  #sink(from: number): void {
    const heap = this.#heap;
    const event = heap[from] as QueuedEvent<Source>;
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      const right = heap[child + 1];
      if (right !== undefined && precedes(right, heap[child] as QueuedEvent<Source>)) child++;
      const smaller = heap[child] as QueuedEvent<Source>;
      if (!precedes(smaller, event)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = event;
  }
}

function precedes(a: QueuedEvent<unknown>, b: QueuedEvent<unknown>): boolean {
  return a.due < b.due || (a.due === b.due && a.order < b.order);
}
