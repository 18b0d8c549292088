/**
 * What the past says about a slot: for every lag in bars and in beats, how alike the last known stretch is to the same
 * stretch that lag ago; and votes of the slots that lag ago, weighted by that.
 *
 * Takes  a DrumMemory, a slot and the last slot about which all is known.
 * Gives  similarities by lag, and votes by class. Buffers are used again.
 */
import type { DrumMemory } from './drum-memory.ts';
import { CLASSES } from './kit-classes.ts';

export const BAR_LAGS = 48;
const BEAT_LAGS = 16;
/** Half a bar, one bar, two bars. */
export const WINDOWS = 3;

const BEAT = 8;
/** exp(SHARP x similarity) is the weight of a lag. */
const SHARP = 8;
const SHARPER = 16;
/** Bars of more slots are compared by this many. */
const MAX_WINDOW = 128;

export class LagVotes {
  /** By window x BAR_LAGS + lag - 1; 0 to 1. */
  readonly barSimilarity: Float32Array = new Float32Array(WINDOWS * BAR_LAGS);
  /** Of the window of one bar. */
  readonly oneBar: Float32Array = this.barSimilarity.subarray(BAR_LAGS, 2 * BAR_LAGS);
  readonly beatSimilarity: Float32Array = new Float32Array(BEAT_LAGS);
  /** By class: of bars, by window x CLASSES + class. */
  readonly votes: Float32Array = new Float32Array(WINDOWS * CLASSES);
  readonly sharpVotes: Float32Array = new Float32Array(CLASSES);
  readonly beatVotes: Float32Array = new Float32Array(CLASSES);
  readonly votesBefore: Float32Array = new Float32Array(CLASSES);
  readonly votesAfter: Float32Array = new Float32Array(CLASSES);
  /** Residuals of the hits that voted, weighted as they are (microseconds); 0 when none did. */
  readonly votedResidual: Float32Array = new Float32Array(CLASSES);
  /** Masks of the slot at the lag that is most alike, by window; then at the second of one bar. */
  readonly best: Uint16Array = new Uint16Array(WINDOWS + 1);
  readonly bestSimilarity: Float32Array = new Float32Array(WINDOWS + 1);
  /** Lags in bars that reach no further back than the part. */
  barLags = 0;
  readonly #voteWeight = new Float32Array(CLASSES);

  compute(memory: DrumMemory, slot: number, known: number, slotsInBar: number): void {
    this.#clear();
    const { firstSlot } = memory;
    if (firstSlot > known) return;
    this.#similarities(memory, known, slotsInBar, slot);
    this.#voteOfBars(memory, slot, known, slotsInBar);
    this.#voteOfBeats(memory, slot, known);
  }

  #clear(): void {
    this.barSimilarity.fill(0);
    this.beatSimilarity.fill(0);
    this.votes.fill(0);
    this.sharpVotes.fill(0);
    this.beatVotes.fill(0);
    this.votesBefore.fill(0);
    this.votesAfter.fill(0);
    this.votedResidual.fill(0);
    this.#voteWeight.fill(0);
    this.best.fill(0);
    this.bestSimilarity.fill(0);
    this.barLags = 0;
  }

  #similarities(memory: DrumMemory, known: number, slotsInBar: number, slot: number): void {
    const bar = Math.min(slotsInBar, MAX_WINDOW);
    const reach = Math.min(memory.firstSlot + memory.slotMask, slot) - memory.firstSlot;
    this.barLags = Math.min(BAR_LAGS, Math.floor(reach / slotsInBar));
    for (let lag = 1; lag <= this.barLags; lag++) {
      this.#compare(memory, known, lag * slotsInBar, bar, lag - 1);
    }
    for (let lag = 1; lag <= BEAT_LAGS; lag++) {
      if (slot - lag * BEAT < memory.firstSlot || slot - lag * BEAT > known) continue;
      this.beatSimilarity[lag - 1] = alike(memory, known, lag * BEAT, 2 * BEAT + (bar >> 1));
    }
  }

  /** One pass over two bars gives all three windows. */
  #compare(memory: DrumMemory, known: number, lag: number, bar: number, place: number): void {
    const { hits, slotMask, firstSlot } = memory;
    const half = bar >> 1;
    const end = Math.max(known - 2 * bar, firstSlot + lag - 1);
    let same = 0;
    let all = 0;
    let done = 0;
    for (let at = known; at > end; at--) {
      const now = hits[at & slotMask] as number;
      const then = hits[(at - lag) & slotMask] as number;
      same += POPULATION[now & then] as number;
      all += (POPULATION[now] as number) + (POPULATION[then] as number);
      done++;
      if (done === half) this.barSimilarity[place] = dice(same, all);
      else if (done === bar) this.barSimilarity[BAR_LAGS + place] = dice(same, all);
    }
    const similarity = dice(same, all);
    if (done < half) this.barSimilarity[place] = similarity;
    if (done < bar) this.barSimilarity[BAR_LAGS + place] = similarity;
    this.barSimilarity[2 * BAR_LAGS + place] = similarity;
  }

  #voteOfBars(memory: DrumMemory, slot: number, known: number, slotsInBar: number): void {
    const { hits, slotMask, residuals } = memory;
    let [half, whole, two, sharp] = [0, 0, 0, 0];
    for (let lag = 1; lag <= this.barLags; lag++) {
      const at = slot - lag * slotsInBar;
      if (at > known) continue;
      const mask = hits[at & slotMask] as number;
      const s0 = this.barSimilarity[lag - 1] as number;
      const s1 = this.barSimilarity[BAR_LAGS + lag - 1] as number;
      const s2 = this.barSimilarity[2 * BAR_LAGS + lag - 1] as number;
      const w0 = Math.exp(SHARP * s0);
      const w1 = Math.exp(SHARP * s1);
      const w2 = Math.exp(SHARP * s2);
      const w3 = Math.exp(SHARPER * (s1 + s2) * 0.5);
      half += w0;
      whole += w1;
      two += w2;
      sharp += w3;
      this.#keepBest(0, s0, mask);
      this.#keepBest(2, s2, mask);
      if (s1 > (this.bestSimilarity[1] as number)) {
        this.bestSimilarity[3] = this.bestSimilarity[1] as number;
        this.best[3] = this.best[1] as number;
        this.bestSimilarity[1] = s1;
        this.best[1] = mask;
      } else this.#keepBest(3, s1, mask);
      for (let rest = mask; rest !== 0; rest &= rest - 1) {
        const c = LOWEST[rest & -rest] as number;
        this.votes[c] = (this.votes[c] as number) + w0;
        this.votes[CLASSES + c] = (this.votes[CLASSES + c] as number) + w1;
        this.votes[2 * CLASSES + c] = (this.votes[2 * CLASSES + c] as number) + w2;
        this.sharpVotes[c] = (this.sharpVotes[c] as number) + w3;
        const residual = residuals[(at & slotMask) * CLASSES + c] as number;
        this.votedResidual[c] = (this.votedResidual[c] as number) + w1 * residual;
        this.#voteWeight[c] = (this.#voteWeight[c] as number) + w1;
      }
      addVotes(this.votesBefore, at - 1 <= known ? (hits[(at - 1) & slotMask] as number) : 0, w1);
      addVotes(this.votesAfter, at + 1 <= known ? (hits[(at + 1) & slotMask] as number) : 0, w1);
    }
    if (half === 0) return;
    for (let c = 0; c < CLASSES; c++) {
      this.votes[c] = (this.votes[c] as number) / half;
      this.votes[CLASSES + c] = (this.votes[CLASSES + c] as number) / whole;
      this.votes[2 * CLASSES + c] = (this.votes[2 * CLASSES + c] as number) / two;
      this.sharpVotes[c] = (this.sharpVotes[c] as number) / sharp;
      this.votesBefore[c] = (this.votesBefore[c] as number) / whole;
      this.votesAfter[c] = (this.votesAfter[c] as number) / whole;
      const weight = this.#voteWeight[c] as number;
      if (weight > 0) this.votedResidual[c] = (this.votedResidual[c] as number) / weight;
    }
  }

  #voteOfBeats(memory: DrumMemory, slot: number, known: number): void {
    const { hits, slotMask, firstSlot } = memory;
    let all = 0;
    for (let lag = 1; lag <= BEAT_LAGS; lag++) {
      const at = slot - lag * BEAT;
      if (at > known || at < firstSlot) continue;
      const weight = Math.exp(SHARP * (this.beatSimilarity[lag - 1] as number));
      all += weight;
      addVotes(this.beatVotes, hits[at & slotMask] as number, weight);
    }
    if (all === 0) return;
    for (let c = 0; c < CLASSES; c++) this.beatVotes[c] = (this.beatVotes[c] as number) / all;
  }

  #keepBest(place: number, similarity: number, mask: number): void {
    if (similarity <= (this.bestSimilarity[place] as number)) return;
    this.bestSimilarity[place] = similarity;
    this.best[place] = mask;
  }
}

function alike(memory: DrumMemory, known: number, lag: number, window: number): number {
  const { hits, slotMask, firstSlot } = memory;
  const end = Math.max(known - window, firstSlot + lag - 1);
  let same = 0;
  let all = 0;
  for (let at = known; at > end; at--) {
    const now = hits[at & slotMask] as number;
    const then = hits[(at - lag) & slotMask] as number;
    same += POPULATION[now & then] as number;
    all += (POPULATION[now] as number) + (POPULATION[then] as number);
  }
  return dice(same, all);
}

/** Share of the hits that both have; drawn to a half when there are few. */
function dice(same: number, all: number): number {
  return (2 * same + 0.5) / (all + 1);
}

function addVotes(votes: Float32Array, mask: number, weight: number): void {
  for (let rest = mask; rest !== 0; rest &= rest - 1) {
    const c = LOWEST[rest & -rest] as number;
    votes[c] = (votes[c] as number) + weight;
  }
}

/** Bits that are set. */
export const POPULATION: Uint8Array = Uint8Array.from({ length: 1 << CLASSES }, (_, mask) => {
  let bits = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) bits++;
  return bits;
});

/** The number of a single bit. */
const LOWEST: Uint8Array = Uint8Array.from({ length: (1 << CLASSES) + 1 }, (_, bit) =>
  bit === 0 ? 0 : 31 - Math.clz32(bit),
);
