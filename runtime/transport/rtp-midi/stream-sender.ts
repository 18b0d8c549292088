/**
 * What one peer is sent: packets with their sequence numbers and journals, and guard packets after the last command.
 *
 * Takes  the command list that goes to everyone, or none for a guard packet; receiver feedback; the time.
 * Gives  a packet's octets, and when the next guard packet is due.
 * Keeps  the peer's checkpoint. The state of the stream is shared by all peers.
 * Spec   RFC 6295 sections 2.1, 2.2 and 4.
 */
import type { Instant, Micros } from '../../core/time.ts';
import { type CommandList, LIST_OCTETS } from './command-list.ts';
import { type GuardPace, GuardSchedule } from './guard-schedule.ts';
import type { JournalView } from './journal/chapter.ts';
import { SYSEX_LEAST, SYSEX_OCTETS } from './journal/chapters/chapter-x.ts';
import { Checkpoint } from './journal/checkpoint.ts';
import { CHECKPOINT_RULES, type JournalPolicy } from './journal/journal-policy.ts';
import {
  JOURNAL_HEADER_OCTETS,
  JOURNAL_OCTETS,
  measureJournal,
  writeJournal,
} from './journal/journal-writer.ts';
import type { StreamState } from './journal/stream-state.ts';
import { systemJournalOctets } from './journal/system-contents.ts';
import { RTP_HEADER_OCTETS, writeRtpHeader } from './rtp-header.ts';
import { rtpTimeOf, type Ticks } from './ticks.ts';

/**
 * Octets of a packet: whatever tunnel it goes through, it is not fragmented. The packet lane of a link takes 1,200, and a
 * box that passes packets on needs 44 of them (link/PACKETS.md).
 */
export const MAX_PACKET_OCTETS = 1_152;
const LIST_HEADER_OCTETS = 2;
/** More peers than these are a crowd. */
const CROWD = 8;
/** What `write` needs room for, before it is made to fit. */
export const PACKET_BUFFER_OCTETS: number =
  RTP_HEADER_OCTETS + LIST_HEADER_OCTETS + LIST_OCTETS + JOURNAL_OCTETS;

export class StreamSender {
  readonly #ssrc: number;
  readonly #state: StreamState;
  readonly #checkpoint: Checkpoint;
  readonly #guards: GuardSchedule;
  readonly #hasJournal: boolean;
  readonly #crowd: () => number;
  readonly #view: Required<JournalView> = {
    confirmed: 0,
    anchor: 0,
    sounding: 0,
    previous: 0,
    at: 0 as Instant,
    fresh: false,
    sysExRoom: SYSEX_OCTETS,
    sysExOctets: 0,
  };
  readonly #oldestSounding = (): number => this.#state.oldestSounding();
  #lastCommand = -1;
  #channelOctets = 0;
  /** The packet just written follows a gap. */
  #gap = false;
  /** The next guard packet is to follow one. */
  #wantsGap = false;
  /** Packets whose journal was too big and held a part of it. */
  split = 0;

  constructor(
    ssrc: number,
    sequence: number,
    state: StreamState,
    now: Instant,
    policy: JournalPolicy = 'closed-loop',
    /** How many peers are sent this stream. */
    crowd: () => number = () => 1,
    /** The stamp up to which the peer has all; default: the newest, it knows nothing. */
    since: number = state.newest,
    pace?: GuardPace,
  ) {
    const rule = CHECKPOINT_RULES[policy];
    this.#ssrc = ssrc;
    this.#state = state;
    this.#hasJournal = rule.journal;
    this.#crowd = crowd;
    this.#guards = new GuardSchedule(pace);
    this.#checkpoint = new Checkpoint(sequence, since, now, rule);
  }

  /** Extended number of the last packet. */
  get last(): number {
    return this.#checkpoint.next - 1;
  }

  get guardDue(): Instant | undefined {
    return this.#guards.due;
  }

  /** Packets that the history had to give up although nobody confirmed them. */
  get forced(): number {
    return this.#checkpoint.forced;
  }

  /** The peer sends receiver feedback: what was sent longer ago than `within` has been answered. */
  reports(now: Instant, within?: Micros): boolean {
    return this.#checkpoint.reports(now, within);
  }

  /** Commands up to this stamp have arrived, or were made up for. */
  get received(): number {
    return this.#checkpoint.received;
  }

  /** Octets that channels took of the last journal. */
  get channelOctets(): number {
    return this.#channelOctets;
  }

  /**
   * Writes the next packet into `out` and returns its length. Call `sent` when the state has taken its commands.
   * `at` is the time that `ticks`, its timestamp, stands for.
   */
  write(list: CommandList, ticks: Ticks, at: Instant, now: Instant, out: Uint8Array): number {
    const checkpoint = this.#checkpoint;
    checkpoint.age(now, this.#oldestSounding);
    const parts = list.length === 0 ? checkpoint.parts : undefined;
    // Who doesn't say what arrived is told all in turn.
    if (parts && !checkpoint.reports(now)) parts.nextChoice();
    this.#gap = list.length === 0 && (this.#wantsGap || parts?.wantsGap === true);
    if (this.#gap) this.#wantsGap = false;
    if (this.#gap) checkpoint.leaveGap(now);
    writeRtpHeader(out, checkpoint.next & 0xffff, rtpTimeOf(ticks), this.#ssrc);
    const journalAt = list.writeInto(out, RTP_HEADER_OCTETS, this.#hasJournal);
    if (!this.#hasJournal) return journalAt;
    const view = this.#view;
    checkpoint.view(view);
    view.at = at;
    view.sysExRoom = SYSEX_OCTETS;
    if (checkpoint.isSplit) return this.#writeParts(list, out, journalAt);
    let end = this.#writeWhole(out, journalAt);
    const left = view.sysExOctets + MAX_PACKET_OCTETS - end;
    if (end > MAX_PACKET_OCTETS && left >= SYSEX_LEAST) {
      // SysEx gives way to the channels.
      view.sysExRoom = left;
      end = this.#writeWhole(out, journalAt);
    }
    const fits = end >= 0 && end <= MAX_PACKET_OCTETS;
    if (fits) this.#channelOctets = end - journalAt - systemJournalOctets(out, journalAt);
    return fits ? end : this.#writeParts(list, out, journalAt);
  }

  /** The packet was sent; `commands`: it carried some. */
  sent(commands: boolean, now: Instant): void {
    const checkpoint = this.#checkpoint;
    checkpoint.sent(this.#state.newest, now, this.#gap);
    if (!commands) {
      this.#guards.sent(now);
      return;
    }
    this.#lastCommand = this.last;
    if (!this.#hasJournal) return;
    const crowded = this.#crowd() > CROWD;
    this.#guards.begin(now, checkpoint.reports(now), checkpoint.isSplit, crowded);
  }

  /**
   * The peer is new: it is told the stream's state and sequence number now, not with the next command, which could
   * otherwise be taken for the stream's first although it overtook others.
   */
  introduce(now: Instant): void {
    this.#lastCommand = this.last + 1;
    this.#guards.introduce(now, this.#hasJournal);
  }

  /** The peer was invited again: it may know nothing, or all. The stream goes on, and its state is told once more. */
  reintroduce(now: Instant): void {
    this.#checkpoint.reopen();
    this.introduce(now);
  }

  /**
   * Another one is sent this stream from now on, who has all of it up to this stamp, and may have nothing of what lasts.
   * `by`: until then it is told; undefined: with the next command, as there is nothing to tell. `again`: it had the stream
   * before, and reads what it is told after a gap only.
   */
  admit(since: number, by: Instant | undefined, now: Instant, again: boolean = false): void {
    this.#checkpoint.reopenFor(since);
    if (by === undefined || !this.#hasJournal) return;
    this.#wantsGap ||= again;
    this.#lastCommand = this.last + 1;
    this.#guards.introduceBy(by, now);
  }

  /** The newest command's stamp after that packet. */
  stampAfter(packet: number): number {
    return this.#checkpoint.stampAfter(packet);
  }

  /** The guard packet that is due can't be sent before `at`. */
  postponeGuard(at: Instant): void {
    this.#guards.postpone(at);
  }

  /** Receiver feedback: false when it can't be true. */
  report(sequence: number, now: Instant): boolean {
    const checkpoint = this.#checkpoint;
    if (!checkpoint.report(sequence, now)) return false;
    if (checkpoint.hasConfirmed(this.#lastCommand)) this.#guards.end();
    // The next parts need not wait.
    else if (checkpoint.parts?.wantsGap) this.#guards.hasten(now);
    return true;
  }

  #writeWhole(out: Uint8Array, journalAt: number): number {
    this.#view.sysExOctets = 0;
    return writeJournal(this.#state, this.#view, this.#checkpoint.packet, out, journalAt);
  }

  #writeParts(list: CommandList, out: Uint8Array, journalAt: number): number {
    this.split++;
    const view = this.#view;
    const parts = this.#checkpoint.split();
    measureJournal(this.#state, view, parts, out, journalAt);
    const room = MAX_PACKET_OCTETS - journalAt - JOURNAL_HEADER_OCTETS;
    parts.choose(room, list.length === 0);
    return writeJournal(this.#state, view, this.#checkpoint.packet, out, journalAt, parts);
  }
}
