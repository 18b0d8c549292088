/**
 * Counts the fates of events and tells them on, in records that are used again.
 *
 * Keeps  one record for each report that is being told: a listener may cause the next report while it is called.
 */
import type { Listeners } from '../core/listeners.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import type { EventCause, SentReport } from '../core/scheduled-event.ts';
import type { Instant } from '../core/time.ts';
import type { SentSlot } from './sent-slots.ts';
import type { Source } from './source-book.ts';

export interface OutputCounts {
  /** Events that left at least one output, or took effect without a message. */
  readonly sent: number;
  /** Events that never left, for whatever reason but being unneeded. */
  readonly dropped: number;
  /** Of the dropped: note-ons past the late limit. */
  readonly late: number;
  /** Of the dropped: no output took it, or the manager's own queue was full. */
  readonly refused: number;
  /** Of the dropped: taken back by release, panic or dispose before they were handed over. */
  readonly cancelled: number;
  /** Note-offs that ended nothing. Not dropped, for they were not needed. */
  readonly unneeded: number;
  /** Ends that took effect without a message, since another source still holds the key or pedal. */
  readonly merged: number;
}

type Record = { -readonly [Field in keyof SentReport]: SentReport[Field] };

export class ReportDesk {
  readonly counts: { -readonly [Name in keyof OutputCounts]: number } = {
    sent: 0,
    dropped: 0,
    late: 0,
    refused: 0,
    cancelled: 0,
    unneeded: 0,
    merged: 0,
  };
  readonly #listeners: Listeners<[SentReport]>;
  readonly #records: Record[] = [];
  #telling = 0;

  constructor(listeners: Listeners<[SentReport]>) {
    this.#listeners = listeners;
  }

  settled(slot: SentSlot<Source>): void {
    const { source, message, cause, due, leftAt } = slot;
    if (source !== undefined) this.report(message, source, cause, due, leftAt);
  }

  report(
    message: MidiMessage,
    source: Source,
    cause: EventCause,
    due: Instant,
    leftAt: Instant | undefined,
  ): void {
    if (leftAt === undefined) {
      this.counts.dropped++;
      source.stats.dropped++;
    } else {
      this.counts.sent++;
      source.stats.sent++;
    }
    this.#tell(message, source, cause, due, leftAt);
  }

  unneeded(message: MidiMessage, source: Source, cause: EventCause, due: Instant): void {
    this.counts.unneeded++;
    this.#tell(message, source, cause, due, undefined);
  }

  late(source: Source): void {
    this.counts.late++;
    source.stats.late++;
  }

  refused(): void {
    this.counts.refused++;
  }

  cancelled(): void {
    this.counts.cancelled++;
  }

  merged(): void {
    this.counts.merged++;
  }

  #tell(
    message: MidiMessage,
    source: Source,
    cause: EventCause,
    due: Instant,
    leftAt: Instant | undefined,
  ): void {
    if (this.#listeners.size === 0) return;
    let record = this.#records[this.#telling];
    if (record === undefined) {
      record = { message, source: source.name, cause, due, leftAt };
      this.#records.push(record);
    } else {
      record.message = message;
      record.source = source.name;
      record.cause = cause;
      record.due = due;
      record.leftAt = leftAt;
    }
    this.#telling++;
    try {
      this.#listeners.emit(record);
    } finally {
      this.#telling--;
    }
  }
}
