/**
 * Predicts a part from itself, without a trained model: every lag votes for what was played that long ago.
 *
 * Takes  a part's notes and the grid; for drums, which keys are the same drum.
 * Gives  expected notes: the votes are lags of 1 to 32 bars and some beats, each weighted by exp(8 x similarity of the known
 *        recent past to itself that lag ago). Velocity and length are means over what the lags point to; the time is the
 *        slot's, moved by the running offset and, as evidence grows, by the mean deviation of what the lags point to.
 * Keeps  the history of the part and its notes by slot.
 * Lane   2. Nothing allocated per event or decision.
 */
import { type Instant, instant } from '../../../core/time.ts';
import { type BeatGrid, SLOTS_PER_BEAT } from '../../grid/beat-grid.ts';
import { ExpectedNotes, MAX_EXPECTED, type PartPredictor } from '../part-predictor.ts';
import { DeviationSpread } from './deviation-spread.ts';
import { LagSimilarity, MAX_LAGS } from './lag-similarity.ts';
import { PartNotes } from './part-notes.ts';
import { VoteSheet } from './vote-sheet.ts';

export interface LagVoteDeps {
  readonly grid: BeatGrid;
}

export interface LagVoteInit {
  /** Class of each of the 128 keys (drums); undefined: each key is its own class. */
  readonly classOf?: Uint8Array;
}

const BAR_LAGS = 32;
const BEAT_LAGS = 8;
const SHARPNESS = 8;
/** Lags of beats weigh less than lags of bars. */
const BEAT_WEIGHT = 0.3;
/** Votes of silence that are always there, as one lag of middling similarity: a first bar proves little. */
const PRIOR_WEIGHT: number = Math.exp(SHARPNESS * 0.6);
/** Lags that a mean deviation needs before it counts for half. */
const RESIDUAL_PRIOR = 3;
/** Fewer votes than this are not worth telling. */
const LEAST_LIKELY = 0.02;

export function openLagVotePredictor(deps: LagVoteDeps, init: LagVoteInit = {}): PartPredictor {
  return new LagVotePredictor(deps.grid, init.classOf);
}

class LagVotePredictor implements PartPredictor {
  readonly #grid: BeatGrid;
  readonly #notes: PartNotes;
  readonly #similarity = new LagSimilarity(BAR_LAGS, BEAT_LAGS);
  readonly #weights = new Float32Array(MAX_LAGS);
  readonly #sheet = new VoteSheet();
  readonly #spread = new DeviationSpread();
  readonly #expected = new ExpectedNotes();

  constructor(grid: BeatGrid, classOf: Uint8Array | undefined) {
    this.#grid = grid;
    this.#notes = new PartNotes(grid, classOf);
  }

  noteOn(channel: number, key: number, velocity: number, performedAt: Instant): void {
    const { history } = this.#notes;
    const before = history.count;
    this.#notes.noteOn(channel, key, velocity, performedAt);
    if (history.count > before) {
      this.#spread.add(history.residual[(history.count - 1) & history.mask] as number);
    }
  }

  noteOff(channel: number, key: number, performedAt: Instant): void {
    this.#notes.history.noteOff(channel, key, performedAt);
  }

  decide(
    slot: number,
    _now: Instant,
    knownUntil: Instant,
    done: (slot: number, expected: ExpectedNotes) => void,
  ): void {
    this.#notes.follow();
    this.#expected.clear();
    if (this.#grid.confidence > 0) this.#vote(slot, knownUntil);
    done(slot, this.#expected);
  }

  expectedTime(slot: number): Instant {
    return this.#notes.history.expectedTime(slot);
  }

  reset(): void {
    this.#notes.reset();
    this.#spread.reset();
  }

  #vote(slot: number, knownUntil: Instant): void {
    const { history, keys } = this.#notes;
    const similarity = this.#similarity;
    const known = Math.min(this.#notes.knownSlot(knownUntil), slot - 1);
    const barSlots = history.slotsInBar(slot);
    similarity.update(keys, known, barSlots, SLOTS_PER_BEAT);
    this.#sheet.clear();
    let total = PRIOR_WEIGHT;
    let squares = 0;
    for (let lag = 0; lag < similarity.count; lag++) {
      const source = slot - (similarity.lags[lag] as number);
      if (source > known) continue;
      const weight = this.#weigh(lag, barSlots);
      this.#weights[lag] = weight;
      total += weight;
      squares += weight * weight;
      this.#sheet.addSlot(history, source, weight);
    }
    const lags = squares === 0 ? 0 : ((total - PRIOR_WEIGHT) * (total - PRIOR_WEIGHT)) / squares;
    this.#tell(slot, total, lags);
  }

  #weigh(lag: number, barSlots: number): number {
    const { dice, lags } = this.#similarity;
    const bar = dice[MAX_LAGS + lag] as number;
    const twoBars = dice[2 * MAX_LAGS + lag] as number;
    const weight = Math.exp((SHARPNESS * (bar + twoBars)) / 2);
    return (lags[lag] as number) % barSlots === 0 ? weight : weight * BEAT_WEIGHT;
  }

  /** `lags`: how many of equal weight would say as much as all do. */
  #tell(slot: number, total: number, lags: number): void {
    const { history, keys } = this.#notes;
    const expected = this.#expected;
    const sheet = this.#sheet;
    const time = history.expectedTime(slot);
    for (let place = 0; place < sheet.count && expected.count < MAX_EXPECTED; place++) {
      const noteClass = sheet.classes[place] as number;
      const likely = (sheet.votes[noteClass] as number) / total;
      // What was played already is no prediction.
      if (likely < LEAST_LIKELY || keys.has(slot, noteClass)) continue;
      const pointed = lags * likely;
      const i = expected.next();
      const latest = sheet.latest(noteClass) & history.mask;
      expected.channel[i] = history.channel[latest] as number;
      expected.key[i] = history.key[latest] as number;
      expected.velocity[i] = Math.max(1, Math.round(sheet.velocity(noteClass)));
      expected.at[i] = instant(
        time + (sheet.residual(noteClass) * pointed) / (pointed + RESIDUAL_PRIOR),
      );
      expected.length[i] = sheet.length(noteClass);
      expected.likely[i] = likely;
      expected.precise[i] = likely * this.#spread.within;
    }
  }
}
