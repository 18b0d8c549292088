/**
 * What the network is told before it judges the candidates of a slot. Training dumps what this computes, so that box and
 * training can't differ. Every change of meaning counts FEATURE_VERSION up.
 *
 * Takes  the part, the band, slot and what is known. Gives CONTEXT_SIZE numbers for the slot, LAG_SIZE for each of its
 * lags, CANDIDATE_SIZE for each candidate, all about -1 to 1. Lane 2; allocates nothing after it is made.
 */
import type { Role } from '../../../core/ensemble.ts';
import type { Instant } from '../../../core/time.ts';
import { DeviationSpread } from '../lag-vote/deviation-spread.ts';
import type { BandHistory, BandPart } from './band-history.ts';
import { CANDIDATE_SIZE, CandidateFeatures } from './candidate-features.ts';
import { Candidates } from './candidates.ts';
import { CONTEXT_SIZE, ContextFeatures } from './context-features.ts';
import { LAG_SIZE, LagFeatures } from './lag-features.ts';
import { ASKED_LAGS, LagWeights } from './lag-weights.ts';
import { TonalContext } from './tonal-context.ts';

export const FEATURE_VERSION = 4;

export class PitchedFeatures {
  readonly candidates: Candidates = new Candidates();
  readonly weights: LagWeights = new LagWeights();
  readonly spread: DeviationSpread = new DeviationSpread();
  readonly #band: BandHistory;
  readonly #part: BandPart;
  readonly #tonal = new TonalContext();
  readonly #context: ContextFeatures;
  readonly #each = new CandidateFeatures();
  readonly #lags = new LagFeatures();

  constructor(band: BandHistory, part: BandPart, role: Role) {
    this.#band = band;
    this.#part = part;
    this.#context = new ContextFeatures(role);
  }

  /** Finds the candidates; gives how many there are. */
  find(slot: number, knownUntil: Instant): number {
    const { notes } = this.#part;
    notes.follow();
    const known = Math.min(notes.knownSlot(knownUntil), slot - 1);
    const barSlots = notes.history.slotsInBar(slot);
    this.weights.update(this.#band, this.#part, slot, known, barSlots);
    this.candidates.update(notes, this.weights, slot, known);
    this.#context.known = known;
    return this.candidates.count;
  }

  /** Describes what was found: the slot, its lags, the candidates, and which lags point to each candidate. */
  describe(
    slot: number,
    context: Float32Array,
    lags: Float32Array,
    rows: Float32Array,
    hits: Float32Array,
  ): void {
    const { notes } = this.#part;
    const barSlots = notes.history.slotsInBar(slot);
    this.#tonal.update(this.#band, this.#part, slot, 4 * barSlots);
    this.#context.write(context, this.#band, this.#part, this, slot);
    this.#lags.write(lags, this.weights, notes, slot, barSlots);
    this.#lags.writeHits(hits, this.weights, notes, this.candidates, slot);
    this.#each.begin(notes, this.weights, this.#tonal, slot, barSlots);
    for (let place = 0; place < this.candidates.count; place++) {
      this.#each.write(rows, place * CANDIDATE_SIZE, this.candidates, place);
    }
  }
}

export { ASKED_LAGS, CANDIDATE_SIZE, CONTEXT_SIZE, LAG_SIZE };
