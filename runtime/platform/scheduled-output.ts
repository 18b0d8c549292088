/**
 * A MidiOutput whose wire is in the output worker: the main thread's half of an OutputRing.
 *
 * Takes  messages, at any time.
 * Gives  them to the worker through shared memory, and its reports to the listeners when `collect` is called.
 * Keeps  the free slots, and the tags of those in use. Sending allocates nothing but for long SysEx.
 *        Drop policy: a message that finds no free slot, or no room for its length, is refused.
 */
import { Listeners } from '../core/listeners.ts';
import type { Instant } from '../core/time.ts';
import type { MidiOutput } from '../ports/midi-output.ts';
import { LongArea } from './long-area.ts';
import { CLOSE, CONTROL, FLUSH, INLINE, type OutputRing, STATE } from './output-ring.ts';

/** The tag of a free slot. */
const NOT_SENT = -1;

/** Bytes of a message that left, valid during the call only. */
export type LoopListener = (bytes: Uint8Array, leftAt: Instant) => void;

export class ScheduledOutput implements MidiOutput {
  readonly name: string;
  readonly #ring: OutputRing;
  readonly #wake: (due: number) => void;
  readonly #loop: LoopListener | undefined;
  readonly #free: Int32Array;
  #freeCount: number;
  readonly #tags: Int32Array;
  readonly #long: LongArea;
  #orders = 0;
  #lastWasFlush = false;
  readonly #sent = new Listeners<[number, Instant | undefined]>();
  readonly #lost = new Listeners<[]>();
  #state: 'open' | 'closing' | 'gone' = 'open';
  #closed: Promise<void> | undefined;
  #finished: () => void = () => {};

  constructor(
    name: string,
    ring: OutputRing,
    wake: (due: number) => void,
    loop: LoopListener | undefined,
  ) {
    this.name = name;
    this.#ring = ring;
    this.#wake = wake;
    this.#loop = loop;
    this.#free = Int32Array.from({ length: ring.slots }, (_, index) => ring.slots - 1 - index);
    this.#freeCount = ring.slots;
    this.#tags = new Int32Array(ring.slots).fill(NOT_SENT);
    const inline = ring.slots * INLINE;
    this.#long = new LongArea(inline, ring.bytes.length - inline);
  }

  send(bytes: Uint8Array, due: Instant, tag: number): boolean {
    if (this.#state !== 'open' || this.#freeCount === 0) return false;
    const { length } = bytes;
    const slot = this.#free[this.#freeCount - 1] as number;
    const ring = this.#ring;
    let offset = slot * INLINE;
    if (length <= INLINE) {
      for (let i = 0; i < length; i++) ring.bytes[offset + i] = bytes[i] as number;
    } else {
      offset = this.#long.take(slot, length);
      if (offset < 0) return false;
      ring.bytes.set(bytes, offset);
    }
    this.#freeCount--;
    ring.due[slot] = due;
    ring.order[slot] = this.#orders++;
    ring.offset[slot] = offset;
    ring.length[slot] = length;
    this.#tags[slot] = tag;
    this.#lastWasFlush = false;
    this.#command(slot, due);
    return true;
  }

  flush(): void {
    // Nothing was sent since the last one: it would find nothing to drop.
    if (this.#state !== 'open' || this.#lastWasFlush) return;
    this.#lastWasFlush = true;
    this.#command(FLUSH, Number.NEGATIVE_INFINITY);
  }

  onSent(listener: (tag: number, leftAt: Instant | undefined) => void): Disposable {
    return this.#sent.add(listener);
  }

  onLost(listener: () => void): Disposable {
    return this.#lost.add(listener);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#closed ??= new Promise<void>((resolve) => {
      this.#finished = resolve;
      if (this.#state === 'gone') {
        this.#finish();
      } else {
        this.#state = 'closing';
        this.#command(CLOSE, Number.NEGATIVE_INFINITY);
      }
    });
    return this.#closed;
  }

  /** The worker owes a report. */
  get expectsReports(): boolean {
    return (
      this.#state === 'closing' || (this.#state === 'open' && this.#freeCount < this.#free.length)
    );
  }

  /** Hands on what the worker has reported. True when the worker is done with this output. */
  collect(): boolean {
    const { control, reportSlots, reportLeftAt, slots } = this.#ring;
    const state = Atomics.load(control, CONTROL.state);
    const head = Atomics.load(control, CONTROL.reportHead);
    let tail = control[CONTROL.reportTail] as number;
    while (tail !== head) {
      const at = tail & (slots - 1);
      const slot = reportSlots[at] as number;
      const leftAt = reportLeftAt[at] as number;
      tail = (tail + 1) | 0;
      // Before the slot is used again, which a listener may do.
      control[CONTROL.reportTail] = tail;
      this.#settle(slot, leftAt);
    }
    if (state === STATE.lost) this.lose();
    else if (state === STATE.closed) this.#finish();
    return this.#state === 'gone';
  }

  /** The device, or the worker itself, is gone. */
  lose(): void {
    if (this.#state === 'gone') return;
    const told = this.#state === 'open';
    this.#state = 'gone';
    for (let slot = 0; slot < this.#tags.length; slot++) {
      const tag = this.#tags[slot] as number;
      this.#tags[slot] = NOT_SENT;
      if (tag !== NOT_SENT) this.#sent.emit(tag, undefined);
    }
    if (told) this.#lost.emit();
    this.#finish();
  }

  #settle(slot: number, leftAt: number): void {
    const { offset, length, bytes } = this.#ring;
    const tag = this.#tags[slot] as number;
    const left = Number.isNaN(leftAt) ? undefined : (leftAt as Instant);
    if (left !== undefined && this.#loop !== undefined) {
      const from = offset[slot] as number;
      this.#loop(bytes.subarray(from, from + (length[slot] as number)), left);
    }
    if ((offset[slot] as number) >= this.#ring.slots * INLINE) this.#long.release(slot);
    this.#tags[slot] = NOT_SENT;
    this.#free[this.#freeCount++] = slot;
    this.#sent.emit(tag, left);
  }

  #finish(): void {
    this.#state = 'gone';
    this.#finished();
    this.#sent.clear();
    this.#lost.clear();
  }

  #command(command: number, due: number): void {
    const { control, commands } = this.#ring;
    const head = control[CONTROL.commandHead] as number;
    commands[head & (commands.length - 1)] = command;
    Atomics.store(control, CONTROL.commandHead, (head + 1) | 0);
    this.#wake(due);
  }
}
