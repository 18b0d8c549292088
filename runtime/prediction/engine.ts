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
import { STATUS, shortMessage } from '../core/midi-bytes.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import type { EventCause } from '../core/scheduled-event.ts';
import { after, fromMillis, fromSeconds, type Instant, type Micros } from '../core/time.ts';
import type { Alarm, Clock } from '../ports/clock.ts';
import { type BandStats, RoleBalance } from './balance/role-balance.ts';
import { EngineGrid } from './engine-grid.ts';
import { EngineStream } from './engine-stream.ts';
import type { BeatGrid } from './grid/beat-grid.ts';
import { type BeatTracker, openBeatTracker } from './grid/beat-tracker.ts';
import { ClickGrid } from './grid/click-grid.ts';
import type { StreamStats } from './live/live-stream.ts';
import type { NoteOn } from './live/sounding-keys.ts';
import type { NoteListener } from './note-tap.ts';
import type { PredictionStats } from './prediction-stats.ts';
import type { ExpectedNotes, PartPredictor } from './predictor/part-predictor.ts';
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
  /** How far remote notes are moved to the beat, 0 (not at all, the default) to 1. */
  readonly quantization?: number;
  /** Bars for which a player whose link is gone is carried on; default 0: not at all. */
  readonly carryOnBars?: number;
  /** Players of one role are made equally loud. Default: everyone is as loud as played. */
  readonly balance?: boolean;
}

export interface StreamWish {
  readonly mode: JamMode | undefined;
  readonly wet: number | undefined;
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
  /** What was set of mode and prediction for that participant alone; undefined: as for all. */
  streamWish(source: string): StreamWish;
  /** How far notes of one participant are moved to the beat; undefined: as for all. It outlasts the stream. */
  setStreamQuantization(source: string, strength: number | undefined): void;
  /** Whether a participant wants to be carried on when the link is gone; nobody is who hasn't said so. */
  setConsent(source: string, carryOn: boolean): void;
  /** The stream ended: its notes end, what was learnt of it is forgotten. */
  remove(source: string): void;
  /** The stream's link is gone: it is carried on where that is wanted, then removed; at once where it isn't. */
  lose(source: string): void;
  /** Ends all notes of all streams, and keeps the streams. */
  panic(): void;
  streamStats(source: string): StreamStats | undefined;
  predictionStats(source: string): PredictionStats | undefined;
  /** Roles that several play, and that nobody does. */
  readonly band: BandStats;
  /** The beat that is predicted by. */
  readonly grid: BeatGrid;
  /**
   * What is expected of a player in a slot of the grid, which may lie ahead: to be shown. `done` as in PartPredictor. False:
   * nothing is known of that player.
   */
  expect(
    source: string,
    slot: number,
    done: (slot: number, expected: ExpectedNotes) => void,
  ): boolean;
  /** One listener; undefined: none. */
  onNote(listener: NoteListener | undefined): void;
  /** Events of streams beyond the 64th. */
  readonly refused: number;
}

const LATE_LIMIT: Micros = fromMillis(500);
export const MAX_STREAMS = 64;
const GROOVE_BARS = 1;
const SELF = 'self';
const NO_WISH: StreamWish = { mode: undefined, wet: undefined };

export function openPredictionEngine(
  deps: PredictionEngineDeps,
  init: PredictionEngineInit = {},
): PredictionEngine {
  return new ModalEngine(deps, init);
}

interface Wishes extends StreamWish {
  mode: JamMode | undefined;
  wet: number | undefined;
  quantization: number | undefined;
  role: Role | undefined;
  carryOn: boolean;
}

/** How often the tracker is told that time goes by, and for how long after the last note. */
const TRACKING: Micros = fromMillis(100);
const TRACKED_AFTER: Micros = fromSeconds(25);

class ModalEngine implements PredictionEngine {
  readonly grid: EngineGrid;
  readonly #deps: PredictionEngineDeps;
  readonly #init: PredictionEngineInit;
  readonly #streams = new Map<string, EngineStream>();
  /** What was set for single participants, whether they play yet or not. */
  readonly #wishes = new Map<string, Wishes>();
  readonly #click: ClickGrid;
  readonly #tracker: BeatTracker = openBeatTracker();
  readonly #tracking: Alarm;
  readonly #balance = new RoleBalance();
  #trackUntil = Number.NEGATIVE_INFINITY;
  #numbers = 0;
  #self: PartPredictor | undefined;
  #selfRole: Role | undefined;
  #listener: NoteListener | undefined;
  #mode: JamMode = 'auto';
  #wet = 1;
  refused = 0;

  constructor(deps: PredictionEngineDeps, init: PredictionEngineInit) {
    this.#deps = deps;
    this.#init = init;
    this.#click = deps.click ?? new ClickGrid();
    this.grid = new EngineGrid(this.#click, this.#tracker.grid);
    this.#tracking = deps.clock.alarm(() => this.#track());
  }

  get band(): BandStats {
    return this.#balance.stats;
  }

  receive(
    source: string,
    message: MidiMessage,
    performedAt: Instant,
    arrivedAt: Instant,
    recovered: boolean,
  ): void {
    const stream = this.#streams.get(source) ?? this.#add(source);
    if (!stream) {
      this.refused++;
      return;
    }
    if (message.kind === 'noteOn') {
      this.#hearBeat(stream.number, message, performedAt, arrivedAt, stream.role);
      this.#balance.struck(source, message.velocity);
    }
    stream.receive(message, performedAt, arrivedAt, recovered);
  }

  hearSelf(message: MidiMessage, playedAt: Instant): void {
    if (message.kind === 'noteOff') {
      this.#self?.noteOff(message.channel, message.key, playedAt);
    }
    if (message.kind !== 'noteOn') return;
    this.#hearBeat(0, message, playedAt, playedAt, this.#selfRole);
    this.#balance.struck(SELF, message.velocity);
    this.#self ??= this.#deps.predictors?.open({
      source: SELF,
      role: this.#selfRole ?? 'melody',
      grid: this.grid,
    });
    this.#self?.noteOn(message.channel, message.key, message.velocity, playedAt);
  }

  setContext(context: EnsembleContext | undefined): void {
    if (!context) return;
    this.#click.setTimeline(context.timeline);
    for (const { id, self, role, carryOn } of context.participants) {
      if (self) this.#setSelfRole(role);
      else {
        this.setRole(id, role);
        this.setConsent(id, carryOn === true);
      }
    }
    // Who has left is not coming back.
    for (const [source, { isCarried }] of this.#streams) {
      const stays = context.participants.some(({ id }) => id === source);
      if (isCarried && !stays) this.remove(source);
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

  streamWish(source: string): StreamWish {
    return this.#wishes.get(source) ?? NO_WISH;
  }

  setStreamQuantization(source: string, strength: number | undefined): void {
    this.#wish(source).quantization = strength;
    this.#fulfilFor(source);
  }

  setConsent(source: string, carryOn: boolean): void {
    this.#wish(source).carryOn = carryOn;
  }

  remove(source: string): void {
    const stream = this.#streams.get(source);
    if (!stream) return;
    stream.dispose(this.#deps.clock.now());
    this.#streams.delete(source);
    this.#balance.remove(source);
    this.#deps.release(source);
  }

  lose(source: string): void {
    const bars = this.#init.carryOnBars ?? 0;
    const wanted = bars > 0 && this.#wishes.get(source)?.carryOn === true;
    const stream = this.#streams.get(source);
    if (!stream || (wanted && stream.isCarried)) return;
    if (!wanted || !stream.carryOn(bars)) this.remove(source);
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

  expect(
    source: string,
    slot: number,
    done: (slot: number, expected: ExpectedNotes) => void,
  ): boolean {
    const stream = this.#streams.get(source);
    if (!stream?.predictor || this.grid.confidence === 0) return false;
    stream.predictor.decide(slot, this.#deps.clock.now(), stream.knownUntil, done);
    return true;
  }

  onNote(listener: NoteListener | undefined): void {
    this.#listener = listener;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const source of [...this.#streams.keys()]) this.remove(source);
    this.#tracking[Symbol.dispose]();
  }

  /** Without a click, the beat is what is played. */
  #hearBeat(
    player: number,
    { channel, key, velocity }: NoteOn,
    performedAt: Instant,
    arrivedAt: Instant,
    role: Role | undefined,
  ): void {
    if (this.#click.confidence > 0) return;
    const now = this.#deps.clock.now();
    this.#tracker.advance(now);
    this.#tracker.note(player, channel, key, velocity, performedAt, arrivedAt, role);
    if (now > this.#trackUntil) this.#tracking.set(after(now, TRACKING));
    this.#trackUntil = after(now, TRACKED_AFTER);
  }

  #track(): void {
    const now = this.#deps.clock.now();
    this.#tracker.advance(now);
    if (now < this.#trackUntil && this.#click.confidence === 0) {
      this.#tracking.set(after(now, TRACKING));
    } else this.#trackUntil = Number.NEGATIVE_INFINITY;
  }

  #setSelfRole(role: Role | undefined): void {
    if (role === this.#selfRole) return;
    this.#selfRole = role;
    this.#balance.setRole(SELF, role);
    if (this.#self) this.#deps.predictors?.close(SELF);
    this.#self = undefined;
  }

  #wish(source: string): Wishes {
    let wishes = this.#wishes.get(source);
    if (!wishes) {
      wishes = {
        mode: undefined,
        role: undefined,
        wet: undefined,
        quantization: undefined,
        carryOn: false,
      };
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
    stream.setQuantization(wishes?.quantization ?? this.#init.quantization ?? 0);
    stream.setMode(wishes?.mode ?? this.#mode);
  }

  #add(source: string): EngineStream | undefined {
    if (this.#streams.size >= MAX_STREAMS) return undefined;
    const { clock, predictors } = this.#deps;
    const stream = new EngineStream(
      {
        clock,
        grid: this.grid,
        predictors,
        play: (message, due, cause) => this.#play(message, due, source, cause),
        tell: (fate, channel, key, velocity, at) =>
          this.#listener?.(source, fate, channel, key, velocity, at as Instant),
        onRole: (role) => this.#balance.setRole(source, role),
        carriedOut: () => this.remove(source),
      },
      {
        source,
        number: ++this.#numbers,
        lateLimit: this.#init.lateLimit ?? LATE_LIMIT,
        liveDelay: this.#init.delay ?? 'buffer',
        grooveBars: this.#init.grooveBars ?? GROOVE_BARS,
      },
    );
    this.#streams.set(source, stream);
    this.#balance.setRole(source, undefined);
    stream.setRole(this.#wishes.get(source)?.role);
    this.#fulfil(stream);
    return stream;
  }

  #play(message: MidiMessage, due: Instant, source: string, cause: EventCause): void {
    const balanced = this.#init.balance === true && message.kind === 'noteOn';
    const gain = balanced ? this.#balance.gainOf(source) : 1;
    const louder = balanced && gain !== 1 ? withGain(message, gain) : message;
    this.#deps.play(louder, due, source, cause);
  }
}

function withGain(message: NoteOn, gain: number): MidiMessage {
  const velocity = Math.min(127, Math.max(1, Math.round(message.velocity * gain)));
  return shortMessage(STATUS.noteOn | message.channel, message.key, velocity) ?? message;
}
