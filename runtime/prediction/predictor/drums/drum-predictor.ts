/**
 * Predicts a drum part with the trained model.
 *
 * Takes  the part's notes; the grid; the model, asked through the inference lane.
 * Gives  expected notes of a slot: the model says which classes are hit and when, the part's history with which key, how loud
 *        and how long.
 * Keeps  the part's history and what features are read from.
 * Lane   2. Nothing allocated per event or decision (but by the inference port).
 */
import { type Instant, instant } from '../../../core/time.ts';
import type { Model } from '../../../ports/inference.ts';
import type { BeatGrid } from '../../grid/beat-grid.ts';
import { NO_EVENT, StreamHistory } from '../../history/stream-history.ts';
import {
  type Asker,
  type InferenceLane,
  type ModelSpec,
  QUESTIONS,
  type Question,
} from '../inference-lane.ts';
import { ExpectedNotes, type PartPredictor } from '../part-predictor.ts';
import { CLASS_FEATURES, CONTEXT, DrumFeatures } from './drum-features.ts';
import { DrumMemory } from './drum-memory.ts';
import { DrumNotes } from './drum-notes.ts';
import { CLASSES, KitClasses } from './kit-classes.ts';
import { BINS, TimingBins } from './timing-bins.ts';

export interface DrumPredictorDeps {
  readonly grid: BeatGrid;
  readonly lane: InferenceLane;
  /** Checked to be one for these features. */
  readonly model: Model;
}

const OUTPUTS: number = 1 + BINS;
const SPEC: ModelSpec = {
  inputs: [
    { name: 'context', shape: ['rows', CONTEXT] },
    { name: 'classes', shape: ['rows', CLASSES, CLASS_FEATURES] },
  ],
  outputs: [{ name: 'hits', shape: ['rows', CLASSES, OUTPUTS] }],
  maxRows: 1,
};
/** Less likely notes are not told. */
const LEAST_LIKELY = 0.03;
/** After so many bars without a note nothing is expected until one comes. */
const SILENT_BARS = 4;

export function openDrumPredictor(deps: DrumPredictorDeps): PartPredictor & Disposable {
  return new DrumPredictor(deps);
}

/** What belongs to a question that is under way. */
interface Asked {
  slot: number;
  expected: number;
  /** Of the history's notes: when it was forgotten meanwhile, the answer is about someone else. */
  session: number;
  done: (slot: number, expected: ExpectedNotes) => void;
  readonly centre: Float32Array;
}

class DrumPredictor implements PartPredictor, Disposable {
  readonly #grid: BeatGrid;
  readonly #kit = new KitClasses();
  readonly #history: StreamHistory;
  readonly #memory: DrumMemory;
  readonly #notes: DrumNotes;
  readonly #features: DrumFeatures;
  readonly #asker: Asker;
  readonly #asked: readonly Asked[];
  readonly #timing = new TimingBins();
  readonly #expected = new ExpectedNotes();
  #layout = 0;
  #session = 0;

  constructor({ grid, lane, model }: DrumPredictorDeps) {
    this.#grid = grid;
    this.#history = new StreamHistory(grid, { classes: CLASSES });
    this.#memory = new DrumMemory(this.#history);
    this.#notes = new DrumNotes(this.#history);
    this.#features = new DrumFeatures(this.#history, this.#memory);
    this.#asker = lane.openAsker(model, SPEC, (question) => this.#answer(question));
    this.#asked = Array.from({ length: QUESTIONS }, () => ({
      slot: 0,
      expected: 0,
      session: 0,
      done: () => {},
      centre: new Float32Array(CLASSES),
    }));
  }

  noteOn(channel: number, key: number, velocity: number, performedAt: Instant): void {
    this.#follow();
    const noteClass = this.#kit.of(key);
    const event = this.#history.noteOn(noteClass, channel, key, velocity, performedAt);
    if (event === NO_EVENT) return;
    this.#memory.add(event);
    this.#notes.add(event);
  }

  noteOff(channel: number, key: number, performedAt: Instant): void {
    this.#history.noteOff(channel, key, performedAt);
  }

  decide(
    slot: number,
    _now: Instant,
    knownUntil: Instant,
    done: (slot: number, expected: ExpectedNotes) => void,
  ): void {
    this.#follow();
    if (this.#grid.confidence === 0 || this.#isSilent(knownUntil)) {
      this.#expected.clear();
      done(slot, this.#expected);
      return;
    }
    const question = this.#asker.take();
    if (!question) return;
    const asked = this.#asked[question.place] as Asked;
    const [context, classes] = question.inputs as [Float32Array, Float32Array];
    this.#features.write(slot, knownUntil, context, classes);
    asked.slot = slot;
    asked.expected = this.#history.expectedTime(slot);
    asked.session = this.#session;
    asked.done = done;
    asked.centre.set(this.#features.centre);
    this.#asker.ask(question, 1);
  }

  expectedTime(slot: number): Instant {
    return this.#history.expectedTime(slot);
  }

  reset(): void {
    this.#session++;
    this.#history.reset();
    this.#memory.reset();
    this.#notes.reset();
    this.#features.reset();
    this.#kit.reset();
  }

  [Symbol.dispose](): void {
    this.#asker[Symbol.dispose]();
  }

  #follow(): void {
    this.#history.follow();
    if (this.#history.layout === this.#layout) return;
    this.#layout = this.#history.layout;
    this.#memory.rebuild();
    this.#features.reset();
  }

  #isSilent(knownUntil: number): boolean {
    const { lastSlot } = this.#memory;
    if (lastSlot === Number.NEGATIVE_INFINITY) return true;
    const known = this.#history.slotAt(knownUntil);
    return known - lastSlot > SILENT_BARS * this.#history.slotsInBar(lastSlot);
  }

  #answer(question: Question): void {
    const asked = this.#asked[question.place] as Asked;
    const hits = question.outputs[0] as Float32Array;
    this.#expected.clear();
    if (asked.session === this.#session) {
      for (let c = 0; c < CLASSES; c++) this.#tell(asked, c, hits, c * OUTPUTS);
    }
    asked.done(asked.slot, this.#expected);
  }

  #tell(asked: Asked, noteClass: number, hits: Float32Array, at: number): void {
    const likely = 1 / (1 + Math.exp(-(hits[at] as number)));
    // What was played already is no prediction.
    if (!(likely >= LEAST_LIKELY) || this.#memory.has(asked.slot, noteClass)) return;
    const model = this.#notes.modelFor(noteClass, asked.slot);
    if (model === NO_EVENT) return;
    this.#timing.read(hits, at + 1);
    const history = this.#history;
    const expected = this.#expected;
    const i = expected.next();
    expected.channel[i] = history.channel[model & history.mask] as number;
    expected.key[i] = history.key[model & history.mask] as number;
    expected.velocity[i] = this.#notes.velocity(noteClass, asked.slot);
    expected.at[i] = instant(
      asked.expected + (asked.centre[noteClass] as number) + this.#timing.offset,
    );
    expected.length[i] = this.#notes.length(noteClass, asked.slot, model);
    expected.likely[i] = likely;
    expected.precise[i] = likely * this.#timing.within;
  }
}
