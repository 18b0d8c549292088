/**
 * Copies of packets that are sent once or twice more, so that a single loss costs milliseconds and no repair.
 *
 * Takes  each packet as it is sent, and the time.
 * Gives  the same octets again, under the same sequence number: a receiver drops what it has already (RFC 3550).
 * Keeps  the last SLOTS packets, in buffers made when first needed. A packet that is pushed out before all of its copies
 *        went out is counted in `dropped`: the journal makes up for it, as without copies.
 *
 * The first copy comes within the time that a receiver waits for a packet that was overtaken; the second outlives a
 * longer burst of losses. make bench-rtp measures them.
 */
import { after, fromMillis, type Instant, type Micros } from '../../core/time.ts';

export type Redundancy = 0 | 1 | 2;

/** After the packet itself. */
const DELAYS: readonly Micros[] = [fromMillis(2), fromMillis(6)];
const SLOTS = 128;

interface Slot<Peer> {
  readonly bytes: Uint8Array;
  length: number;
  peer: Peer | undefined;
  sentAt: Instant;
}

export class PacketCopies<Peer> {
  dropped = 0;
  readonly #delays: readonly Micros[];
  readonly #packetOctets: number;
  readonly #slots: Slot<Peer>[] = [];
  /** Packets kept so far: the slot of the next one. */
  #kept = 0;
  /** For each delay, packets whose copy went out: they go out in order. */
  readonly #done: number[];

  constructor(redundancy: Redundancy, packetOctets: number, delays: readonly Micros[] = DELAYS) {
    this.#delays = delays.slice(0, redundancy);
    this.#packetOctets = packetOctets;
    this.#done = this.#delays.map(() => 0);
  }

  keep(peer: Peer, bytes: Uint8Array, length: number, now: Instant): void {
    if (this.#delays.length === 0 || length > this.#packetOctets) return;
    for (let copy = 0; copy < this.#delays.length; copy++) {
      if (this.#kept - (this.#done[copy] as number) < SLOTS) continue;
      this.#done[copy] = this.#kept - SLOTS + 1;
      this.dropped++;
    }
    const slot = this.#slot(this.#kept++);
    // For so few octets quicker than a view and `set`, and nothing is allocated.
    for (let i = 0; i < length; i++) slot.bytes[i] = bytes[i] as number;
    slot.length = length;
    slot.peer = peer;
    slot.sentAt = now;
  }

  /** When `tick` has something to do; Infinity when it hasn't. */
  get due(): Instant {
    let due = Number.POSITIVE_INFINITY;
    for (let copy = 0; copy < this.#delays.length; copy++) due = Math.min(due, this.#dueOf(copy));
    return due as Instant;
  }

  /** Calls `send` for each copy that is due. */
  tick(now: Instant, send: (peer: Peer, bytes: Uint8Array, length: number) => void): void {
    for (let copy = 0; copy < this.#delays.length; copy++) {
      while (this.#dueOf(copy) <= now) {
        const slot = this.#slot(this.#done[copy] as number);
        this.#done[copy] = (this.#done[copy] as number) + 1;
        if (slot.peer !== undefined) send(slot.peer, slot.bytes, slot.length);
      }
    }
  }

  #dueOf(copy: number): number {
    const next = this.#done[copy] as number;
    if (next === this.#kept) return Number.POSITIVE_INFINITY;
    return after(this.#slot(next).sentAt, this.#delays[copy] as Micros);
  }

  #slot(packet: number): Slot<Peer> {
    const at = packet % SLOTS;
    let slot = this.#slots[at];
    if (!slot) {
      const bytes = new Uint8Array(this.#packetOctets);
      slot = { bytes, length: 0, peer: undefined, sentAt: 0 as Instant };
      this.#slots[at] = slot;
    }
    return slot;
  }
}
