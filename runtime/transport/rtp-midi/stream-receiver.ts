/**
 * What one peer sends: packets put in order, each taken once, and gaps among them made up for.
 *
 * Takes  the peer's RTP-MIDI datagrams with their arrival, and the time.
 * Gives  messages to a sink, each marked when the journal brought it back; receiver feedback to send.
 * Keeps  a reorder buffer; the stream's state is StreamDelivery's. All bounded.
 * Spec   RFC 6295 sections 2.1 and 4; RFC 4696 section 7. What to do about a gap is in stream-repair.ts.
 */
import { after, type Instant, type Micros } from '../../core/time.ts';
import { emptyCommandHeader, readCommandHeader } from './command-section.ts';
import type { FaultCounters } from './faults.ts';
import { FeedbackSchedule } from './feedback-schedule.ts';
import type { StreamState } from './journal/stream-state.ts';
import { LinkMeter } from './link-meter.ts';
import { type HeldPacket, ReorderBuffer, SLOT_OCTETS } from './reorder-buffer.ts';
import { emptyRtpHeader, type RtpHeader, readRtpHeader } from './rtp-header.ts';
import { MAX_DROPOUT, sequenceAhead } from './sequence-number.ts';
import { type MessageSink, StreamDelivery } from './stream-delivery.ts';
import { type Loss, StreamRepair } from './stream-repair.ts';

/** Packets this far behind are duplicates or stragglers, not a stream that began anew. */
const MAX_MISORDER = 1_000;
/** Timestamps of stragglers are no older than this, in ticks: a minute at AppleMIDI's rate. */
const MAX_AGE = 600_000;
/** Of an unsigned sequence number. */
const TURN = 0x1_0000;

export interface ReceiverSink extends MessageSink {
  /** Feedback to send: all packets up to this one have come, or were made up for. */
  report(sequence: number): void;
}

export class StreamReceiver {
  readonly meter: LinkMeter = new LinkMeter();
  readonly #sink: ReceiverSink;
  readonly #faults: FaultCounters;
  readonly #hold: Micros;
  readonly #delivery: StreamDelivery;
  readonly #repair: StreamRepair;
  readonly #feedback: FeedbackSchedule;
  readonly #reorder = new ReorderBuffer();
  readonly #header = emptyRtpHeader();
  readonly #section = emptyCommandHeader();
  readonly #loss: { -readonly [Field in keyof Loss]: Loss[Field] } = {
    sequence: 0,
    highest: 0,
    joining: false,
    continuing: false,
    inTime: true,
    at: 0 as Instant,
  };
  #started = false;
  /** The next packet is of another stream of the same peer, which goes on where this one ended. */
  #turned = false;
  #continuing = false;
  /** Whoever is told of what came gathers it: there is no need to wait. */
  reportsAtOnce = false;
  #highest = 0;
  #reported = -1;
  /** The timestamp of that packet. */
  #newest = 0;
  /** A sequence number out of all order; if the next one follows it, the stream began anew. */
  #suspect = -1;

  /** `crowd`: how many peers there are. */
  constructor(
    sink: ReceiverSink,
    faults: FaultCounters,
    hold: Micros,
    crowd: () => number = () => 1,
  ) {
    this.#feedback = new FeedbackSchedule(crowd);
    this.#sink = sink;
    this.#faults = faults;
    this.#hold = hold;
    this.#delivery = new StreamDelivery(sink, faults, this.meter);
    this.#repair = new StreamRepair(this.#delivery, faults);
  }

  get state(): StreamState {
    return this.#delivery.state;
  }

  /** When `tick` has something to do. */
  get due(): Instant | undefined {
    const since = this.#reorder.waitingSince;
    const given = since === undefined ? undefined : after(since, this.#hold);
    const report = this.#feedback.due;
    if (given === undefined || report === undefined) return given ?? report;
    return Math.min(given, report) as Instant;
  }

  /** `header` is that of `bytes`, whose SSRC is this peer's. */
  receive(bytes: Uint8Array, header: RtpHeader, at: Instant): void {
    if (!this.#started) {
      this.#begin(bytes, header, at);
    } else if (this.#turned) {
      this.#continue(bytes, header, at);
    } else {
      const ahead = sequenceAhead(header.sequence, this.#highest);
      const isFar = ahead > MAX_DROPOUT || ahead < -MAX_MISORDER;
      if (isFar || (ahead <= 0 && !this.#isPast(header.timestamp))) this.#doubt(bytes, header, at);
      else if (ahead <= 0) this.#faults.count('duplicate');
      else this.#take(bytes, header, this.#highest + ahead, at);
    }
    this.#report(at);
  }

  /** From now on its packets have other numbers. What is known of it stays: their first journal tells what else there is. */
  turn(): void {
    this.#turned = true;
    this.#suspect = -1;
    this.#reorder.clear();
  }

  tick(now: Instant): void {
    for (;;) {
      const since = this.#reorder.waitingSince;
      if (since === undefined || now < after(since, this.#hold)) break;
      this.#giveUp();
    }
    this.#report(now);
  }

  /** Ends what the peer left sounding: it is gone, or nothing is known of it any more. */
  release(at: Instant): void {
    this.#delivery.release(at);
  }

  /** What was sent before the newest packet has no later timestamp: else the stream began anew, at a lower number. */
  #isPast(timestamp: number): boolean {
    const age = (this.#newest - timestamp) | 0;
    return age >= 0 && age <= MAX_AGE;
  }

  #begin(bytes: Uint8Array, header: RtpHeader, at: Instant): void {
    this.#started = true;
    this.#repair.forget();
    // One full turn up, so that what came before the first packet has a number too.
    const sequence = header.sequence + TURN;
    this.#highest = sequence - 1;
    this.#process(bytes, header, sequence, at, true);
  }

  #continue(bytes: Uint8Array, header: RtpHeader, at: Instant): void {
    this.#turned = false;
    // The next number that ends like this one, a good way up: what was known before was known from packets before it.
    const base = this.#highest + TURN;
    const sequence = base + ((header.sequence - base) & (TURN - 1));
    this.#highest = sequence - 1;
    this.#continuing = true;
    this.#process(bytes, header, sequence, at, true);
    this.#continuing = false;
  }

  #doubt(bytes: Uint8Array, header: RtpHeader, at: Instant): void {
    if (header.sequence !== this.#suspect) {
      this.#suspect = (header.sequence + 1) & (TURN - 1);
      return;
    }
    this.#faults.count('streamRestart');
    this.#reorder.clear();
    this.#delivery.turnTo(this.#highest, 0, at);
    this.#delivery.release(at);
    this.#delivery.forget();
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
      const bytes = this.#open(held);
      if (bytes) this.#process(bytes, this.#header, sequence, held.arrivedAt, false);
    }
  }

  /** The packets before the lowest one held won't come. */
  #giveUp(): void {
    const sequence = this.#reorder.lowest;
    const held = this.#reorder.take(sequence);
    const bytes = held && this.#open(held);
    if (bytes) this.#skipTo(bytes, this.#header, sequence, held.arrivedAt);
  }

  #open(held: HeldPacket): Uint8Array | undefined {
    const bytes = held.bytes.subarray(0, held.length);
    return readRtpHeader(bytes, this.#header) === undefined ? bytes : undefined;
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
    const delivery = this.#delivery;
    const missing = sequence - this.#highest - 1;
    delivery.turnTo(sequence, header.timestamp, at);
    const inTime = this.meter.note(header.timestamp, at);
    const end = header.payloadEnd;
    const fault = readCommandHeader(bytes, header.payloadAt, end, section);
    const isReadable = fault !== 'headerTruncated';
    const journalAt = isReadable && section.journal ? section.listEnd : -1;
    if (joining || missing > 0) {
      const loss = this.#loss;
      loss.sequence = sequence;
      loss.highest = this.#highest;
      loss.joining = joining;
      loss.continuing = this.#continuing;
      loss.inTime = inTime;
      loss.at = at;
      this.#repair.make(loss, bytes, journalAt, end);
    } else if (journalAt >= 0) {
      this.#repair.check(bytes, journalAt, end);
    }
    this.#highest = sequence;
    this.#newest = header.timestamp;
    const hasCommands = isReadable && section.listEnd > section.listAt;
    const hadSysEx = hasCommands && delivery.takeCommands(bytes, section);
    if (fault === 'trailingOctets') this.#faults.count(fault);
    else if (fault) delivery.lackCommands(fault);
    this.#suspect = -1;
    const awaited = missing > 0 || hadSysEx;
    if (this.reportsAtOnce) return;
    this.#feedback.note(at, hasCommands ? (awaited ? 'awaited' : 'commands') : 'guard');
  }

  #report(now: Instant): void {
    if (this.reportsAtOnce) {
      this.#reportAtOnce();
      return;
    }
    if (this.#feedback.take(this.#highest, now)) this.#sink.report(this.#highest & 0xffff);
  }

  #reportAtOnce(): void {
    if (this.#highest === this.#reported) return;
    this.#reported = this.#highest;
    this.#sink.report(this.#highest & 0xffff);
  }
}
