/**
 * What each lag's word is worth, judged in several ways: the network learns which way holds when.
 *
 * Takes  similarities of the part and of the others, as they were up to the last known slot.
 * Gives  per way and lag a weight; the weights of a way, with a prior for silence, add up to one.
 * Lane   2. Allocates nothing after it is made.
 */
import { diceOf, type LagSimilarity, MAX_LAGS, WINDOWS } from '../lag-vote/lag-similarity.ts';
import type { BandHistory, BandPart } from './band-history.ts';

/** Lags that are asked at most: of all that were compared, those that promise most. */
export const ASKED_LAGS = 112;
/** Ways of weighing. */
export const WAYS = 10;
export const RECENT_WAY = 0;
export const BAND_WAY = 3;
export const SUFFIX_WAY = 5;
/** Silence has the weight of a lag that is this similar (own notes, and those of others). */
const PRIOR_SIMILARITY = 0.3;
const RECENCY = 0.7;
const LEVELS = 128;
const UNKNOWN = -1;

export class LagWeights {
  count = 0;
  /** Lags that may be asked: what they point to is known. */
  readonly lags: Int32Array = new Int32Array(ASKED_LAGS);
  /** By way, then by lag. */
  readonly weights: Float32Array = new Float32Array(WAYS * ASKED_LAGS);
  /** By window, then by lag: of the part, of all other pitched parts together, of all drums (0.5 when there is nobody). */
  readonly own: Float32Array = new Float32Array(WINDOWS * ASKED_LAGS);
  readonly band: Float32Array = new Float32Array(WINDOWS * ASKED_LAGS);
  readonly drums: Float32Array = new Float32Array(WINDOWS * ASKED_LAGS);
  readonly suffix: Float32Array = new Float32Array(ASKED_LAGS);
  readonly #pitchedSums = new LagSums();
  readonly #drumSums = new LagSums();
  readonly #sums = new Float32Array(WAYS);
  /** By lag of the similarity, how much it promises; by level of that, how many lags have it. */
  readonly #level = new Int16Array(MAX_LAGS);
  readonly #levels = new Int32Array(LEVELS);

  update(band: BandHistory, part: BandPart, slot: number, known: number, barSlots: number): void {
    part.compare(known, barSlots);
    this.#addOthers(band, part, known, barSlots);
    const least = this.#rate(part, slot, known, barSlots);
    this.#gather(part, least);
    for (let way = 0; way < WAYS; way++) this.#sums[way] = priorOf(way);
    for (let lag = 0; lag < this.count; lag++) this.#weigh(lag, barSlots);
    for (let way = 0; way < WAYS; way++) {
      const sum = this.#sums[way] as number;
      const base = way * ASKED_LAGS;
      for (let lag = 0; lag < this.count; lag++) {
        this.weights[base + lag] = (this.weights[base + lag] as number) / sum;
      }
    }
  }

  #addOthers(band: BandHistory, part: BandPart, known: number, barSlots: number): void {
    this.#pitchedSums.clear();
    this.#drumSums.clear();
    for (const other of band.parts) {
      if (other === part) continue;
      other.compare(known, barSlots);
      (other.isPitched ? this.#pitchedSums : this.#drumSums).add(other.similarity);
    }
  }

  /** Rates all lags; gives the level that as many reach as may be asked. */
  #rate(part: BandPart, slot: number, known: number, barSlots: number): number {
    const { similarity } = part;
    this.#levels.fill(0);
    for (let lag = 0; lag < similarity.count; lag++) {
      const back = similarity.lags[lag] as number;
      if (slot - back > known) {
        // What it points to is not known yet.
        this.#level[lag] = UNKNOWN;
        continue;
      }
      const at = 3 * MAX_LAGS + lag;
      const own = (similarity.dice[at] as number) + (similarity.dice[at - MAX_LAGS] as number);
      const band = this.#pitchedSums.dice(at);
      const run = (similarity.suffix[lag] as number) / 16;
      const isUsual = back % barSlots === 0 || back <= 2 * barSlots;
      const level = Math.min(LEVELS - 1, Math.floor((own + band + run + (isUsual ? 0.5 : 0)) * 20));
      this.#level[lag] = level;
      this.#levels[level] = (this.#levels[level] as number) + 1;
    }
    let level = LEVELS;
    for (let lags = 0; level > 0 && lags < ASKED_LAGS; ) lags += this.#levels[--level] as number;
    return level;
  }

  #gather(part: BandPart, least: number): void {
    const { similarity } = part;
    let beyond = 0;
    for (let level = least + 1; level < LEVELS; level++) beyond += this.#levels[level] as number;
    // Of those that just reach it, the shortest.
    let room = ASKED_LAGS - beyond;
    let count = 0;
    for (let lag = 0; lag < similarity.count; lag++) {
      const level = this.#level[lag] as number;
      if (level === UNKNOWN || level < least || (level === least && room-- <= 0)) continue;
      this.lags[count] = similarity.lags[lag] as number;
      this.suffix[count] = similarity.suffix[lag] as number;
      for (let window = 0; window < WINDOWS; window++) {
        const from = window * MAX_LAGS + lag;
        const to = window * ASKED_LAGS + count;
        this.own[to] = similarity.dice[from] as number;
        this.band[to] = this.#pitchedSums.dice(from);
        this.drums[to] = this.#drumSums.dice(from);
      }
      count++;
    }
    this.count = count;
  }

  #weigh(lag: number, barSlots: number): void {
    const back = this.lags[lag] as number;
    const isBar = back % barSlots === 0;
    const bars = back / barSlots;
    const half = this.own[lag] as number;
    const bar = this.own[ASKED_LAGS + lag] as number;
    const two = this.own[2 * ASKED_LAGS + lag] as number;
    const four = this.own[3 * ASKED_LAGS + lag] as number;
    const bandBar = this.band[ASKED_LAGS + lag] as number;
    const bandFour = this.band[3 * ASKED_LAGS + lag] as number;
    const beat = isBar ? 1 : 0.3;
    this.#set(0, lag, beat * Math.exp(4 * (bar + two)));
    this.#set(1, lag, beat * Math.exp(4 * (half + bar)));
    this.#set(2, lag, beat * Math.exp(20 * four));
    this.#set(3, lag, beat * Math.exp(10 * (four + bandFour)));
    this.#set(4, lag, beat * Math.exp(8 * (bar + bandBar)));
    this.#set(5, lag, Math.exp(0.6 * (this.suffix[lag] as number) + 4 * two));
    this.#set(6, lag, isBar ? 1 : 0);
    this.#set(7, lag, isBar ? RECENCY ** bars : 0);
    this.#set(8, lag, isBar || bars > 2 ? 0 : Math.exp(8 * bar));
    this.#set(9, lag, isBar && bars % 4 === 0 ? Math.exp(8 * two) : 0);
  }

  #set(way: number, lag: number, weight: number): void {
    this.weights[way * ASKED_LAGS + lag] = weight;
    this.#sums[way] = (this.#sums[way] as number) + weight;
  }
}

/** Notes in common, and notes in all, of several parts. */
class LagSums {
  readonly #shared = new Float32Array(WINDOWS * MAX_LAGS);
  readonly #notes = new Float32Array(WINDOWS * MAX_LAGS);

  clear(): void {
    this.#shared.fill(0);
    this.#notes.fill(0);
  }

  add({ here, there, matches, count }: LagSimilarity): void {
    for (let window = 0; window < WINDOWS; window++) {
      const notes = here[window] as number;
      const base = window * MAX_LAGS;
      for (let at = base; at < base + count; at++) {
        this.#shared[at] = (this.#shared[at] as number) + (matches[at] as number);
        this.#notes[at] = (this.#notes[at] as number) + notes + (there[at] as number);
      }
    }
  }

  dice(at: number): number {
    return diceOf(this.#shared[at] as number, this.#notes[at] as number);
  }
}

function priorOf(way: number): number {
  switch (way) {
    case 2:
    case 3:
      return Math.exp(20 * PRIOR_SIMILARITY);
    case 4:
      return Math.exp(16 * PRIOR_SIMILARITY);
    case 5:
      return Math.exp(4 * PRIOR_SIMILARITY);
    case 6:
      return 1;
    case 7:
      return 0.3;
    default:
      return Math.exp(8 * PRIOR_SIMILARITY);
  }
}
