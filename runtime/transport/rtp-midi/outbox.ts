/**
 * What was played here and is to be sent: the messages of one burst, then packets of them.
 *
 * Takes  messages with the time when they were performed. Gives command lists to send to everyone, each before the
 *        stream's state has taken its commands: a journal never speaks of its own packet.
 * Keeps  the burst, and the state that all peers' journals describe. Adding allocates nothing after warm-up.
 */
import type { MidiMessage } from '../../core/midi-message.ts';
import { fromSeconds, type Instant } from '../../core/time.ts';
import { CommandList } from './command-list.ts';
import { StreamState } from './journal/stream-state.ts';
import { type Ticks, ticksAt } from './ticks.ts';

/** Messages that wait for the end of the burst; one more sends them. */
const BURST = 256;
/** A time of performance further off than this is not believed. */
const LONGEST_AGO = fromSeconds(10);
const FURTHEST_AHEAD = fromSeconds(1);

export class Outbox {
  readonly state: StreamState = new StreamState();
  readonly #origin: number;
  readonly #messages: (MidiMessage | undefined)[] = new Array(BURST).fill(undefined);
  readonly #times: Float64Array = new Float64Array(BURST);
  readonly #list = new CommandList();
  #count = 0;
  #stamp = 0;
  #lastAt = Number.NEGATIVE_INFINITY as Instant;

  constructor(origin: number) {
    this.#origin = origin;
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  get isFull(): boolean {
    return this.#count === BURST;
  }

  add(message: MidiMessage, at: Instant, now: Instant): void {
    if (this.isFull) return;
    const believed = at >= now - LONGEST_AGO && at <= now + FURTHEST_AHEAD ? at : now;
    this.#messages[this.#count] = message;
    this.#times[this.#count] = believed;
    this.#count++;
  }

  /** The time for a packet without commands: never before what was sent. */
  timeOfEmpty(now: Instant): Instant {
    this.#lastAt = Math.max(this.#lastAt, now) as Instant;
    return this.#lastAt;
  }

  ticksOf(at: Instant): Ticks {
    return ticksAt(at, this.#origin);
  }

  /** Calls `send` for each packet's worth, then `sent` when the state has taken it. */
  flush(
    send: (list: CommandList, first: Ticks, at: Instant) => void,
    sent: (list: CommandList) => void,
  ): void {
    const list = this.#list;
    const count = this.#count;
    let from = 0;
    let next = 0;
    while (next < count) {
      list.clear();
      const began = next;
      const firstAt = Math.max(this.#lastAt, this.#times[next] as number) as Instant;
      while (next < count) {
        const message = this.#messages[next] as MidiMessage;
        const at = Math.max(this.#lastAt, this.#times[next] as number) as Instant;
        const got = list.add(message, from, this.ticksOf(at));
        if (got < 0) break;
        this.#lastAt = at;
        from = got;
        if (!CommandList.isWhole(message, got)) break;
        this.#times[next] = at;
        from = 0;
        next++;
      }
      send(list, list.first, firstAt);
      for (let i = began; i < next; i++) {
        const message = this.#messages[i] as MidiMessage;
        this.state.apply(message, ++this.#stamp, this.#times[i] as Instant);
        this.#messages[i] = undefined;
      }
      sent(list);
    }
    this.#count = 0;
  }
}
