/**
 * One output inside the worker.
 *
 * Takes  commands from its ring.
 * Gives  octets to its sink at `due`, paced where the wire is slow, and reports to its ring.
 * Keeps  slots in order of `due`, and a message of which part has been written. Allocates nothing.
 */

import { CLOSE, CONTROL, FLUSH, type OutputRing, STATE } from './output-ring.ts';
import { GONE, type Sink } from './output-sinks.ts';
import { SlotHeap } from './slot-heap.ts';

/** How soon to try again when the kernel's buffer is full. */
const RETRY = 500;
/** Octets of a long message written at once to a paced wire: short enough to be dropped soon, long enough to sleep. */
const CHUNK = 16;
/** A SysEx with more than this to go is cut short by a flush: what follows is urgent. */
const WORTH_CUTTING = 64;
const END_OF_SYSEX = 0xf7;
/** How long a wire that takes nothing may hold up its closing. */
const PATIENCE = 3_000_000;

export class WorkerLane {
  readonly #ring: OutputRing;
  readonly #sink: Sink;
  readonly #now: () => number;
  /** Microseconds that an octet takes; 0: as fast as the sink takes it. */
  readonly #byteTime: number;
  readonly #heap: SlotHeap;
  /** The slot that is being written, or -1; how much of it was; when its first octet left. */
  #current = -1;
  #written = 0;
  #leftAt = Number.NaN;
  /** When the wire has sent what it was given. */
  #freeAt = 0;
  #closing = false;
  #closeBy = Number.POSITIVE_INFINITY;

  constructor(ring: OutputRing, sink: Sink, byteTime: number, now: () => number) {
    this.#ring = ring;
    this.#sink = sink;
    this.#byteTime = byteTime;
    this.#now = now;
    this.#heap = new SlotHeap(ring.slots, ring.due, ring.order);
  }

  get done(): boolean {
    return this.#ring.control[CONTROL.state] !== STATE.open;
  }

  /** Does what is to be done now and returns when there will be more. */
  turn(): number {
    this.#takeCommands();
    if (this.done) {
      this.#dropAll();
      return Number.POSITIVE_INFINITY;
    }
    for (;;) {
      const now = this.#now();
      if (now >= this.#closeBy) return this.#giveUp();
      if (this.#current < 0) {
        const next = this.#heap.peek();
        if (next < 0) return this.#closing ? this.#finish(now) : Number.POSITIVE_INFINITY;
        const due = this.#ring.due[next] as number;
        const at = Math.max(due, this.#freeAt - this.#byteTime);
        if (at > now) return at;
        this.#current = this.#heap.pop();
        this.#written = 0;
      } else if (this.#freeAt - this.#byteTime > now) {
        return this.#freeAt - this.#byteTime;
      }
      const wait = this.#write(now);
      if (wait > 0) return now + wait;
      if (this.done) return Number.POSITIVE_INFINITY;
    }
  }

  /** Writes what it can of the current message; returns how long to wait before going on, or 0. */
  #write(now: number): number {
    const slot = this.#current;
    const { length, offset, bytes } = this.#ring;
    const left = (length[slot] as number) - this.#written;
    const count = this.#byteTime > 0 && left > CHUNK ? CHUNK : left;
    const taken = this.#sink.write(bytes, (offset[slot] as number) + this.#written, count);
    if (taken === GONE) {
      this.#report(slot, this.#written > 0 ? this.#leftAt : Number.NaN);
      this.#current = -1;
      this.#lose();
      return 0;
    }
    if (taken === 0) return RETRY;
    const at = Math.max(now, this.#freeAt);
    if (this.#written === 0) this.#leftAt = at;
    this.#freeAt = at + taken * this.#byteTime;
    this.#written += taken;
    if (this.#written === (length[slot] as number)) {
      this.#report(slot, this.#leftAt);
      this.#current = -1;
    }
    return 0;
  }

  #takeCommands(): void {
    const { control, commands } = this.#ring;
    const head = Atomics.load(control, CONTROL.commandHead);
    let tail = control[CONTROL.commandTail] as number;
    while (tail !== head) {
      const command = commands[tail & (commands.length - 1)] as number;
      tail = (tail + 1) | 0;
      if (command === FLUSH) {
        this.#cut();
        this.#dropAll();
      } else if (command === CLOSE) {
        this.#closing = true;
        this.#closeBy = this.#now() + PATIENCE;
        this.#dropFuture();
      } else {
        this.#heap.push(command);
      }
    }
    Atomics.store(control, CONTROL.commandTail, tail);
  }

  /** Ends a long message that is under way. */
  #cut(): void {
    const { length, offset, bytes } = this.#ring;
    const slot = this.#current;
    if (slot < 0 || (length[slot] as number) - this.#written <= WORTH_CUTTING) return;
    bytes[(offset[slot] as number) + this.#written] = END_OF_SYSEX;
    length[slot] = this.#written + 1;
  }

  /** Drops what is not due yet. Only when closing: it allocates. */
  #dropFuture(): void {
    const now = this.#now();
    const staying: number[] = [];
    for (let slot = this.#heap.pop(); slot >= 0; slot = this.#heap.pop()) {
      if ((this.#ring.due[slot] as number) > now) this.#report(slot, Number.NaN);
      else staying.push(slot);
    }
    for (const slot of staying) this.#heap.push(slot);
  }

  #dropAll(): void {
    for (let slot = this.#heap.pop(); slot >= 0; slot = this.#heap.pop()) {
      this.#report(slot, Number.NaN);
    }
  }

  /** The wire takes nothing. */
  #giveUp(): number {
    if (this.#current >= 0)
      this.#report(this.#current, this.#written > 0 ? this.#leftAt : Number.NaN);
    this.#current = -1;
    this.#dropAll();
    this.#freeAt = 0;
    return this.#finish(this.#now());
  }

  #finish(now: number): number {
    if (this.#byteTime > 0 && this.#freeAt > now) return this.#freeAt;
    this.#sink.close();
    Atomics.store(this.#ring.control, CONTROL.state, STATE.closed);
    return Number.POSITIVE_INFINITY;
  }

  #lose(): void {
    this.#dropAll();
    this.#sink.close();
    Atomics.store(this.#ring.control, CONTROL.state, STATE.lost);
  }

  #report(slot: number, leftAt: number): void {
    const { control, reportSlots, reportLeftAt, slots } = this.#ring;
    const head = control[CONTROL.reportHead] as number;
    const at = head & (slots - 1);
    reportSlots[at] = slot;
    reportLeftAt[at] = leftAt;
    Atomics.store(control, CONTROL.reportHead, (head + 1) | 0);
  }
}
