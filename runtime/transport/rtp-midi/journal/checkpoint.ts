/**
 * How far back one peer's journal must reach: its checkpoint packet, and the commands that are due because of it.
 *
 * Takes  each packet as it is sent, each receiver feedback (RS), and the time.
 * Gives  the checkpoint and the stamps of JournalView.
 * Keeps  for the last PACKETS packets, the newest command sent by then and when; nothing grows.
 *
 * Closed-loop for a peer that reports (RFC 6295 appendix C.2.2.2). A peer that joins late gets all lasting state until
 * its first report. One that never reports, or stops to, is served open-loop (C.2.2.3): the checkpoint follows at
 * HISTORY behind, but not past the NoteOn of a note that sounds, and lasting state stays in the journal.
 */
import { fromSeconds, type Instant } from '../../../core/time.ts';
import { extendSequence } from '../sequence-number.ts';
import type { JournalView } from './chapter.ts';

const PACKETS = 4_096;
/** Longer than any loss that is likely. */
const HISTORY = fromSeconds(5);
/** A peer that is sent packets reports within this, or is taken for one that doesn't. */
const PATIENCE = fromSeconds(10);

export class Checkpoint {
  readonly #stamps = new Float64Array(PACKETS);
  readonly #times = new Float64Array(PACKETS);
  readonly #first: number;
  readonly #firstStamp: number;
  /** Extended number of the packet to send next. */
  next: number;
  /** Extended number of the checkpoint packet. */
  packet: number;
  #confirmed: number;
  #anchor = 0;
  /** When the peer reported last, or since when there is something to report. */
  #heardAt: Instant;
  #reported = false;
  /** Packets pushed out of the history although nobody confirmed them. */
  forced = 0;

  /** `newest`: the stamp of the newest command of the stream before its first packet to this peer. */
  constructor(first: number, newest: number, now: Instant) {
    this.#first = first;
    this.#firstStamp = newest;
    this.next = first;
    this.packet = first;
    this.#confirmed = newest;
    this.#heardAt = now;
  }

  /** The peer reports what it receives, as far as one can tell by now. */
  isClosedLoop(now: Instant): boolean {
    return now - this.#heardAt <= PATIENCE;
  }

  /** All up to this packet has arrived. */
  hasConfirmed(packet: number): boolean {
    return this.#reported && packet < this.packet;
  }

  /** Moves the checkpoint if time alone allows it. `oldestSounding` is called when it matters. */
  age(now: Instant, oldestSounding: () => number): void {
    if (this.next - this.packet >= PACKETS) this.#moveTo(this.next - PACKETS / 2, true);
    if (now - this.#heardAt <= PATIENCE) return;
    const until = now - HISTORY;
    if (this.packet >= this.next || this.#timeOf(this.packet) > until) return;
    const sounding = oldestSounding();
    let packet = this.packet;
    while (
      packet < this.next &&
      this.#timeOf(packet) <= until &&
      this.stampAfter(packet) < sounding
    ) {
      packet++;
    }
    this.#moveTo(packet, false);
  }

  view(view: JournalView): void {
    view.confirmed = this.#confirmed;
    view.anchor = this.#anchor;
    view.previous = this.stampAfter(this.next - 2);
  }

  /** The packet `next` is on its way; `stamp` is that of the newest command in it or before it. */
  sent(stamp: number, now: Instant): void {
    if (this.packet === this.next) this.#heardAt = now;
    this.#stamps[this.next % PACKETS] = stamp;
    this.#times[this.next % PACKETS] = now;
    this.next++;
  }

  /** Receiver feedback: false when it can't be true. */
  report(sequence: number, now: Instant): boolean {
    const packet = extendSequence(sequence, this.next - 1);
    if (packet < this.packet - 1 || packet >= this.next || packet < this.#first) return false;
    this.#reported = true;
    this.#heardAt = now;
    this.#moveTo(packet + 1, false);
    this.#anchor = this.#confirmed;
    return true;
  }

  /** The newest command's stamp after a packet was sent. */
  stampAfter(packet: number): number {
    return packet < this.#first ? this.#firstStamp : (this.#stamps[packet % PACKETS] as number);
  }

  #timeOf(packet: number): number {
    return this.#times[packet % PACKETS] as number;
  }

  #moveTo(packet: number, forced: boolean): void {
    if (packet <= this.packet) return;
    if (forced) this.forced += packet - this.packet;
    this.packet = packet;
    this.#confirmed = this.stampAfter(packet - 1);
  }
}
