/**
 * How much of long SysEx commands may be on its way: no more than Chapter X can make up for.
 *
 * Takes  word of SysEx octets sent, what peers have reported, the time.
 * Gives  how many octets a command list may have now. All peers are sent the same, so the slowest one counts.
 * Keeps  when the last PACKETS lists with SysEx were sent.
 *
 * A peer that never reports, or has stopped to, counts as having got what was sent 100 ms ago.
 * Spec   RFC 6295 appendix B.5.2: the stream of SysEx segments is stalled until feedback permits the trimming of Chapter X.
 */
import { fromMillis, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { Clock } from '../../ports/clock.ts';
import { sysExCost } from './journal/sysex-cost.ts';
import type { SysExHistory } from './journal/sysex-history.ts';
import type { Pace } from './outbox.ts';

/** Octets of logs that peers may lack; Chapter X has room for some more. */
const WINDOW = 960;
/** However big the rest of a journal is, something goes on. */
const LEAST_WINDOW = 128;
/** What a packet has room for beside the channels of its journal: headers, the other system chapters, growth taken off. */
const PACKET_ROOM = 1_032;
const UNREPORTED = fromMillis(100);
/** A peer that was sent something and has not answered for so long is not waited for. */
const PATIENCE = fromSeconds(2);
const PACKETS = 64;

export interface PacedPeer {
  reports(now: Instant, within: Micros): boolean;
  /** Commands up to this stamp have arrived. */
  readonly received: number;
  /** What the channels took of its last journal. */
  readonly channelOctets: number;
}

export class SysExPace implements Pace {
  readonly #clock: Clock;
  readonly #history: SysExHistory;
  readonly #peers: () => readonly { readonly sender: PacedPeer }[];
  readonly #together: () => PacedPeer | undefined;
  readonly #stamps = new Float64Array(PACKETS);
  readonly #times = new Float64Array(PACKETS);
  #sent = 0;

  constructor(
    clock: Clock,
    history: SysExHistory,
    peers: () => readonly { readonly sender: PacedPeer }[],
    /** Those who are sent one stream together, as one. */
    together: () => PacedPeer | undefined = () => undefined,
  ) {
    this.#clock = clock;
    this.#history = history;
    this.#peers = peers;
    this.#together = together;
  }

  now(): Instant {
    return this.#clock.now();
  }

  /** A list with SysEx was sent; `stamp` is that of its newest command. */
  sent(stamp: number, now: Instant): void {
    this.#stamps[this.#sent % PACKETS] = stamp;
    this.#times[this.#sent % PACKETS] = now;
    this.#sent++;
  }

  /** Octets that a list with SysEx may take now: less than what is left of the command is a stall. */
  room(now: Instant): number {
    const together = this.#together();
    let room = together ? this.#roomFor(together, now) : Number.POSITIVE_INFINITY;
    for (const { sender } of this.#peers()) room = Math.min(room, this.#roomFor(sender, now));
    return room;
  }

  #roomFor(sender: PacedPeer, now: Instant): number {
    const got = sender.reports(now, PATIENCE)
      ? sender.received
      : Math.max(sender.received, this.#sentBy(now - UNREPORTED));
    const window = Math.min(WINDOW, Math.max(LEAST_WINDOW, PACKET_ROOM - sender.channelOctets));
    return window - sysExCost(this.#history, got);
  }

  #sentBy(time: number): number {
    for (let index = this.#sent - 1; index >= 0 && index >= this.#sent - PACKETS; index--) {
      if ((this.#times[index % PACKETS] as number) <= time)
        return this.#stamps[index % PACKETS] as number;
    }
    return 0;
  }
}
