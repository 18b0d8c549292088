/**
 * MIDI output manager: the last room before the wire.
 *
 * Takes  scheduled events from anyone, by source.
 * Gives  them to every MidiOutput, which waits for `due`, and a SentReport for each event.
 * Keeps  a queue ordered by `due` until shortly before it, and the note ledger. Every note-on that left has its note-off:
 *        of its source, on release, on panic, on dispose. Nothing else in the runtime writes to a wire.
 *        Drop policy: note-ons that are later than `lateLimit`, and whatever but a needed note-off or pedal-up finds a
 *        queue full. Note-offs are never dropped; one that ends nothing is not sent.
 * Lane   0. Never waits for another room.
 */
import { PortError } from '../core/errors.ts';
import { Listeners } from '../core/listeners.ts';
import { isClockMessage, type MidiMessage } from '../core/midi-message.ts';
import {
  CONTROLS_PER_CHANNEL,
  firstControlVoice,
  firstKeyVoice,
  isKey,
  KEYS_PER_CHANNEL,
  NO_VOICE,
  startsVoice,
  voiceOf,
} from '../core/midi-voices.ts';
import type { EventCause, SentReport } from '../core/scheduled-event.ts';
import { fromMillis, type Instant, type Micros } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { MidiOutput } from '../ports/midi-output.ts';
import { EventQueue } from './event-queue.ts';
import { NoteLedger } from './note-ledger.ts';
import { endsChannel, OutputGate } from './output-gate.ts';
import { openOutputLanes } from './output-lanes.ts';
import { type OutputCounts, ReportDesk } from './report-desk.ts';
import { SentSlots } from './sent-slots.ts';
import { clearPlans, notBefore, type Source, SourceBook, type SourceStats } from './source-book.ts';

export interface OutputManagerInit {
  /** Note-ons later than this are dropped; everything else is played however late. Default 250 ms. */
  readonly lateLimit?: Micros;
  /**
   * How long before `due` an event is handed to the outputs: longer than the clock's alarms are late, short because an
   * event can't be taken back afterwards. Default 20 ms.
   */
  readonly lead?: Micros;
  /** Events queued at most, not counting note-offs and pedal-ups. Default 8192. */
  readonly capacity?: number;
}

interface OutputStats extends OutputCounts {
  readonly queued: number;
  readonly bySource: ReadonlyMap<string, SourceStats>;
}

export interface OutputManager extends AsyncDisposable {
  /** Adopts an output, which starts silent. Its notes are ended and it is disposed with the returned handle. */
  addOutput(output: MidiOutput): AsyncDisposable;
  /**
   * Never blocks, never throws. `source` is a participant's BoxId, `self` for thru: each source has its own notes, so that
   * two players may hold the same key. Messages of one key or pedal from one source keep the order of the calls.
   */
  schedule(message: MidiMessage, due: Instant, source: string, cause: EventCause): void;
  /**
   * Takes back what this source has scheduled and ends all that it holds (keys, pedals, wheels that are not at rest):
   * disconnect, mode change.
   */
  release(source: string): void;
  /** All notes off, everywhere, now: what is queued is dropped, and every channel that was used gets the controllers too. */
  panic(): void;
  /**
   * Told for each event once: when it left the first output, or when it is certain that it never will. An end that needed
   * no message, since another source holds the same key, reports the instant when it took effect. What `release` and
   * `panic` end is reported as note-offs of its source.
   */
  onSent(listener: (report: SentReport) => void): Disposable;
  /** Keys that sound on at least one output. */
  readonly soundingNotes: number;
  readonly stats: OutputStats;
}

const LATE_LIMIT = fromMillis(250);
const LEAD = fromMillis(20);
/** The same of timing clock and transport, which nobody takes back: a busy main thread does not make the beat uneven. */
const TIMING_LEAD = fromMillis(100);
const CAPACITY = 8_192;

export function openOutputManager(
  deps: { readonly clock: Clock },
  init: OutputManagerInit = {},
): OutputManager {
  const { clock } = deps;
  const lead = init.lead ?? LEAD;
  const capacity = init.capacity ?? CAPACITY;

  const ledger = new NoteLedger();
  const sources = new SourceBook(ledger);
  const queue = new EventQueue<Source>();
  const listeners = new Listeners<[SentReport]>();
  const desk = new ReportDesk(listeners);
  const slots = new SentSlots<Source>((slot) => desk.settled(slot));
  const lanes = openOutputLanes(deps, slots);
  const gate = new OutputGate(ledger, lanes, slots, desk, init.lateLimit ?? LATE_LIMIT);
  let closing = false;
  let closed: Promise<void> | undefined;

  // Whoever is told of a report may call us back; what it asks is done once the books are in order.
  let busy = false;
  let panicAsked = false;
  let releasesAsked: string[] = [];

  let wakeAt: Instant | undefined;
  const wake = clock.alarm(() => {
    wakeAt = undefined;
    work();
  });

  /** Does whatever is due or asked for, until nothing is. */
  function work(): void {
    if (busy) return;
    busy = true;
    try {
      handOver();
      while (panicAsked || releasesAsked.length > 0) {
        const released = releasesAsked;
        if (released.length > 0) releasesAsked = [];
        for (const name of released) releaseNow(name);
        if (panicAsked) panicNow();
        handOver();
      }
      lanes.watch();
    } finally {
      busy = false;
    }
    sleep();
  }

  /** Hands over what is due within `lead`, in order of `due`. */
  function handOver(): void {
    const now = clock.now();
    const limit = now + lead;
    for (;;) {
      const next = queue.peek();
      if (next === undefined || next.due > limit) return;
      queue.pop();
      next.source.queued--;
      gate.handOver(next, now);
      queue.recycle(next);
    }
  }

  function sleep(): void {
    const next = queue.peek();
    if (next === undefined) {
      if (wakeAt !== undefined) wake.clear();
      wakeAt = undefined;
    } else if (next.due !== wakeAt) {
      wakeAt = next.due;
      wake.set((next.due - lead) as Instant);
    }
  }

  /** Takes back what a source (every source when undefined) has queued. */
  function cancel(source: Source | undefined): void {
    for (const event of queue.remove(source)) {
      event.source.queued--;
      desk.cancelled();
      desk.report(event.message, event.source, event.cause, event.due, undefined);
      queue.recycle(event);
    }
  }

  function releaseNow(name: string): void {
    const source = sources.find(name);
    if (source === undefined) return;
    cancel(source);
    clearPlans(source);
    gate.release(source, clock.now());
  }

  function panicNow(): void {
    panicAsked = false;
    cancel(undefined);
    for (const source of sources.all()) clearPlans(source);
    gate.panic(sources.all(), clock.now());
  }

  /** Puts an event into the queue, or tells why not. */
  function enqueue(message: MidiMessage, due: Instant, source: Source, cause: EventCause): void {
    const voice = voiceOf(message);
    const starts = voice !== NO_VOICE && startsVoice(message);
    const ends = voice !== NO_VOICE && !starts && source.planned[voice] === 1;
    if (voice !== NO_VOICE && !starts && !ends && isKey(voice)) {
      desk.unneeded(message, source, cause, due);
      return;
    }
    if (!ends && queue.size >= capacity) {
      desk.refused();
      desk.report(message, source, cause, due, undefined);
      return;
    }
    let at = due;
    if (voice !== NO_VOICE) {
      at = notBefore(source, voice, 1, due);
      source.planned[voice] = starts ? 1 : 0;
      source.lastDue[voice] = at;
    } else if (message.kind === 'controlChange' && endsChannel(message.controller)) {
      at = notBefore(source, firstKeyVoice(message.channel), KEYS_PER_CHANNEL, due);
      at = notBefore(source, firstControlVoice(message.channel), CONTROLS_PER_CHANNEL, at);
    }
    // Whoever is told of a report may be the caller: then it has its turn with the others.
    if (isClockMessage(message) && !busy && at <= clock.now() + TIMING_LEAD) {
      const event = queue.record(message, at, source, cause);
      gate.handOver(event, clock.now());
      queue.recycle(event);
      return;
    }
    source.queued++;
    queue.push(message, at, source, cause);
  }

  return {
    addOutput(output) {
      if (closing) throw new PortError('closed', 'the output manager is closed');
      return lanes.add(output);
    },
    schedule(message, due, source, cause) {
      const from = sources.get(source);
      if (closing) {
        desk.cancelled();
        desk.report(message, from, cause, due, undefined);
      } else {
        enqueue(message, Number.isFinite(due) ? due : clock.now(), from, cause);
        work();
      }
    },
    release(source) {
      releasesAsked.push(source);
      work();
    },
    panic() {
      panicAsked = true;
      work();
    },
    onSent: (listener) => listeners.add(listener),
    get soundingNotes() {
      let sounding = 0;
      for (let voice = 0; isKey(voice); voice++) {
        if (lanes.list.some((lane) => lane.isLit(voice))) sounding++;
      }
      return sounding;
    },
    get stats() {
      return { ...desk.counts, queued: queue.size, bySource: sources.stats() };
    },
    [Symbol.asyncDispose]() {
      closing = true;
      closed ??= (async () => {
        for (const source of sources.all()) releasesAsked.push(source.name);
        work();
        // Asked from within a report: the books are in order once that has returned.
        await undefined;
        wake[Symbol.dispose]();
        await lanes[Symbol.asyncDispose]();
        listeners.clear();
      })();
      return closed;
    },
  };
}
