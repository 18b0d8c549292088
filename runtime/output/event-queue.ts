/**
 * Scheduled events in order of `due`, equal ones in the order they came: a heap of records that are used again,
 * so that nothing is allocated once it has been as full as it gets.
 */
import { type Due, DueHeap } from '../core/due-heap.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import type { EventCause } from '../core/scheduled-event.ts';
import type { Instant } from '../core/time.ts';

export interface QueuedEvent<Source> extends Due {
  message: MidiMessage;
  due: Instant;
  source: Source;
  cause: EventCause;
}

export class EventQueue<Source> {
  readonly #heap = new DueHeap<QueuedEvent<Source>>();
  readonly #spare: QueuedEvent<Source>[] = [];
  #orders = 0;

  get size(): number {
    return this.#heap.size;
  }

  peek(): QueuedEvent<Source> | undefined {
    return this.#heap.first;
  }

  push(message: MidiMessage, due: Instant, source: Source, cause: EventCause): void {
    this.#heap.add(this.record(message, due, source, cause));
  }

  /** An event that is not in the queue, for who has its turn at once. Hand it back with `recycle` when done with it. */
  record(
    message: MidiMessage,
    due: Instant,
    source: Source,
    cause: EventCause,
  ): QueuedEvent<Source> {
    const order = this.#orders++;
    const event = this.#spare.pop();
    if (event === undefined) return { message, due, source, cause, order, at: -1 };
    event.message = message;
    event.due = due;
    event.source = source;
    event.cause = cause;
    event.order = order;
    return event;
  }

  /** The first event. Hand it back with `recycle` when done with it. */
  pop(): QueuedEvent<Source> | undefined {
    const first = this.#heap.first;
    if (first !== undefined) this.#heap.remove(first);
    return first;
  }

  recycle(event: QueuedEvent<Source>): void {
    this.#spare.push(event);
  }

  /** Takes out all events of a source (of every source when undefined), in order of `due`. Not for the hot path. */
  remove(source: Source | undefined): QueuedEvent<Source>[] {
    const gone = this.#heap
      .members()
      .filter((event) => source === undefined || event.source === source);
    for (const event of gone) this.#heap.remove(event);
    return gone.sort((a, b) => a.due - b.due || a.order - b.order);
  }
}
