/**
 * How far back one peer's journal must reach: its checkpoint packet, and the commands that are due because of it.
 *
 * Takes  each packet as it is sent, each receiver feedback (RS), and the time.
 * Gives  the checkpoint and the stamps of JournalView; or, while journals are too big for packets, JournalParts.
 * Keeps  for the last PACKETS packets, the newest command sent by then and when; nothing grows.
 *
 * A peer that joins late gets all lasting state until its first report (RFC 6295 appendix C.2.2.2). Where age moves the
 * checkpoint, it follows at HISTORY behind, but not past the NoteOn of a note that sounds, and lasting state stays in
 * the journal (C.2.2.3). PACKETS is a bound that comes before all: passing it is counted in `forced`.
 */
import { fromSeconds, type Instant, type Micros } from '../../../core/time.ts';
import { extendSequence } from '../sequence-number.ts';
import type { JournalView } from './chapter.ts';
import { JournalParts } from './journal-parts.ts';
import { CHECKPOINT_RULES, type CheckpointRule, PATIENCE } from './journal-policy.ts';

const PACKETS = 4_096;
/** Longer than any loss that is likely. */
const HISTORY = fromSeconds(5);
/** Sequence numbers left out so that a receiver sees more than a single loss, and reads all of a journal. */
const GAP = 2;

export class Checkpoint {
  readonly #stamps = new Float64Array(PACKETS);
  readonly #times = new Float64Array(PACKETS);
  readonly #rule: CheckpointRule;
  readonly #first: number;
  #firstStamp: number;
  /** Extended number of the packet to send next. */
  next: number;
  /** Extended number of the checkpoint packet. */
  packet: number;
  #confirmed: number;
  #anchor = 0;
  /** The highest packet reported. */
  #reported: number;
  /** When the peer reported last, or since when there is something to report. */
  #heardAt: Instant;
  #parts: JournalParts | undefined;
  /** Packets pushed out of the history although nobody confirmed them. */
  forced = 0;

  /** `newest`: the stamp of the newest command of the stream before its first packet to this peer. */
  constructor(
    first: number,
    newest: number,
    now: Instant,
    rule: CheckpointRule = CHECKPOINT_RULES['closed-loop'],
  ) {
    this.#rule = rule;
    this.#first = first;
    this.#firstStamp = newest;
    this.next = first;
    this.packet = first;
    this.#confirmed = newest;
    this.#reported = first - 1;
    this.#heardAt = now;
  }

  /** The peer reports what it receives, as far as one can tell by now. */
  reports(now: Instant, within: Micros = PATIENCE): boolean {
    return this.#reported >= this.#first && now - this.#heardAt <= within;
  }

  /** System commands up to this stamp have arrived, or were made up for. */
  get received(): number {
    return this.parts ? this.parts.confirmedSystem : this.stampAfter(this.#reported);
  }

  /** All up to this packet has arrived or was made up for. */
  hasConfirmed(packet: number): boolean {
    return packet <= this.#reported && !this.isSplit;
  }

  /** Journals are too big for packets, and the peer may not have all of their parts yet. */
  get isSplit(): boolean {
    return this.#parts?.active === true;
  }

  /** Undefined while journals fit. */
  get parts(): JournalParts | undefined {
    return this.isSplit ? this.#parts : undefined;
  }

  /** Moves the checkpoint if time alone allows it. `oldestSounding` is called when it matters. */
  age(now: Instant, oldestSounding: () => number): void {
    const { agesAfter } = this.#rule;
    if (agesAfter === Number.POSITIVE_INFINITY) return;
    if (this.next - this.packet >= PACKETS) this.#force();
    if (now - this.#heardAt <= agesAfter) return;
    // Nothing but empty packets: a receiver that lacks one would take it for a loss that is not covered.
    if (this.stampAfter(this.next - 1) === this.#confirmed) return;
    const until = now - HISTORY;
    if (this.packet >= this.next || this.#timeOf(this.packet) > until) return;
    const sounding = oldestSounding();
    let packet = this.packet;
    let target = packet;
    while (
      packet < this.next &&
      this.#timeOf(packet) <= until &&
      this.stampAfter(packet) < sounding
    ) {
      packet++;
      // Not past empty packets: one that is missing is no loss that a receiver should take for uncovered.
      if (this.stampAfter(packet - 1) !== this.stampAfter(packet - 2)) target = packet;
    }
    this.#moveTo(target);
  }

  view(view: JournalView): void {
    view.confirmed = this.#confirmed;
    view.anchor = this.#anchor;
    view.sounding = this.#reported < this.#first && !this.isSplit ? 0 : this.#confirmed;
    view.previous = this.stampAfter(this.next - 2);
  }

  /** The journal for the packet `next` does not fit: from now on it is sent in parts. */
  split(): JournalParts {
    this.#parts ??= new JournalParts(PACKETS);
    if (!this.#parts.active) this.#parts.begin(this.#confirmed, this.#anchor);
    return this.#parts;
  }

  /** The next packet follows a gap: sequence numbers that are never sent. */
  leaveGap(now: Instant): void {
    for (let left = GAP; left > 0; left--) {
      this.#parts?.pass(this.next);
      this.#note(this.stampAfter(this.next - 1), now);
    }
  }

  /** The packet `next` is on its way, after a gap perhaps; `stamp` is that of the newest command in it or before it. */
  sent(stamp: number, now: Instant, gap: boolean): void {
    // All commands so far are reported: the peer need not have said anything since.
    if (this.stampAfter(this.next - 1) === this.stampAfter(this.#reported)) this.#heardAt = now;
    this.#parts?.note(this.next, gap);
    this.#note(stamp, now);
  }

  /** Receiver feedback: false when it can't be true. */
  report(sequence: number, now: Instant): boolean {
    const packet = extendSequence(sequence, this.next - 1);
    if (packet < this.packet - 1 || packet >= this.next || packet < this.#first) return false;
    this.#heardAt = now;
    // One that was overtaken says nothing new.
    if (packet <= this.#reported) return true;
    const before = this.#reported;
    this.#reported = packet;
    const parts = this.parts;
    const stamp = this.stampAfter(packet);
    if (parts && !parts.reported(before, packet, stamp)) return true;
    if (!this.#rule.followsReports) return true;
    this.#moveTo(packet + 1);
    this.#anchor = this.#confirmed;
    return true;
  }

  /** The peer may have forgotten all: lasting state is due again until its next report. */
  reopen(): void {
    this.#anchor = 0;
    this.parts?.begin(this.#confirmed, 0);
  }

  /** Another one listens too: it has all up to this stamp, and perhaps nothing that lasts from before. */
  reopenFor(since: number): void {
    const oldest = Math.max(this.#first, this.next - PACKETS + 1);
    while (this.packet > oldest && this.stampAfter(this.packet - 1) > since) this.packet--;
    if (this.packet === this.#first) this.#firstStamp = Math.min(this.#firstStamp, since);
    this.#confirmed = Math.min(this.#confirmed, this.stampAfter(this.packet - 1));
    this.reopen();
  }

  /** The newest command's stamp after a packet was sent. */
  stampAfter(packet: number): number {
    return packet < this.#first ? this.#firstStamp : (this.#stamps[packet % PACKETS] as number);
  }

  #note(stamp: number, now: Instant): void {
    this.#stamps[this.next % PACKETS] = stamp;
    this.#times[this.next % PACKETS] = now;
    this.next++;
  }

  #timeOf(packet: number): number {
    return this.#times[packet % PACKETS] as number;
  }

  #force(): void {
    const packet = this.next - PACKETS / 2;
    this.forced += packet - this.packet;
    this.#moveTo(packet);
  }

  #moveTo(packet: number): void {
    if (packet <= this.packet) return;
    this.packet = packet;
    this.#confirmed = this.stampAfter(packet - 1);
    this.parts?.moved(this.#confirmed);
  }
}
