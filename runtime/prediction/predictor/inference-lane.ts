/**
 * How a predictor asks a model, without waiting for it.
 *
 * Takes  questions: feature rows that are written into buffers which exist once.
 * Gives  the answer to `onAnswer` later, once; or never, when the model failed or took longer than anyone waits (counted).
 * Keeps  a few questions for each asker. Full: no question is lent, which is counted; the slot goes without a prediction.
 * Lane   2. The buffers are used again; what the inference port allocates for a run is all there is.
 *
 * On the box an answer counts when it comes. `togthr render` gives it a fixed time, so that what it renders depends on the
 * virtual clock alone: an answer counts `allowance` after the question, and who turns the clock awaits `settled()` first.
 */
import { fromMillis, type Instant, type Micros } from '../../core/time.ts';
import type { Alarm, Clock } from '../../ports/clock.ts';
import type { Model, Tensor } from '../../ports/inference.ts';

/** A tensor of float32. `rows` stands for as many as are asked about; the others are fixed. */
export interface TensorSpec {
  readonly name: string;
  readonly shape: readonly (number | 'rows')[];
}

export interface ModelSpec {
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  readonly maxRows: number;
}

/** Lent by `take`, and given back by its answer: what is read then is valid during the call only. */
export interface Question {
  /** 0 to QUESTIONS - 1: where the asker keeps what belongs to it. */
  readonly place: number;
  /** In the order of the spec, each for `maxRows`. */
  readonly inputs: readonly Float32Array[];
  readonly outputs: readonly Float32Array[];
  readonly rows: number;
}

export interface Asker extends Disposable {
  /** Undefined: all are under way. One that was taken must be asked. */
  take(): Question | undefined;
  ask(question: Question, rows: number): void;
}

export interface LaneStats {
  readonly asked: number;
  readonly answered: number;
  /** Answers that came too late, and were dropped. */
  readonly late: number;
  /** Questions that were not lent since too many were under way. */
  readonly refused: number;
  readonly failed: number;
}

export interface InferenceLane {
  openAsker(model: Model, spec: ModelSpec, onAnswer: (question: Question) => void): Asker;
  /** Questions that are under way in the model. */
  readonly underWay: number;
  /** Once none is. */
  settled(): Promise<void>;
  readonly stats: LaneStats;
}

export interface InferenceLaneInit {
  /** Answers count so long after the question; undefined: when they come. */
  readonly allowance?: Micros;
  /** Answers that take longer are dropped. */
  readonly patience?: Micros;
}

/** Each asker may have so many under way. */
export const QUESTIONS = 4;
const PATIENCE: Micros = fromMillis(60);

export function openInferenceLane(
  deps: { readonly clock: Clock },
  init: InferenceLaneInit = {},
): InferenceLane {
  return new Lane(deps.clock, init.allowance, init.patience ?? PATIENCE);
}

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

class Lane implements InferenceLane {
  readonly clock: Clock;
  readonly allowance: Micros | undefined;
  readonly patience: Micros;
  readonly stats: Mutable<LaneStats> = { asked: 0, answered: 0, late: 0, refused: 0, failed: 0 };
  underWay = 0;
  #waiting: (() => void)[] = [];

  constructor(clock: Clock, allowance: Micros | undefined, patience: Micros) {
    this.clock = clock;
    this.allowance = allowance;
    this.patience = patience;
  }

  openAsker(model: Model, spec: ModelSpec, onAnswer: (question: Question) => void): Asker {
    return new ModelAsker(this, model, spec, onAnswer);
  }

  settled(): Promise<void> {
    if (this.underWay === 0) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  ended(): void {
    this.underWay--;
    if (this.underWay > 0 || this.#waiting.length === 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}

class ModelAsker implements Asker {
  readonly #lane: Lane;
  readonly #model: Model;
  readonly #onAnswer: (question: Question) => void;
  readonly #free: HeldQuestion[] = [];
  readonly #all: readonly HeldQuestion[];
  #closed = false;

  constructor(lane: Lane, model: Model, spec: ModelSpec, onAnswer: (question: Question) => void) {
    this.#lane = lane;
    this.#model = model;
    this.#onAnswer = onAnswer;
    this.#all = Array.from(
      { length: QUESTIONS },
      (_, place) => new HeldQuestion(place, spec, lane.clock, (question) => this.#count(question)),
    );
    for (let place = QUESTIONS - 1; place >= 0; place--) {
      const question = this.#all[place];
      if (question) this.#free.push(question);
    }
  }

  take(): Question | undefined {
    const question = this.#closed ? undefined : this.#free.pop();
    if (!question) this.#lane.stats.refused++;
    return question;
  }

  ask(question: Question, rows: number): void {
    const held = this.#all[question.place];
    if (!held || held !== question) throw new RangeError('a question of another asker');
    const { stats, clock, allowance } = this.#lane;
    stats.asked++;
    this.#lane.underWay++;
    held.begin(rows, clock.now());
    if (allowance !== undefined) held.alarm.set((clock.now() + allowance) as Instant);
    this.#model.run(held.feeds(rows)).then(
      (tensors) => this.#came(held, held.read(tensors)),
      // Whatever kept the model from answering: the slot goes without, and the count says so.
      () => this.#came(held, false),
    );
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    for (const question of this.#all) question.alarm[Symbol.dispose]();
  }

  #came(held: HeldQuestion, ok: boolean): void {
    held.state = ok ? 'answered' : 'failed';
    if (this.#lane.allowance === undefined || held.countsNow) this.#count(held);
    this.#lane.ended();
  }

  #count(held: HeldQuestion): void {
    const { stats, clock, patience } = this.#lane;
    if (held.state === 'asked') {
      // Its time has come before its answer: it counts as soon as that is here.
      held.countsNow = true;
      return;
    }
    if (held.state === 'failed') stats.failed++;
    else if (clock.now() - held.askedAt > patience) stats.late++;
    else if (!this.#closed) {
      stats.answered++;
      this.#onAnswer(held);
    }
    this.#free.push(held);
  }
}

class HeldQuestion implements Question {
  readonly place: number;
  readonly inputs: readonly Float32Array[];
  readonly outputs: readonly Float32Array[];
  readonly alarm: Alarm;
  readonly #spec: ModelSpec;
  /** What the port is given, by number of rows. */
  readonly #feeds: (Readonly<Record<string, Tensor>> | undefined)[] = [];
  rows = 0;
  askedAt = 0;
  state: 'asked' | 'answered' | 'failed' = 'answered';
  countsNow = false;

  constructor(place: number, spec: ModelSpec, clock: Clock, due: (held: HeldQuestion) => void) {
    this.place = place;
    this.#spec = spec;
    this.inputs = spec.inputs.map(({ shape }) => new Float32Array(sizeOf(shape, spec.maxRows)));
    this.outputs = spec.outputs.map(({ shape }) => new Float32Array(sizeOf(shape, spec.maxRows)));
    this.alarm = clock.alarm(() => due(this));
  }

  begin(rows: number, now: Instant): void {
    if (rows < 1 || rows > this.#spec.maxRows) {
      throw new RangeError(`${rows} rows, where 1 to ${this.#spec.maxRows} fit`);
    }
    this.rows = rows;
    this.askedAt = now;
    this.state = 'asked';
    this.countsNow = false;
  }

  feeds(rows: number): Readonly<Record<string, Tensor>> {
    const made = this.#feeds[rows] ?? this.#makeFeeds(rows);
    this.#feeds[rows] = made;
    return made;
  }

  /** False: the model gave something else than the spec says. */
  read(tensors: Readonly<Record<string, Tensor>>): boolean {
    for (const [index, { name, shape }] of this.#spec.outputs.entries()) {
      const data = tensors[name]?.data;
      const size = sizeOf(shape, this.rows);
      if (!(data instanceof Float32Array) || data.length !== size) return false;
      this.outputs[index]?.set(data);
    }
    return true;
  }

  #makeFeeds(rows: number): Record<string, Tensor> {
    const feeds: Record<string, Tensor> = {};
    for (const [index, { name, shape }] of this.#spec.inputs.entries()) {
      const whole = this.inputs[index];
      if (!whole) continue;
      feeds[name] = {
        shape: shape.map((length) => (length === 'rows' ? rows : length)),
        data: whole.subarray(0, sizeOf(shape, rows)),
      };
    }
    return feeds;
  }
}

function sizeOf(shape: TensorSpec['shape'], rows: number): number {
  return shape.reduce<number>((size, length) => size * (length === 'rows' ? rows : length), 1);
}
