/**
 * Predicts a bass, a harmony or a melody with the trained model.
 *
 * Takes  the part's notes, the band it plays in, a grid, and the model behind the inference lane.
 * Gives  expected notes: the model judges which of the candidates start in the slot, how far from the expected time, and how
 *        sure that is. Velocity and length are means over what the candidates were found by.
 * Keeps  features and what belongs to the questions under way; nothing is allocated here per event or decision.
 * Lane   2. `done` is called when the lane has the answer; never when the model failed or fell behind (counted there).
 */
import type { Role } from '../../../core/ensemble.ts';
import { type Instant, instant } from '../../../core/time.ts';
import type { Model } from '../../../ports/inference.ts';
import type { BeatGrid } from '../../grid/beat-grid.ts';
import {
  type Asker,
  type InferenceLane,
  type ModelSpec,
  QUESTIONS,
  type Question,
} from '../inference-lane.ts';
import { ExpectedNotes, type PartPredictor } from '../part-predictor.ts';
import type { BandHistory, BandPart } from './band-history.ts';
import { MAX_CANDIDATES } from './candidates.ts';
import {
  ASKED_LAGS,
  CANDIDATE_SIZE,
  CONTEXT_SIZE,
  LAG_SIZE,
  PitchedFeatures,
} from './pitched-features.ts';

export interface PitchedDeps {
  readonly grid: BeatGrid;
  /** Of the same grid. */
  readonly band: BandHistory;
  readonly lane: InferenceLane;
  readonly model: Model;
}

export interface PitchedInit {
  readonly role: Exclude<Role, 'rhythm'>;
}

/** What the model must have; training writes the same into model.json. */
const PITCHED_SPEC: ModelSpec = {
  inputs: [
    { name: 'context', shape: [1, CONTEXT_SIZE] },
    { name: 'lags', shape: [ASKED_LAGS, LAG_SIZE] },
    { name: 'candidates', shape: ['rows', CANDIDATE_SIZE] },
    { name: 'hits', shape: ['rows', ASKED_LAGS] },
  ],
  outputs: [{ name: 'judged', shape: ['rows', 3] }],
  maxRows: MAX_CANDIDATES,
};

/** Deviation and its spread are told in units of 20 ms, which is also how near a note must be. */
const UNIT = 20_000;
/** Further off the expected time nothing is placed (units). */
const FURTHEST = 2;
/** Held as long when none of the notes it was found by has ended (microseconds). */
const USUAL_LENGTH = 200_000;

export function openPitchedPredictor(deps: PitchedDeps, init: PitchedInit): PitchedPredictor {
  return new PitchedPredictor(deps, init.role);
}

/** What was asked, until the answer is there. */
class Pending {
  slot = 0;
  time = 0;
  done: (slot: number, expected: ExpectedNotes) => void = ignore;
  readonly channel = new Uint8Array(MAX_CANDIDATES);
  readonly key = new Uint8Array(MAX_CANDIDATES);
  readonly velocity = new Uint8Array(MAX_CANDIDATES);
  readonly length = new Float64Array(MAX_CANDIDATES);
}

function ignore(): void {
  // Nothing was asked yet.
}

export class PitchedPredictor implements PartPredictor, Disposable {
  readonly part: BandPart;
  readonly #grid: BeatGrid;
  readonly #features: PitchedFeatures;
  readonly #asker: Asker;
  readonly #pending = Array.from({ length: QUESTIONS }, () => new Pending());
  readonly #expected = new ExpectedNotes();

  constructor({ grid, band, lane, model }: PitchedDeps, role: PitchedInit['role']) {
    this.#grid = grid;
    this.part = band.open();
    this.#features = new PitchedFeatures(band, this.part, role);
    this.#asker = lane.openAsker(model, PITCHED_SPEC, (question) => this.#answer(question));
  }

  noteOn(channel: number, key: number, velocity: number, performedAt: Instant): void {
    const { history } = this.part.notes;
    const before = history.count;
    this.part.noteOn(channel, key, velocity, performedAt);
    if (history.count === before) return;
    this.#features.spread.add(history.residual[before & history.mask] as number);
  }

  noteOff(channel: number, key: number, performedAt: Instant): void {
    this.part.noteOff(channel, key, performedAt);
  }

  decide(
    slot: number,
    _now: Instant,
    knownUntil: Instant,
    done: (slot: number, expected: ExpectedNotes) => void,
  ): void {
    if (this.#grid.confidence === 0 || this.#features.find(slot, knownUntil) === 0) {
      this.#expected.clear();
      done(slot, this.#expected);
      return;
    }
    const question = this.#asker.take();
    if (!question) return;
    const [context, lags, rows, hits] = question.inputs;
    const pending = this.#pending[question.place];
    if (!(context && lags && rows && hits && pending)) return;
    this.#features.describe(slot, context, lags, rows, hits);
    this.#note(pending, slot, done);
    this.#asker.ask(question, this.#features.candidates.count);
  }

  expectedTime(slot: number): Instant {
    return this.part.notes.history.expectedTime(slot);
  }

  reset(): void {
    this.part.reset();
    this.#features.spread.reset();
  }

  [Symbol.dispose](): void {
    this.#asker[Symbol.dispose]();
    this.part.close();
  }

  #note(
    pending: Pending,
    slot: number,
    done: (slot: number, expected: ExpectedNotes) => void,
  ): void {
    const { history, latest } = this.part.notes;
    const { candidates } = this.#features;
    pending.slot = slot;
    pending.done = done;
    pending.time = history.expectedTime(slot);
    for (let place = 0; place < candidates.count; place++) {
      const key = candidates.keys[place] as number;
      pending.key[place] = key;
      pending.channel[place] = history.channel[(latest[key] as number) & history.mask] as number;
      pending.velocity[place] = Math.max(1, Math.round(candidates.velocity(key) || 64));
      pending.length[place] = candidates.length(key) || USUAL_LENGTH;
    }
  }

  #answer(question: Question): void {
    const pending = this.#pending[question.place];
    const [judged] = question.outputs;
    if (!pending || !judged) return;
    const expected = this.#expected;
    expected.clear();
    for (let place = 0; place < question.rows; place++) {
      const likely = 1 / (1 + Math.exp(-(judged[place * 3] as number)));
      const off = Math.max(-FURTHEST, Math.min(FURTHEST, judged[place * 3 + 1] as number));
      const i = expected.next();
      expected.channel[i] = pending.channel[place] as number;
      expected.key[i] = pending.key[place] as number;
      expected.velocity[i] = pending.velocity[place] as number;
      expected.at[i] = instant(pending.time + off * UNIT);
      expected.length[i] = pending.length[place] as number;
      expected.likely[i] = likely;
      // The deviation is spread as a logistic distribution.
      const within = Math.tanh(0.5 * Math.exp(-(judged[place * 3 + 2] as number)));
      expected.precise[i] = likely * within;
    }
    pending.done(pending.slot, expected);
  }
}
