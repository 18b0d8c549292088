/**
 * Which notes of a part could start in a slot: all that any lag points to, with its votes.
 *
 * Takes  the history of the part and what each lag's word is worth.
 * Gives  up to MAX_CANDIDATES keys, the likeliest first, with votes by way, of the slots beside, and what the votes say of
 *        deviation, velocity and length.
 * Lane   2. Allocates nothing after it is made.
 */
import { NO_EVENT, type StreamHistory } from '../../history/stream-history.ts';
import type { PartNotes } from '../lag-vote/part-notes.ts';
import {
  ASKED_LAGS,
  BAND_WAY,
  type LagWeights,
  RECENT_WAY,
  SUFFIX_WAY,
  WAYS,
} from './lag-weights.ts';

export const MAX_CANDIDATES = 32;
const KEYS = 128;
/** Way of counting every bar alike. */
const UNIFORM_WAY = 6;
/** Candidates with less than this, of four ways together, are left out. */
const LEAST_SCORE = 0.03;

export class Candidates {
  count = 0;
  readonly keys: Uint8Array = new Uint8Array(KEYS);
  /** By key: sum of four ways. */
  readonly score: Float32Array = new Float32Array(KEYS);
  /** By key, then by way. */
  readonly votes: Float32Array = new Float32Array(KEYS * WAYS);
  /** Votes by way that anything starts here. */
  readonly any: Float32Array = new Float32Array(WAYS);
  /** By key: votes of the way `recent` and of `band` for the slot before and after. */
  readonly beside: Float32Array = new Float32Array(KEYS * 4);
  readonly #deviation = new Float32Array(KEYS * 2);
  readonly #velocity = new Float32Array(KEYS);
  readonly #length = new Float32Array(KEYS);
  readonly #lengthVotes = new Float32Array(KEYS);
  #touched = 0;

  update(notes: PartNotes, weights: LagWeights, slot: number, known: number): void {
    this.#clear();
    const { history } = notes;
    for (let lag = 0; lag < weights.count; lag++) {
      const source = slot - (weights.lags[lag] as number);
      this.#addSlot(history, weights, lag, source);
      this.#addBeside(history, weights, lag, source - 1, 0);
      if (source + 1 <= known) this.#addBeside(history, weights, lag, source + 1, 2);
    }
    this.#touched = this.count;
    this.#choose(notes, slot);
  }

  /** Microseconds from slot and running offset, by the way `recent` (0) or `band` (1). */
  deviation(key: number, kind: 0 | 1): number {
    const votes = this.votes[key * WAYS + (kind === 0 ? RECENT_WAY : BAND_WAY)] as number;
    return votes === 0 ? 0 : (this.#deviation[key * 2 + kind] as number) / votes;
  }

  velocity(key: number): number {
    return (this.#velocity[key] as number) / (this.votes[key * WAYS + BAND_WAY] as number);
  }

  /** Microseconds; 0 when none of the notes has ended. */
  length(key: number): number {
    const votes = this.#lengthVotes[key] as number;
    return votes === 0 ? 0 : (this.#length[key] as number) / votes;
  }

  #clear(): void {
    for (let place = 0; place < this.#touched; place++) {
      const key = this.keys[place] as number;
      this.votes.fill(0, key * WAYS, key * WAYS + WAYS);
      this.#deviation.fill(0, key * 2, key * 2 + 2);
      this.#velocity[key] = 0;
      this.#length[key] = 0;
      this.#lengthVotes[key] = 0;
      this.score[key] = 0;
    }
    this.beside.fill(0);
    this.any.fill(0);
    this.count = 0;
  }

  #addSlot(history: StreamHistory, weights: LagWeights, lag: number, source: number): void {
    const { mask } = history;
    const first = history.firstIn(source);
    if (first === NO_EVENT) return;
    for (let way = 0; way < WAYS; way++) {
      this.any[way] =
        (this.any[way] as number) + (weights.weights[way * ASKED_LAGS + lag] as number);
    }
    for (let event = first; event !== NO_EVENT; event = history.nextIn(event)) {
      const i = event & mask;
      const key = history.noteClass[i] as number;
      if (isRepeated(history, first, event, key)) continue;
      if ((this.score[key] as number) === 0) {
        this.keys[this.count++] = key;
        this.score[key] = 1;
      }
      this.#addVotes(weights, lag, key);
      const recent = weights.weights[RECENT_WAY * ASKED_LAGS + lag] as number;
      const band = weights.weights[BAND_WAY * ASKED_LAGS + lag] as number;
      const residual = history.residual[i] as number;
      this.#deviation[key * 2] = (this.#deviation[key * 2] as number) + recent * residual;
      this.#deviation[key * 2 + 1] = (this.#deviation[key * 2 + 1] as number) + band * residual;
      this.#velocity[key] =
        (this.#velocity[key] as number) + band * (history.velocity[i] as number);
      const length = history.length[i] as number;
      if (length === 0) continue;
      this.#length[key] = (this.#length[key] as number) + band * length;
      this.#lengthVotes[key] = (this.#lengthVotes[key] as number) + band;
    }
  }

  #addVotes(weights: LagWeights, lag: number, key: number): void {
    const base = key * WAYS;
    for (let way = 0; way < WAYS; way++) {
      this.votes[base + way] =
        (this.votes[base + way] as number) + (weights.weights[way * ASKED_LAGS + lag] as number);
    }
  }

  #addBeside(
    history: StreamHistory,
    weights: LagWeights,
    lag: number,
    source: number,
    place: number,
  ): void {
    for (let event = history.firstIn(source); event !== NO_EVENT; event = history.nextIn(event)) {
      const at = (history.noteClass[event & history.mask] as number) * 4 + place;
      this.beside[at] =
        (this.beside[at] as number) + (weights.weights[RECENT_WAY * ASKED_LAGS + lag] as number);
      this.beside[at + 1] =
        (this.beside[at + 1] as number) + (weights.weights[BAND_WAY * ASKED_LAGS + lag] as number);
    }
  }

  /** In order of score, those that are worth it; what has been played already is none. */
  #choose(notes: PartNotes, slot: number): void {
    for (let place = 0; place < this.count; place++) {
      const key = this.keys[place] as number;
      const base = key * WAYS;
      this.score[key] =
        (this.votes[base + RECENT_WAY] as number) +
        (this.votes[base + BAND_WAY] as number) +
        (this.votes[base + SUFFIX_WAY] as number) +
        (this.votes[base + UNIFORM_WAY] as number);
      if (notes.keys.has(slot, key)) this.score[key] = 0;
      this.#sink(place, key);
    }
    let chosen = 0;
    while (chosen < this.count && chosen < MAX_CANDIDATES) {
      if ((this.score[this.keys[chosen] as number] as number) < LEAST_SCORE) break;
      chosen++;
    }
    this.count = chosen;
  }

  /** Moves the key at `place` before those of a lower score. */
  #sink(place: number, key: number): void {
    const score = this.score[key] as number;
    let at = place;
    while (at > 0 && (this.score[this.keys[at - 1] as number] as number) < score) {
      this.keys[at] = this.keys[at - 1] as number;
      at--;
    }
    this.keys[at] = key;
  }
}

/** A key that is struck twice in a slot counts once. */
function isRepeated(history: StreamHistory, first: number, event: number, key: number): boolean {
  for (let newer = first; newer !== event && newer !== NO_EVENT; newer = history.nextIn(newer)) {
    if (history.noteClass[newer & history.mask] === key) return true;
  }
  return false;
}
