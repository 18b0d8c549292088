/**
 * What one peer is sent: packets with their sequence numbers and journals, and guard packets after the last command.
 *
 * Takes  the command list that goes to everyone, or none for a guard packet; receiver feedback; the time.
 * Gives  a packet's octets, and when the next guard packet is due.
 * Keeps  the peer's checkpoint. The state of the stream is shared by all peers.
 * Spec   RFC 6295 sections 2.1, 2.2 and 4; RFC 4696 section 4.2 for guard packets.
 */
import { after, fromMillis, fromSeconds, type Instant, type Micros } from '../../core/time.ts';
import type { CommandList } from './command-list.ts';
import type { JournalView } from './journal/chapter.ts';
import { Checkpoint } from './journal/checkpoint.ts';
import { JOURNAL_OCTETS, writeJournal } from './journal/journal-writer.ts';
import type { StreamState } from './journal/stream-state.ts';
import { RTP_HEADER_OCTETS, writeRtpHeader } from './rtp-header.ts';
import { rtpTimeOf, type Ticks } from './ticks.ts';

/** Octets of a datagram: whatever tunnel it goes through, it is not fragmented. */
export const MAX_PACKET_OCTETS = 1_400;
/** What `write` needs room for, before it is made to fit. */
export const PACKET_BUFFER_OCTETS: number = RTP_HEADER_OCTETS + 600 + JOURNAL_OCTETS;

const GUARD_FIRST = fromMillis(15);
const GUARD_LONGEST = fromSeconds(1);
/** To a peer that reports, this many follow at the first interval before the intervals double. */
const GUARD_STEADY = 8;
/** After this long without a report, what is lost is lost. */
const GUARD_PATIENCE = fromSeconds(5);

export class StreamSender {
  readonly #ssrc: number;
  readonly #state: StreamState;
  readonly #checkpoint: Checkpoint;
  readonly #view: JournalView = {
    confirmed: 0,
    anchor: 0,
    previous: 0,
    at: 0 as Instant,
    fresh: false,
  };
  readonly #oldestSounding = (): number => this.#state.oldestSounding();
  #lastCommand = -1;
  #lastCommandAt = 0 as Instant;
  #guards = 0;
  #guardDue: Instant | undefined;
  /** Journals that had to leave something out to fit into a packet. */
  trimmed = 0;

  constructor(ssrc: number, sequence: number, state: StreamState, now: Instant) {
    this.#ssrc = ssrc;
    this.#state = state;
    this.#checkpoint = new Checkpoint(sequence, state.newest, now);
  }

  /** Extended number of the last packet. */
  get last(): number {
    return this.#checkpoint.next - 1;
  }

  get guardDue(): Instant | undefined {
    return this.#guardDue;
  }

  get forced(): number {
    return this.#checkpoint.forced;
  }

  /**
   * Writes the next packet into `out` and returns its length. Call `sent` when the state has taken its commands.
   * `at` is the time that `ticks`, its timestamp, stands for.
   */
  write(list: CommandList, ticks: Ticks, at: Instant, now: Instant, out: Uint8Array): number {
    const checkpoint = this.#checkpoint;
    checkpoint.age(now, this.#oldestSounding);
    writeRtpHeader(out, checkpoint.next & 0xffff, rtpTimeOf(ticks), this.#ssrc);
    const journalAt = list.writeInto(out, RTP_HEADER_OCTETS, true);
    const view = this.#view;
    checkpoint.view(view);
    view.at = at;
    const end = writeJournal(this.#state, view, checkpoint.packet, out, journalAt);
    return end < 0 || end > MAX_PACKET_OCTETS ? this.#trim(journalAt, out) : end;
  }

  /** The packet was sent; `commands`: it carried some. */
  sent(commands: boolean, now: Instant): void {
    this.#checkpoint.sent(this.#state.newest, now);
    if (commands) {
      this.#lastCommand = this.#checkpoint.next - 1;
      this.#lastCommandAt = now;
      this.#guards = 0;
      this.#guardDue = after(now, GUARD_FIRST);
      return;
    }
    if (this.#guardDue === undefined) return;
    this.#guards++;
    const due = after(now, this.#guardInterval(now));
    this.#guardDue = due - this.#lastCommandAt <= GUARD_PATIENCE ? due : undefined;
  }

  /**
   * The peer is new: it is told the stream's state and sequence number now, not with the next command, which could
   * otherwise be taken for the stream's first although it overtook others.
   */
  introduce(now: Instant): void {
    this.#lastCommand = this.last + 1;
    this.#lastCommandAt = now;
    this.#guards = 0;
    this.#guardDue = now;
  }

  report(sequence: number, now: Instant): boolean {
    if (!this.#checkpoint.report(sequence, now)) return false;
    if (this.#checkpoint.hasConfirmed(this.#lastCommand)) this.#guardDue = undefined;
    return true;
  }

  #guardInterval(now: Instant): Micros {
    const steady = this.#checkpoint.isClosedLoop(now) ? GUARD_STEADY : 1;
    const doublings = Math.max(0, this.#guards + 1 - steady);
    return Math.min(GUARD_LONGEST, GUARD_FIRST * 2 ** Math.min(doublings, 20)) as Micros;
  }

  /**
   * The journal is too big for a packet. First lasting state that is older than the checkpoint goes, oldest first, then
   * the checkpoint itself moves: a receiver can see that a loss before it is not covered, and acts on it.
   */
  #trim(journalAt: number, out: Uint8Array): number {
    this.trimmed++;
    const checkpoint = this.#checkpoint;
    const view = this.#view;
    let packet = checkpoint.packet;
    for (let attempt = 1; ; attempt++) {
      if (view.anchor < view.confirmed) {
        view.anchor = attempt < 8 ? (view.anchor + view.confirmed) / 2 : view.confirmed;
      } else {
        packet += Math.max(1, (checkpoint.next - packet) >> 1);
        view.confirmed = checkpoint.stampAfter(packet - 1);
        view.anchor = view.confirmed;
      }
      const end = writeJournal(this.#state, view, packet, out, journalAt);
      if (end >= 0 && end <= MAX_PACKET_OCTETS) return end;
    }
  }
}
