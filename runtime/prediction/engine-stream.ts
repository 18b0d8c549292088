/**
 * One remote player's stream: how it is played, and by which mode.
 *
 * Takes  the player's messages; the wished mode; the role, when it is known.
 * Gives  messages with the instant when they are due; statistics.
 * Keeps  the sounding keys and what was learnt of the way here for all modes, so that a change of mode leaves neither a gap
 *        nor a burst: notes that sound go on, and what comes next is played the new way.
 * Lane   2.
 */
import type { JamMode, Role } from '../core/ensemble.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import type { Instant, Micros } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import { RoleGuess } from '../role/role-guess.ts';
import type { BeatGrid } from './grid/beat-grid.ts';
import { GrooveDelay } from './groove/groove-delay.ts';
import { Quantizer } from './groove/quantizer.ts';
import {
  type DelayPolicy,
  LiveStream,
  type NoteGate,
  type Play,
  type StreamStats,
} from './live/live-stream.ts';
import type { NoteOff, NoteOn, Timing } from './live/sounding-keys.ts';
import { AutoMode } from './modes/auto-mode.ts';
import type { TellNote } from './note-tap.ts';
import type { ModeInUse, PredictionStats } from './prediction-stats.ts';
import type { PartPredictor } from './predictor/part-predictor.ts';
import type { PartPredictors } from './predictor/part-predictors.ts';
import { TIGHT_BUDGET, type TightActivity, TightPart } from './tight/tight-part.ts';

export interface EngineStreamDeps {
  readonly clock: Clock;
  readonly grid: BeatGrid;
  readonly predictors: PartPredictors | undefined;
  readonly play: Play;
  readonly tell: TellNote;
  /** It is in that role from now on. */
  readonly onRole: (role: Role) => void;
  /** Its link was gone, and it was carried on to the end. */
  readonly carriedOut: () => void;
}

export interface EngineStreamInit {
  readonly source: string;
  /** Tells players apart. */
  readonly number: number;
  readonly lateLimit: Micros;
  /** From being performed to being due in Live: fixed, or as the jitter asks for. */
  readonly liveDelay: Micros | 'buffer';
  readonly grooveBars: number;
}

export class EngineStream implements NoteGate {
  readonly source: string;
  readonly number: number;
  readonly #deps: EngineStreamDeps;
  readonly #liveDelay: Micros | 'buffer';
  readonly #live: LiveStream;
  readonly #tight: TightPart;
  readonly #groove: GrooveDelay;
  readonly #quantizer: Quantizer;
  readonly #auto = new AutoMode();
  readonly #guess = new RoleGuess();
  #mode: JamMode = 'auto';
  #inUse: ModeInUse = 'live';
  #role: Role | undefined;
  #roleKnown = false;
  #wet = 1;
  #notes = 0;

  constructor(deps: EngineStreamDeps, init: EngineStreamInit) {
    this.source = init.source;
    this.number = init.number;
    this.#deps = deps;
    this.#liveDelay = init.liveDelay;
    this.#live = new LiveStream(deps.play, init.lateLimit, init.liveDelay, this);
    this.#quantizer = new Quantizer(deps.grid);
    this.#tight = new TightPart({
      clock: deps.clock,
      grid: deps.grid,
      keys: this.#live.keys,
      quantizer: this.#quantizer,
      networkDelay: (q) => this.#live.networkDelay(q),
      tell: deps.tell,
      carriedOut: deps.carriedOut,
    });
    this.#groove = new GrooveDelay(deps.grid, () => this.#live.networkDelay(0.95), init.grooveBars);
  }

  get stats(): StreamStats {
    return this.#live.stats;
  }

  get prediction(): PredictionStats {
    const { counts } = this.#tight;
    return {
      mode: this.#mode,
      modeInUse: this.#inUse,
      reason: this.#mode === 'auto' ? this.#auto.reason : 'set',
      role: this.#role,
      roleKnown: this.#roleKnown,
      predictor:
        this.#role === undefined ? '' : (this.#deps.predictors?.describe(this.#role) ?? ''),
      beatConfidence: this.#deps.grid.confidence,
      confidence: counts.precision,
      w20: counts.w20,
      notes: this.#notes,
      predicted: counts.predicted,
      confirmed: counts.confirmed,
      precise: counts.precise,
      forestalled: counts.forestalled,
      falseNotes: counts.falseNotes,
      corrected: counts.corrected,
      late: counts.late,
      tooLate: counts.tooLate,
      wet: this.#wet,
      quantization: this.#quantizer.strength,
      fallbackBars: this.#tight.carriedBars,
    };
  }

  /** Undefined: nobody has said; it is guessed. */
  setRole(role: Role | undefined): void {
    this.#roleKnown = role !== undefined;
    if (role !== undefined) this.#adopt(role);
  }

  setMode(mode: JamMode): void {
    this.#mode = mode;
    this.#apply();
  }

  setWet(wet: number): void {
    this.#wet = wet;
    this.#tight.setWet(wet);
  }

  setQuantization(strength: number): void {
    this.#quantizer.setStrength(strength);
  }

  get role(): Role | undefined {
    return this.#role;
  }

  get predictor(): PartPredictor | undefined {
    return this.#tight.predictor;
  }

  get knownUntil(): Instant {
    return this.#tight.knownUntil;
  }

  get isCarried(): boolean {
    return this.#tight.carriedBars !== undefined;
  }

  /** Its link is gone: its notes end, and it is carried on. False: it can't be. */
  carryOn(bars: number): boolean {
    this.#live.release(this.#deps.clock.now());
    return this.#tight.carryOn(bars);
  }

  receive(
    message: MidiMessage,
    performedAt: Instant,
    arrivedAt: Instant,
    recovered: boolean,
  ): void {
    this.#live.receive(message, performedAt, arrivedAt, recovered);
  }

  /** Ends all notes. */
  release(at: Instant): void {
    this.#tight.release();
    this.#live.release(at);
  }

  dispose(at: Instant): void {
    this.release(at);
    this.#tight[Symbol.dispose]();
    this.#deps.predictors?.close(this.source);
  }

  noteOn(message: NoteOn, timing: Timing): NoteOn | undefined {
    this.#notes++;
    if (!this.#roleKnown) this.#guessFrom(message);
    if (this.#mode === 'auto') this.#decideMode();
    this.#quantizer.learn(timing.performedAt);
    const struck = this.#tight.noteOn(message, timing);
    if (struck) this.#quantize(timing);
    return struck;
  }

  struck(message: NoteOn, timing: Timing, due: number): void {
    this.#tight.struck(message, timing, due);
  }

  noteOff(message: NoteOff, timing: Timing): void {
    if (!this.#roleKnown) this.#guess.noteOff(message.key);
    this.#tight.noteOff(message, timing);
  }

  /** What came in time is moved to the beat, though never before it came. */
  #quantize(timing: Timing): void {
    if (this.#quantizer.strength === 0) return;
    const delay = this.#inUse === 'live' ? timing.delay : 0;
    const due = timing.performedAt + timing.delay;
    const moved = this.#quantizer.move(due - delay) + delay;
    if (moved >= timing.arrivedAt) timing.delay = moved - timing.performedAt;
  }

  #guessFrom(message: NoteOn): void {
    this.#guess.noteOn(message.channel, message.key);
    // Once guessed, it stays: to begin anew costs more than a role that is a little off.
    if (this.#role !== undefined) return;
    const role = this.#guess.role;
    if (role !== undefined) this.#adopt(role);
  }

  #adopt(role: Role): void {
    const { predictors, grid } = this.#deps;
    if (this.#role === role) return;
    if (this.#role !== undefined) predictors?.close(this.source);
    this.#role = role;
    this.#tight.setPredictor(predictors?.open({ source: this.source, role, grid }), role);
    this.#deps.onRole(role);
  }

  #decideMode(): void {
    const { counts } = this.#tight;
    this.#auto.decide(
      {
        delay: this.#live.networkDelay(0.5),
        notes: this.#notes,
        // Without anybody to predict it, the beat is of no use.
        beatConfidence: this.#deps.predictors ? this.#deps.grid.confidence : 0,
        precision: counts.precision,
        recall: counts.recall,
      },
      this.#deps.clock.now(),
    );
    this.#apply();
  }

  #apply(): void {
    const mode = this.#mode === 'auto' ? this.#auto.mode : this.#mode;
    this.#inUse = mode;
    this.#live.setDelay(this.#delayFor(mode));
    this.#tight.setActivity(this.#activityFor(mode));
  }

  #delayFor(mode: ModeInUse): DelayPolicy {
    if (mode === 'tight') return TIGHT_BUDGET;
    return mode === 'groove' ? this.#groove.of : this.#liveDelay;
  }

  /** A part that Auto plays Live for being unpredictable is watched, in case it becomes predictable. */
  #activityFor(mode: ModeInUse): TightActivity {
    if (mode === 'tight') return 'play';
    if (this.#mode !== 'auto') return 'off';
    const { reason } = this.#auto;
    return reason === 'unpredictable' || reason === 'noBeat' ? 'watch' : 'off';
  }
}
