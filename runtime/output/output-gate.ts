/**
 * The gate between the queue and the wires: decides, in the order in which events take effect, what each does to the
 * ledger and what goes out for it.
 *
 * Takes  one event at a time that is due shortly.
 * Gives  starts, ends and other messages to every lane; reports what needs no message.
 * Keeps  nothing but the ledger. Note-ons past the late limit are dropped here; everything else plays however late.
 */
import { CONTROLLER, type MidiMessage } from '../core/midi-message.ts';
import {
  CONTROLS_PER_CHANNEL,
  endOf,
  firstControlVoice,
  firstKeyVoice,
  isKey,
  KEYS_PER_CHANNEL,
  NO_VOICE,
  startsVoice,
  VOICES,
  voiceOf,
} from '../core/midi-voices.ts';
import type { EventCause } from '../core/scheduled-event.ts';
import type { Instant, Micros } from '../core/time.ts';
import type { QueuedEvent } from './event-queue.ts';
import type { NoteLedger } from './note-ledger.ts';
import type { OutputLane } from './output-lane.ts';
import type { ReportDesk } from './report-desk.ts';
import type { SentSlots } from './sent-slots.ts';
import type { Source } from './source-book.ts';

export class OutputGate {
  readonly #ledger: NoteLedger;
  readonly #lanes: { readonly list: readonly OutputLane<Source>[] };
  readonly #slots: SentSlots<Source>;
  readonly #desk: ReportDesk;
  readonly #lateLimit: Micros;

  constructor(
    ledger: NoteLedger,
    lanes: { readonly list: readonly OutputLane<Source>[] },
    slots: SentSlots<Source>,
    desk: ReportDesk,
    lateLimit: Micros,
  ) {
    this.#ledger = ledger;
    this.#lanes = lanes;
    this.#slots = slots;
    this.#desk = desk;
    this.#lateLimit = lateLimit;
  }

  handOver(event: QueuedEvent<Source>, now: Instant): void {
    const { message, due, source, cause } = event;
    if (message.kind === 'noteOn' && now - due > this.#lateLimit) {
      this.#desk.late(source);
      this.#desk.report(message, source, cause, due, undefined);
      return;
    }
    const voice = voiceOf(message);
    if (voice !== NO_VOICE) {
      if (startsVoice(message)) this.#start(voice, message, due, source, cause);
      else this.#end(voice, message, due, source, cause, now);
    } else if (message.kind === 'controlChange' && endsChannel(message.controller)) {
      this.#endChannel(message.channel, message.controller, message, due, source, cause, now);
    } else {
      this.#pass(message, due, source, cause);
    }
  }

  /** Ends all that a source holds, each reported with the cause that started it. */
  release(source: Source, now: Instant): void {
    const { holder } = source;
    for (let voice = 0; voice < VOICES && holder.count > 0; voice++) {
      if (holder.held[voice] !== 1) continue;
      this.#endHeld(voice, now, source, holder.causes[voice] ?? 'corrected', now);
    }
  }

  /** Ends all that anyone holds and silences every lane. */
  panic(sources: Iterable<Source>, now: Instant): void {
    for (const source of sources) {
      const { holder } = source;
      for (let voice = 0; voice < VOICES && holder.count > 0; voice++) {
        if (holder.held[voice] !== 1) continue;
        this.#ledger.end(holder, voice);
        this.#desk.report(endOf(voice), source, 'panic', now, now);
      }
    }
    for (const lane of this.#lanes.list) lane.silence(true);
  }

  #start(
    voice: number,
    message: MidiMessage,
    due: Instant,
    source: Source,
    cause: EventCause,
  ): void {
    this.#ledger.start(source.holder, voice, cause);
    const tag = this.#slots.open(message, voice, true, source, cause, due);
    let taken = false;
    for (const lane of this.#lanes.list) taken = lane.start(voice, message, due, tag) || taken;
    if (!taken) this.#desk.refused();
    this.#slots.handed(tag);
  }

  #end(
    voice: number,
    message: MidiMessage,
    due: Instant,
    source: Source,
    cause: EventCause,
    now: Instant,
  ): void {
    switch (this.#ledger.end(source.holder, voice)) {
      case 'last':
        this.#endOnLanes(voice, message, due, source, cause);
        return;
      case 'shared':
        this.#merge(message, due, source, cause, now);
        return;
      case 'notHeld':
        // A pedal that moves below its switching point says something; a second note-off does not.
        if (!isKey(voice) && this.#ledger.holdersOf(voice) === 0) {
          this.#pass(message, due, source, cause);
        } else {
          this.#desk.unneeded(message, source, cause, due);
        }
    }
  }

  #endHeld(voice: number, due: Instant, source: Source, cause: EventCause, now: Instant): void {
    const message = endOf(voice);
    if (this.#ledger.end(source.holder, voice) === 'last') {
      this.#endOnLanes(voice, message, due, source, cause);
    } else {
      this.#merge(message, due, source, cause, now);
    }
  }

  #endOnLanes(
    voice: number,
    message: MidiMessage,
    due: Instant,
    source: Source,
    cause: EventCause,
  ): void {
    const tag = this.#slots.open(message, voice, false, source, cause, due);
    let taken = false;
    for (const lane of this.#lanes.list) taken = lane.end(voice, due, tag) || taken;
    if (taken) {
      this.#slots.handed(tag);
    } else {
      // Its start reached no wire.
      this.#slots.at(tag).source = undefined;
      this.#slots.handed(tag);
      this.#desk.unneeded(message, source, cause, due);
    }
  }

  /** An end takes effect without a message. */
  #merge(
    message: MidiMessage,
    due: Instant,
    source: Source,
    cause: EventCause,
    now: Instant,
  ): void {
    this.#desk.merged();
    this.#desk.report(message, source, cause, due, due > now ? due : now);
  }

  #pass(message: MidiMessage, due: Instant, source: Source, cause: EventCause): void {
    const tag = this.#slots.open(message, NO_VOICE, false, source, cause, due);
    let taken = false;
    for (const lane of this.#lanes.list) taken = lane.pass(message, due, tag) || taken;
    if (!taken) this.#desk.refused();
    this.#slots.handed(tag);
  }

  /** One source's "all notes off" ends its own notes; the message itself goes out when it would end nobody else's. */
  #endChannel(
    channel: number,
    controller: number,
    message: MidiMessage,
    due: Instant,
    source: Source,
    cause: EventCause,
    now: Instant,
  ): void {
    const reset = controller === CONTROLLER.resetAllControllers;
    const first = reset ? firstControlVoice(channel) : firstKeyVoice(channel);
    const count = reset ? CONTROLS_PER_CHANNEL : KEYS_PER_CHANNEL;
    for (let voice = first; voice < first + count; voice++) {
      if (source.holder.held[voice] === 1) this.#endHeld(voice, due, source, cause, now);
    }
    if (this.#ledger.othersHold(source.holder, first, count)) {
      this.#merge(message, due, source, cause, now);
    } else {
      this.#pass(message, due, source, cause);
    }
  }
}

/** Controllers 120 to 127 end the notes of a channel, but for 122 (local control), and 121 puts its pedals and wheels to rest. */
export function endsChannel(controller: number): boolean {
  return controller >= CONTROLLER.allSoundOff && controller !== CONTROLLER.localControl;
}
