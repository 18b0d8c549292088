/**
 * Prediction engine: when every remote event is to sound, and what sounds before it has come.
 *
 * Takes  remote events with their times of performance and arrival; the ensemble context; the jam mode, for all or for one
 *        player; what is played here, for the other parts tell of each other.
 * Gives  events with a due time to `play`, in whatever order they are decided; statistics per stream.
 * Keeps  at most 64 streams, each with its notes: every note-on it gave to `play` gets its note-off.
 * Lane   2. What comes is decided in `receive`, at once; what is predicted, by an alarm. Nothing allocated per event.
 *
 * Modes are those of DESIGN section 5: live/, tight/ and groove/; modes/ chooses for Auto. Without predictors, and without
 * a beat, Tight plays on arrival what it can't foresee.
 */
import type { EnsembleContext, JamMode, Role } from '../core/ensemble.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import type { EventCause } from '../core/scheduled-event.ts';
import { fromMillis, type Instant, type Micros } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import { EngineGrid } from './engine-grid.ts';
import { EngineStream } from './engine-stream.ts';
import { ClickGrid } from './grid/click-grid.ts';
import type { StreamStats } from './live/live-stream.ts';
import type { PredictionStats } from './prediction-stats.ts';
import type { PartPredictor } from './predictor/part-predictor.ts';
import type { PartPredictors } from './predictor/part-predictors.ts';

export interface PredictionEngineDeps {
  readonly clock: Clock;
  /** Must not block nor throw. `due` may have passed. */
  readonly play: (message: MidiMessage, due: Instant, source: string, cause: EventCause) => void;
  /** A stream ended: nothing more of it may sound. Its note-offs were given to `play` before. */
  readonly release: (source: string) => void;
  /** Undefined: nothing is predicted. */
  readonly predictors?: PartPredictors | undefined;
  /** The shared click, which the context's timeline moves; undefined: one in local time. */
  readonly click?: ClickGrid | undefined;
}

export interface PredictionEngineInit {
  /** Note-ons that come later than this after they were due are dropped. Note-offs never are. */
  readonly lateLimit?: Micros;
  /** In Live, from being performed to being due: fixed, 0 for on arrival. Default: as the jitter of each stream asks for. */
  readonly delay?: Micros;
  /** Bars that Groove plays later, at least. */
  readonly grooveBars?: number;
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
  /** What is played here: it sounds by itself, and tells what the others may play. */
  hearSelf(message: MidiMessage, playedAt: Instant): void;
  /** Timeline and roles. */
  setContext(context: EnsembleContext | undefined): void;
  setMode(mode: JamMode): void;
  /** Of one participant, whatever is set for all; undefined: as for all. It outlasts the stream. */
  setStreamMode(source: string, mode: JamMode | undefined): void;
  /** Of one participant; undefined: it is guessed from what is played. It outlasts the stream. */
  setRole(source: string, role: Role | undefined): void;
  /** 0: nothing predicted is played; 1: as much as the budget of false notes allows. For all. */
  setWet(wet: number): void;
  /** The same of one participant, beside that for all. */
  setStreamWet(source: string, wet: number | undefined): void;
  /** The stream ended: its notes end, what was learnt of it is forgotten. */
  remove(source: string): void;
  /** Ends all notes of all streams, and keeps the streams. */
  panic(): void;
  streamStats(source: string): StreamStats | undefined;
  predictionStats(source: string): PredictionStats | undefined;
  /** Events of streams beyond the 64th. */
  readonly refused: number;
}

const LATE_LIMIT: Micros = fromMillis(500);
export const MAX_STREAMS = 64;
const GROOVE_BARS = 1;
const SELF = 'self';

export function openPredictionEngine(
  deps: PredictionEngineDeps,
  init: PredictionEngineInit = {},
): PredictionEngine {
  return new ModalEngine(deps, init);
}

interface Wishes {
  mode: JamMode | undefined;
  role: Role | undefined;
  wet: number | undefined;
}

class ModalEngine implements PredictionEngine {
  readonly #deps: PredictionEngineDeps;
  readonly #init: PredictionEngineInit;
  readonly #streams = new Map<string, EngineStream>();
  /** What was set for single participants, whether they play yet or not. */
  readonly #wishes = new Map<string, Wishes>();
  readonly #click: ClickGrid;
  readonly #grid: EngineGrid;
  #self: PartPredictor | undefined;
  #mode: JamMode = 'auto';
  #wet = 1;
  refused = 0;

  constructor(deps: PredictionEngineDeps, init: PredictionEngineInit) {
    this.#deps = deps;
    this.#init = init;
    this.#click = deps.click ?? new ClickGrid();
    this.#grid = new EngineGrid(this.#click);
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

  hearSelf(message: MidiMessage, playedAt: Instant): void {
    if (message.kind !== 'noteOn' && message.kind !== 'noteOff') return;
    this.#self ??= this.#deps.predictors?.open({
      source: SELF,
      role: this.#wishes.get(SELF)?.role ?? 'melody',
      grid: this.#grid,
    });
    if (message.kind === 'noteOff') this.#self?.noteOff(message.channel, message.key, playedAt);
    else this.#self?.noteOn(message.channel, message.key, message.velocity, playedAt);
  }

  setContext(context: EnsembleContext | undefined): void {
    if (!context) return;
    this.#click.setTimeline(context.timeline);
    for (const { id, self, role } of context.participants) {
      if (self) this.#wish(SELF).role = role;
      else this.setRole(id, role);
    }
  }

  setMode(mode: JamMode): void {
    this.#mode = mode;
    for (const stream of this.#streams.values()) this.#fulfil(stream);
  }

  setStreamMode(source: string, mode: JamMode | undefined): void {
    this.#wish(source).mode = mode;
    this.#fulfilFor(source);
  }

  setRole(source: string, role: Role | undefined): void {
    this.#wish(source).role = role;
    this.#streams.get(source)?.setRole(role);
  }

  setWet(wet: number): void {
    this.#wet = wet;
    for (const stream of this.#streams.values()) this.#fulfil(stream);
  }

  setStreamWet(source: string, wet: number | undefined): void {
    this.#wish(source).wet = wet;
    this.#fulfilFor(source);
  }

  remove(source: string): void {
    const stream = this.#streams.get(source);
    if (!stream) return;
    stream.dispose(this.#deps.clock.now());
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

  predictionStats(source: string): PredictionStats | undefined {
    return this.#streams.get(source)?.prediction;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const source of [...this.#streams.keys()]) this.remove(source);
  }

  #wish(source: string): Wishes {
    let wishes = this.#wishes.get(source);
    if (!wishes) {
      wishes = { mode: undefined, role: undefined, wet: undefined };
      this.#wishes.set(source, wishes);
    }
    return wishes;
  }

  #fulfilFor(source: string): void {
    const stream = this.#streams.get(source);
    if (stream) this.#fulfil(stream);
  }

  #fulfil(stream: EngineStream): void {
    const wishes = this.#wishes.get(stream.source);
    stream.setWet(this.#wet * (wishes?.wet ?? 1));
    stream.setMode(wishes?.mode ?? this.#mode);
  }

  #add(source: string): EngineStream | undefined {
    if (this.#streams.size >= MAX_STREAMS) return undefined;
    const { clock, play, predictors } = this.#deps;
    const stream = new EngineStream(
      {
        clock,
        grid: this.#grid,
        predictors,
        play: (message, due, cause) => play(message, due, source, cause),
      },
      {
        source,
        lateLimit: this.#init.lateLimit ?? LATE_LIMIT,
        liveDelay: this.#init.delay ?? 'buffer',
        grooveBars: this.#init.grooveBars ?? GROOVE_BARS,
      },
    );
    this.#streams.set(source, stream);
    stream.setRole(this.#wishes.get(source)?.role);
    this.#fulfil(stream);
    return stream;
  }
}
