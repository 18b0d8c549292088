/**
 * Packets that came before one they should follow, held for a moment.
 *
 * Takes  a packet's octets (copied) under its extended sequence number. Gives them back by number.
 * Keeps  SLOTS packets of at most SLOT_OCTETS, each buffer made once. Refuses what doesn't fit.
 */
import type { Instant } from '../../core/time.ts';

const SLOTS = 32;
export const SLOT_OCTETS = 2_048;
const EMPTY = -1;

export interface HeldPacket {
  sequence: number;
  length: number;
  readonly bytes: Uint8Array;
  arrivedAt: Instant;
}

export class ReorderBuffer {
  readonly #slots: HeldPacket[] = [];
  #held = 0;

  get isEmpty(): boolean {
    return this.#held === 0;
  }

  /** False when there is no room, or the packet is held already. */
  hold(sequence: number, bytes: Uint8Array, at: Instant): boolean {
    if (bytes.length > SLOT_OCTETS || this.#find(sequence)) return false;
    let slot = this.#find(EMPTY);
    if (!slot) {
      if (this.#slots.length >= SLOTS) return false;
      slot = { sequence: EMPTY, length: 0, bytes: new Uint8Array(SLOT_OCTETS), arrivedAt: at };
      this.#slots.push(slot);
    }
    slot.bytes.set(bytes);
    slot.length = bytes.length;
    slot.sequence = sequence;
    slot.arrivedAt = at;
    this.#held++;
    return true;
  }

  has(sequence: number): boolean {
    return this.#find(sequence) !== undefined;
  }

  /** The packet of this number, to be read before the next `hold`. */
  take(sequence: number): HeldPacket | undefined {
    const slot = this.#find(sequence);
    if (!slot) return undefined;
    slot.sequence = EMPTY;
    this.#held--;
    return slot;
  }

  /** The lowest number held, or -1. */
  get lowest(): number {
    let lowest = EMPTY;
    for (const slot of this.#slots) {
      if (slot.sequence !== EMPTY && (lowest === EMPTY || slot.sequence < lowest))
        lowest = slot.sequence;
    }
    return lowest;
  }

  /** When the packet that has waited longest came. */
  get waitingSince(): Instant | undefined {
    let since: Instant | undefined;
    for (const slot of this.#slots) {
      if (slot.sequence !== EMPTY && (since === undefined || slot.arrivedAt < since))
        since = slot.arrivedAt;
    }
    return since;
  }

  clear(): void {
    for (const slot of this.#slots) slot.sequence = EMPTY;
    this.#held = 0;
  }

  #find(sequence: number): HeldPacket | undefined {
    for (const slot of this.#slots) if (slot.sequence === sequence) return slot;
    return undefined;
  }
}
