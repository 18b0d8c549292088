/**
 * The memory that the main thread and the output worker share for one output. Nobody locks, nobody allocates.
 *
 * A message is put into a free slot and the slot's number into the command ring. The worker takes commands, and when a
 * message has left or been dropped it puts the slot's number and the instant into the report ring; then the slot is the
 * main thread's again. Each ring has one writer and one reader.
 */

/** Words of `control`. */
export const CONTROL = { commandHead: 0, commandTail: 1, reportHead: 2, reportTail: 3, state: 4 };

/** `state`, written by the worker. */
export const STATE = { open: 0, closed: 1, lost: 2 };

/** Commands that are no slot. */
export const FLUSH = -1;
export const CLOSE = -2;

/** Messages of up to this many octets lie in their slot; longer ones in the common area. */
export const INLINE = 8;
const LONG_AREA = 2 << 20;
/** Flushes that follow one another are one, so there are at most as many as messages, and one; then CLOSE. */
const COMMANDS_PER_SLOT = 4;

export interface OutputRing {
  readonly slots: number;
  readonly control: Int32Array;
  readonly commands: Int32Array;
  /** By slot. `order` tells which of equal `due` was sent first. */
  readonly due: Float64Array;
  readonly order: Float64Array;
  readonly offset: Int32Array;
  readonly length: Int32Array;
  /** By position in the ring. `leftAt` is NaN when it was dropped. */
  readonly reportSlots: Int32Array;
  readonly reportLeftAt: Float64Array;
  readonly bytes: Uint8Array;
}

/** `slots` must be a power of two. */
export function makeOutputRing(slots: number): OutputRing {
  const ints = (length: number): Int32Array => new Int32Array(new SharedArrayBuffer(length * 4));
  const floats = (length: number): Float64Array =>
    new Float64Array(new SharedArrayBuffer(length * 8));
  return {
    slots,
    control: ints(8),
    commands: ints(slots * COMMANDS_PER_SLOT),
    due: floats(slots),
    order: floats(slots),
    offset: ints(slots),
    length: ints(slots),
    reportSlots: ints(slots),
    reportLeftAt: floats(slots),
    bytes: new Uint8Array(new SharedArrayBuffer(slots * INLINE + LONG_AREA)),
  };
}
