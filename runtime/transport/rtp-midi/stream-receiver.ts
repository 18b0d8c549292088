/**
 * What one peer sends: packets put in order, repaired from their journals where some are missing, and taken apart.
 *
 * Takes  the peer's RTP-MIDI datagrams with their arrival, and the time.
 * Gives  messages to a sink, each marked when the journal brought it back; receiver feedback to send.
 * Keeps  the stream's state (which keys are down, and so on), a reorder buffer, an unfinished SysEx. All bounded.
 * Spec   RFC 6295 sections 2.1, 3 and 4; RFC 4696 section 7.
 */
import { STATUS, shortMessage } from '../../core/midi-bytes.ts';
import { CONTROLLER, type MidiMessage } from '../../core/midi-message.ts';
import { after, fromMillis, type Instant, type Micros } from '../../core/time.ts';
import {
  type CommandSink,
  emptyCommandHeader,
  readCommandHeader,
  readCommands,
} from './command-section.ts';
import type { FaultCounters } from './faults.ts';
import { DEFAULT_RELEASE } from './journal/channel-state.ts';
import { channelMessage } from './journal/chapter.ts';
import {
  type JournalRepair,
  journalCheckpoint,
  journalSkipsSingle,
  readJournal,
} from './journal/journal-reader.ts';
import { StreamState } from './journal/stream-state.ts';
import { LinkMeter } from './link-meter.ts';
import { ReorderBuffer, SLOT_OCTETS } from './reorder-buffer.ts';
import { emptyRtpHeader, type RtpHeader, readRtpHeader } from './rtp-header.ts';
import { extendSequence, MAX_DROPOUT, sequenceAhead } from './sequence-number.ts';
import { SysExAssembly } from './sysex-assembly.ts';

/** Packets this far behind are duplicates or stragglers, not a stream that began anew. */
const MAX_MISORDER = 1_000;
/** New packets are reported within this. */
const REPORT_WITHIN = fromMillis(200);
/** Reports are at least this far apart. */
const REPORT_APART = fromMillis(30);
const PEDALS: readonly number[] = [CONTROLLER.sustain, CONTROLLER.sostenuto, CONTROLLER.hold2];

/** Instead of a timestamp: the message was not performed, but made here to end something. */
export const NO_TIME = -1;

export interface ReceiverSink {
  /** `time` is the RTP timestamp at which the message was performed, or NO_TIME: it is made here, now. */
  message(message: MidiMessage, time: number, arrivedAt: Instant, recovered: boolean): void;
  /** Feedback to send: all packets up to this one have come, or were made up for. */
  report(sequence: number): void;
}

export class StreamReceiver {
  readonly state: StreamState;
  readonly meter: LinkMeter = new LinkMeter();
  readonly #sink: ReceiverSink;
  readonly #faults: FaultCounters;
  readonly #hold: Micros;
  readonly #reorder = new ReorderBuffer();
  readonly #sysEx = new SysExAssembly();
  readonly #header = emptyRtpHeader();
  readonly #section = emptyCommandHeader();
  readonly #commands: CommandSink;
  readonly #repair: JournalRepair;
  #started = false;
  #highest = 0;
  /** The packet at hand. */
  #sequence = 0;
  #timestamp = 0;
  #arrivedAt = 0 as Instant;
  #releasing = false;
  /** A sequence number out of all order; if the next one follows it, the stream began anew. */
  #suspect = -1;
  #reported = -1;
  #reportedAt = Number.NEGATIVE_INFINITY as Instant;
  #reportDue: Instant | undefined;

  constructor(sink: ReceiverSink, faults: FaultCounters, hold: Micros) {
    this.state = new StreamState();
    this.#sink = sink;
    this.#faults = faults;
    this.#hold = hold;
    this.#commands = {
      command: (status, data1, data2, delta) => this.#command(status, data1, data2, delta),
      sysEx: (head, bytes, from, to, tail, delta) => {
        const taken = this.#sysEx.take(head, bytes, from, to, tail);
        if (typeof taken === 'string') this.#faults.count(taken);
        else if (taken) this.#play({ kind: 'sysEx', data: taken }, delta, false);
      },
      undefinedCommand: () => this.#faults.count('undefinedCommand'),
    };
    this.#repair = {
      single: false,
      checkpoint: 0,
      inTime: true,
      joining: false,
      at: 0 as Instant,
      extrasAt: -1,
      pedalMoved: false,
      emit: (message) => {
        this.meter.recovered++;
        this.#play(message, 0, true);
      },
      assume: (message) => this.state.apply(message, this.#sequence, this.#arrivedAt),
    };
  }

  /** When `tick` has something to do. */
  get due(): Instant | undefined {
    const since = this.#reorder.waitingSince;
    const given = since === undefined ? undefined : after(since, this.#hold);
    if (given === undefined || this.#reportDue === undefined) return given ?? this.#reportDue;
    return Math.min(given, this.#reportDue) as Instant;
  }

  /** `header` is that of `bytes`, whose SSRC is this peer's. */
  receive(bytes: Uint8Array, header: RtpHeader, at: Instant): void {
    if (!this.#started) {
      this.#begin(bytes, header, at);
    } else {
      const ahead = sequenceAhead(header.sequence, this.#highest);
      if (ahead > MAX_DROPOUT || ahead < -MAX_MISORDER) this.#doubt(bytes, header, at);
      else if (ahead <= 0) this.#faults.count('duplicate');
      else this.#take(bytes, header, this.#highest + ahead, at);
    }
    this.#reportIfDue(at);
  }

  tick(now: Instant): void {
    for (;;) {
      const since = this.#reorder.waitingSince;
      if (since === undefined || now < after(since, this.#hold)) break;
      this.#giveUp();
    }
    this.#reportIfDue(now);
  }

  /** Ends what the peer left sounding: it is gone, or nothing is known of it any more. */
  release(at: Instant): void {
    this.#arrivedAt = at;
    this.#releasing = true;
    this.#sysEx.drop();
    for (let channel = 0; channel < 16; channel++) {
      const state = this.state.used(channel);
      if (!state) continue;
      for (let key = 0; key < 128; key++) {
        if (state.velocities[key] === 0 && state.references[key] === 0) continue;
        // As many as there were NoteOns, for synthesizers that count them.
        do this.#play(channelMessage(0x80 | channel, key, DEFAULT_RELEASE), 0, true);
        while ((state.references[key] as number) > 0);
      }
      for (const pedal of PEDALS) {
        if (state.isOn(pedal))
          this.#play(channelMessage(STATUS.controlChange | channel, pedal, 0), 0, true);
      }
    }
    this.#releasing = false;
  }

  #begin(bytes: Uint8Array, header: RtpHeader, at: Instant): void {
    this.#started = true;
    this.#suspect = -1;
    // One full turn up, so that what came before the first packet has a number too.
    const sequence = header.sequence + 0x1_0000;
    this.#highest = sequence - 1;
    this.#process(bytes, header, sequence, at, true);
  }

  #doubt(bytes: Uint8Array, header: RtpHeader, at: Instant): void {
    if (header.sequence !== this.#suspect) {
      this.#suspect = (header.sequence + 1) & 0xffff;
      return;
    }
    this.#faults.count('streamRestart');
    this.#reorder.clear();
    this.#sequence = this.#highest;
    this.release(at);
    this.state.forget();
    this.#begin(bytes, header, at);
  }

  #take(bytes: Uint8Array, header: RtpHeader, sequence: number, at: Instant): void {
    if (sequence === this.#highest + 1) {
      this.#process(bytes, header, sequence, at, false);
      this.#drain();
    } else if (this.#reorder.has(sequence)) {
      this.#faults.count('duplicate');
    } else if (this.#hold <= 0 || bytes.length > SLOT_OCTETS) {
      this.#skipTo(bytes, header, sequence, at);
    } else if (!this.#reorder.hold(sequence, bytes, at)) {
      this.#giveUp();
      this.#take(bytes, header, sequence, at);
    }
  }

  /** Takes held packets that follow on. */
  #drain(): void {
    for (;;) {
      const sequence = this.#highest + 1;
      const held = this.#reorder.take(sequence);
      if (!held) return;
      const bytes = held.bytes.subarray(0, held.length);
      if (readRtpHeader(bytes, this.#header) === undefined) {
        this.#process(bytes, this.#header, sequence, held.arrivedAt, false);
      }
    }
  }

  /** The packets before the lowest one held won't come. */
  #giveUp(): void {
    const sequence = this.#reorder.lowest;
    const held = this.#reorder.take(sequence);
    if (!held) return;
    const bytes = held.bytes.subarray(0, held.length);
    if (readRtpHeader(bytes, this.#header) !== undefined) return;
    this.#skipTo(bytes, this.#header, sequence, held.arrivedAt);
  }

  #skipTo(bytes: Uint8Array, header: RtpHeader, sequence: number, at: Instant): void {
    if (sequence <= this.#highest) return;
    this.meter.noteLost(sequence - this.#highest - 1, at);
    this.#process(bytes, header, sequence, at, false);
    this.#drain();
  }

  #process(
    bytes: Uint8Array,
    header: RtpHeader,
    sequence: number,
    at: Instant,
    joining: boolean,
  ): void {
    const section = this.#section;
    const missing = sequence - this.#highest - 1;
    this.#sequence = sequence;
    this.#timestamp = header.timestamp;
    this.#arrivedAt = at;
    const inTime = this.meter.note(header.timestamp, at);
    const end = header.payloadEnd;
    const fault = readCommandHeader(bytes, header.payloadAt, end, section);
    if (fault) this.#faults.count(fault);
    const commands = fault === 'headerTruncated' ? 0 : section.listEnd - section.listAt;
    if (joining || missing > 0) {
      const hasJournal = fault !== 'headerTruncated' && section.journal;
      this.#recover(bytes, hasJournal ? section.listEnd : -1, end, missing, inTime, joining);
    }
    this.#highest = sequence;
    if (commands > 0) {
      const listFault = readCommands(bytes, section, this.#commands);
      if (listFault) this.#faults.count(listFault);
    }
    this.#suspect = -1;
    // An empty packet asks for confirmation; so does a repair.
    const soon = commands === 0 || missing > 0;
    const earliest = after(this.#reportedAt, REPORT_APART);
    const due = soon ? (Math.max(at, earliest) as Instant) : after(at, REPORT_WITHIN);
    if (this.#reportDue === undefined || due < this.#reportDue) this.#reportDue = due;
  }

  #recover(
    bytes: Uint8Array,
    at: number,
    end: number,
    missing: number,
    inTime: boolean,
    joining: boolean,
  ): void {
    this.#sysEx.drop();
    const checkpoint = at < 0 ? -1 : journalCheckpoint(bytes, at, end);
    if (checkpoint < 0) {
      if (at >= 0) this.#faults.count('journalTruncated');
      if (!joining) this.#uncovered();
      return;
    }
    const repair = this.#repair;
    repair.checkpoint = extendSequence(checkpoint, this.#sequence);
    const covered = joining || repair.checkpoint <= this.#highest + 1;
    if (!covered) this.#uncovered();
    repair.joining = joining || !covered;
    repair.single = covered && !joining && missing === 1;
    repair.inTime = inTime;
    repair.at = this.#arrivedAt;
    if (repair.single && journalSkipsSingle(bytes, at)) return;
    const fault = readJournal(bytes, at, end, this.state, repair);
    if (fault) this.#faults.count(fault);
  }

  #uncovered(): void {
    this.#faults.count('uncoveredLoss');
    this.release(this.#arrivedAt);
  }

  #command(status: number, data1: number, data2: number, delta: number): void {
    const message = shortMessage(status, data1, data2);
    if (message) this.#play(message, delta, false);
  }

  #play(message: MidiMessage, delta: number, recovered: boolean): void {
    this.state.apply(message, this.#sequence, this.#arrivedAt);
    const time = this.#releasing ? NO_TIME : (this.#timestamp + delta) % 0x1_0000_0000;
    this.#sink.message(message, time, this.#arrivedAt, recovered);
  }

  #reportIfDue(now: Instant): void {
    if (this.#reportDue === undefined || now < this.#reportDue) return;
    this.#reportDue = undefined;
    if (this.#reported === this.#highest) return;
    this.#reported = this.#highest;
    this.#reportedAt = now;
    this.#sink.report(this.#highest & 0xffff);
  }
}
