/**
 * Prediction engine: when every remote event is to sound.
 *
 * Takes  remote events with their times of performance and arrival; the ensemble context; the jam mode.
 * Gives  events with a due time to `play`, in whatever order they are decided; statistics per stream.
 * Keeps  at most 64 streams, each with its notes: every note-on it gave to `play` gets its note-off.
 * Lane   2. Decides in `receive`, at once: it needs no timer. Nothing allocated per event.
 *
 * All modes play Live: on arrival, jitter-smoothed (live/live-stream.ts).
 */
import type { EnsembleContext, JamMode } from '../core/ensemble.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import type { EventCause } from '../core/scheduled-event.ts';
import { fromMillis, type Instant, type Micros } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import { LiveStream, type StreamStats } from './live/live-stream.ts';

export interface PredictionEngineDeps {
  readonly clock: Clock;
  /** Must not block nor throw. `due` may have passed. */
  readonly play: (message: MidiMessage, due: Instant, source: string, cause: EventCause) => void;
  /** A stream ended: nothing more of it may sound. Its note-offs were given to `play` before. */
  readonly release: (source: string) => void;
}

export interface PredictionEngineInit {
  /** Note-ons that come later than this after they were due are dropped. Note-offs never are. */
  readonly lateLimit?: Micros;
  /** From being performed to being due: fixed, 0 for on arrival. Default: as the jitter of each stream asks for. */
  readonly delay?: Micros;
}

export interface PredictionEngine extends AsyncDisposable {
  /** A remote event arrived. Both times are local; `recovered`: the journal brought it back. */
  receive(
    source: string,
    message: MidiMessage,
    performedAt: Instant,
    arrivedAt: Instant,
    recovered: boolean,
  ): void;
  /** Live needs no context; the other modes will. */
  setContext(context: EnsembleContext | undefined): void;
  setMode(mode: JamMode): void;
  /** The stream ended: its notes end, what was learnt of it is forgotten. */
  remove(source: string): void;
  /** Ends all notes of all streams, and keeps the streams. */
  panic(): void;
  streamStats(source: string): StreamStats | undefined;
  /** Events of streams beyond the 64th. */
  readonly refused: number;
}

const LATE_LIMIT: Micros = fromMillis(500);
export const MAX_STREAMS = 64;

export function openPredictionEngine(
  deps: PredictionEngineDeps,
  init?: PredictionEngineInit,
): PredictionEngine {
  return new LiveEngine(deps, init?.lateLimit ?? LATE_LIMIT, init?.delay);
}

class LiveEngine implements PredictionEngine {
  readonly #deps: PredictionEngineDeps;
  readonly #lateLimit: Micros;
  readonly #delay: Micros | undefined;
  readonly #streams = new Map<string, LiveStream>();
  refused = 0;

  constructor(deps: PredictionEngineDeps, lateLimit: Micros, delay: Micros | undefined) {
    this.#deps = deps;
    this.#lateLimit = lateLimit;
    this.#delay = delay;
  }

  receive(
    source: string,
    message: MidiMessage,
    performedAt: Instant,
    arrivedAt: Instant,
    recovered: boolean,
  ): void {
    const stream = this.#streams.get(source) ?? this.#add(source);
    if (stream) stream.receive(message, performedAt, arrivedAt, recovered);
    else this.refused++;
  }

  setContext(_context: EnsembleContext | undefined): void {
    // Live plays by arrival alone.
  }

  setMode(_mode: JamMode): void {
    // Every mode plays Live, so notes that sound go on sounding.
  }

  remove(source: string): void {
    const stream = this.#streams.get(source);
    if (!stream) return;
    stream.release(this.#deps.clock.now());
    this.#streams.delete(source);
    this.#deps.release(source);
  }

  panic(): void {
    const now = this.#deps.clock.now();
    for (const stream of this.#streams.values()) stream.release(now);
  }

  streamStats(source: string): StreamStats | undefined {
    return this.#streams.get(source)?.stats;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const source of [...this.#streams.keys()]) this.remove(source);
  }

  #add(source: string): LiveStream | undefined {
    if (this.#streams.size >= MAX_STREAMS) return undefined;
    const stream = new LiveStream(
      (message, due, cause) => this.#deps.play(message, due, source, cause),
      this.#lateLimit,
      this.#delay,
    );
    this.#streams.set(source, stream);
    return stream;
  }
}
