/**
 * Slots for callers who have proven nothing yet: one that calls often can't take them all.
 *
 * Takes  who calls, by address or box.
 * Gives  a slot; undefined when there is none. When all are taken, whoever has most loses the one it has had longest to
 *        a caller who would still have fewer.
 * Keeps  who has which, in the order they were taken.
 */
interface Slot {
  readonly caller: string;
  readonly onLost: () => void;
}

export class FairSlots {
  readonly #count: number;
  readonly #taken = new Set<Slot>();

  constructor(count: number) {
    this.#count = count;
  }

  /** Disposing the result gives the slot back; `onLost`: it went to somebody else. */
  take(caller: string, onLost: () => void): Disposable | undefined {
    if (this.#taken.size >= this.#count && !this.#free(caller)) return undefined;
    const slot: Slot = { caller, onLost };
    this.#taken.add(slot);
    return { [Symbol.dispose]: () => void this.#taken.delete(slot) };
  }

  #free(caller: string): boolean {
    const counts = new Map<string, number>();
    for (const slot of this.#taken) {
      counts.set(slot.caller, (counts.get(slot.caller) ?? 0) + 1);
    }
    const most = Math.max(...counts.values());
    // With the new one it has still fewer than whoever loses one.
    if (most - 1 <= (counts.get(caller) ?? 0)) return false;
    for (const slot of this.#taken) {
      if (counts.get(slot.caller) !== most) continue;
      this.#taken.delete(slot);
      slot.onLost();
      return true;
    }
    return false;
  }
}
