/**
 * What has been handed to outputs and whose fate is open: one slot per event, its number is the tag that the outputs
 * give back.
 *
 * Takes  an event, the outputs that took it (a bit each), and their reports.
 * Gives  `settled`, once for each slot, when the last output has reported. An output's silence never holds a slot for
 *        good: `forget` settles what a lost output took.
 * Keeps  slots are used again; there are as many as were ever open at once, which the outputs' queues bound.
 */
import type { MidiMessage } from '../core/midi-message.ts';
import type { EventCause } from '../core/scheduled-event.ts';
import type { Instant } from '../core/time.ts';

export interface SentSlot<Source> {
  message: MidiMessage;
  /** The voice that the message starts or ends, or NO_VOICE. */
  voice: number;
  starts: boolean;
  /** Undefined: the ledger's own doing, which nobody is told of. */
  source: Source | undefined;
  cause: EventCause;
  due: Instant;
  /** Bits of the outputs that have not reported yet. */
  waiting: number;
  /** When it left the output that was first to report so. */
  leftAt: Instant | undefined;
}

/** Outputs have bits 0 to 29. */
export const MAX_OUTPUTS = 30;
const HANDING = 1 << MAX_OUTPUTS;

export class SentSlots<Source> {
  readonly #slots: SentSlot<Source>[] = [];
  readonly #free: number[] = [];
  readonly #settled: (slot: SentSlot<Source>) => void;

  constructor(settled: (slot: SentSlot<Source>) => void) {
    this.#settled = settled;
  }

  /** A slot that stays open until `handed` at least. */
  open(
    message: MidiMessage,
    voice: number,
    starts: boolean,
    source: Source | undefined,
    cause: EventCause,
    due: Instant,
  ): number {
    const free = this.#free.pop();
    if (free !== undefined) {
      const slot = this.at(free);
      slot.message = message;
      slot.voice = voice;
      slot.starts = starts;
      slot.source = source;
      slot.cause = cause;
      slot.due = due;
      slot.waiting = HANDING;
      slot.leftAt = undefined;
      return free;
    }
    const waiting = HANDING;
    return (
      this.#slots.push({
        message,
        voice,
        starts,
        source,
        cause,
        due,
        waiting,
        leftAt: undefined,
      }) - 1
    );
  }

  at(tag: number): SentSlot<Source> {
    const slot = this.#slots[tag];
    if (slot === undefined) throw new RangeError(`no event has the tag ${tag}`);
    return slot;
  }

  isWaiting(tag: number, bit: number): boolean {
    const slot = this.#slots[tag];
    return slot !== undefined && (slot.waiting & bit) !== 0;
  }

  /** The output of this bit will report. */
  expect(tag: number, bit: number): void {
    this.at(tag).waiting |= bit;
  }

  /** It refused: it will not report after all. The slot is still being handed round. */
  unexpect(tag: number, bit: number): void {
    this.at(tag).waiting &= ~bit;
  }

  /** Every output has been asked. `tookEffectAt`: nothing needs to leave for this event to have had its effect. */
  handed(tag: number, tookEffectAt?: Instant): void {
    this.report(tag, HANDING, tookEffectAt);
  }

  report(tag: number, bit: number, leftAt: Instant | undefined): void {
    const slot = this.at(tag);
    if ((slot.waiting & bit) === 0) return;
    slot.waiting &= ~bit;
    if (slot.leftAt === undefined) slot.leftAt = leftAt;
    if (slot.waiting !== 0) return;
    this.#settled(slot);
    this.#free.push(tag);
  }

  /** The output of this bit is gone. */
  forget(bit: number): void {
    for (let tag = 0; tag < this.#slots.length; tag++) this.report(tag, bit, undefined);
  }

  get openCount(): number {
    return this.#slots.length - this.#free.length;
  }
}
