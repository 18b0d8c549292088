/**
 * Which keys (or drum classes) started in which slot, over the last bars: what lags are compared by.
 *
 * Takes  slot and key of each note as it becomes known, in any order.
 * Gives  whether a key started in a slot, how many did, how many between two slots.
 * Keeps  a ring of slots: 256 bars of four beats. Nothing is allocated after it is made. What is older is forgotten.
 */

/** Slots kept; a power of two, so that a place in the ring is a mask away. */
export const SLOTS_KEPT = 8192;
const RING = SLOTS_KEPT - 1;

export class SlotKeys {
  /** 128 keys as four words a slot. */
  readonly words: Int32Array = new Int32Array(SLOTS_KEPT * 4);
  readonly counts: Uint8Array = new Uint8Array(SLOTS_KEPT);
  /** Notes from the start of the history to that slot, itself included. */
  readonly #sums: Int32Array = new Int32Array(SLOTS_KEPT);
  /** The lowest slot that changed since whoever compares slots set it to Infinity. */
  changedFrom: number = Number.NEGATIVE_INFINITY;
  /** The first slot that is known; no slot before it says anything. The ring is empty while it is above `last`. */
  first: number = Number.POSITIVE_INFINITY;
  last: number = Number.NEGATIVE_INFINITY;

  /** False when the key had started in that slot already, or the slot is too old. */
  add(slot: number, key: number): boolean {
    if (slot > this.last) this.#reach(slot);
    if (slot <= this.last - SLOTS_KEPT) return false;
    if (slot < this.first) this.first = slot;
    if (slot < this.changedFrom) this.changedFrom = slot;
    const place = slot & RING;
    const word = place * 4 + (key >> 5);
    const bit = 1 << (key & 31);
    const held = this.words[word] ?? 0;
    if ((held & bit) !== 0) return false;
    this.words[word] = held | bit;
    this.counts[place] = (this.counts[place] ?? 0) + 1;
    for (let later = slot; later <= this.last; later++) {
      this.#sums[later & RING] = (this.#sums[later & RING] ?? 0) + 1;
    }
    return true;
  }

  has(slot: number, key: number): boolean {
    if (slot > this.last || slot < this.first) return false;
    return ((this.words[(slot & RING) * 4 + (key >> 5)] ?? 0) & (1 << (key & 31))) !== 0;
  }

  count(slot: number): number {
    return slot > this.last || slot < this.first ? 0 : (this.counts[slot & RING] ?? 0);
  }

  /** Keys that started in both slots. */
  shared(slot: number, other: number): number {
    if (other > this.last || other < this.first) return 0;
    const a = (slot & RING) * 4;
    const b = (other & RING) * 4;
    let shared = 0;
    for (let word = 0; word < 4; word++) {
      let both = (this.words[a + word] ?? 0) & (this.words[b + word] ?? 0);
      while (both !== 0) {
        both &= both - 1;
        shared++;
      }
    }
    return shared;
  }

  /** Notes after slot `from` up to slot `to`. */
  between(from: number, to: number): number {
    return this.#sum(to) - this.#sum(from);
  }

  clear(): void {
    this.words.fill(0);
    this.counts.fill(0);
    this.#sums.fill(0);
    this.changedFrom = Number.NEGATIVE_INFINITY;
    this.first = Number.POSITIVE_INFINITY;
    this.last = Number.NEGATIVE_INFINITY;
  }

  #sum(slot: number): number {
    if (slot > this.last) return this.last < this.first ? 0 : (this.#sums[this.last & RING] ?? 0);
    if (slot < this.first) {
      // Before the first slot nothing was counted; of a full ring the oldest sum stands for what went out of it.
      return slot > this.last - SLOTS_KEPT || this.last < this.first ? 0 : this.#oldestSum();
    }
    return this.#sums[slot & RING] ?? 0;
  }

  #oldestSum(): number {
    const place = (this.last - RING) & RING;
    return (this.#sums[place] ?? 0) - (this.counts[place] ?? 0);
  }

  #reach(slot: number): void {
    if (this.last === Number.NEGATIVE_INFINITY || slot - this.last >= SLOTS_KEPT) {
      this.clear();
      this.first = slot;
      this.last = slot;
      return;
    }
    const sum = this.#sums[this.last & RING] ?? 0;
    for (let next = this.last + 1; next <= slot; next++) {
      const place = next & RING;
      this.words.fill(0, place * 4, place * 4 + 4);
      this.counts[place] = 0;
      this.#sums[place] = sum;
    }
    this.last = slot;
    this.first = Math.max(this.first, slot - RING);
  }
}
