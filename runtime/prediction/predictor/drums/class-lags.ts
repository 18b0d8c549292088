/**
 * What each class of a drum part says about its own next hit: votes of lags, weighted by how alike that class alone is to
 * itself that lag ago. A hi-hat repeats every beat while the bass drum has a pattern of two bars.
 *
 * Takes  hits of a class by slot. Gives votes of bar lags and of beat lags for a slot.
 * Keeps  a ring of bits for each class. Nothing is allocated after it is opened.
 */
import { CLASSES } from './kit-classes.ts';

const BEAT = 8;
const BEAT_LAGS = 32;
const SHARP = 8;

/** exp(SHARP x similarity), by similarity in steps. */
const STEPS = 256;
const WEIGHTS: Float32Array = Float32Array.from({ length: STEPS + 1 }, (_, step) =>
  Math.exp((SHARP * step) / STEPS),
);

export class ClassLags {
  /** By class, 0 to 1. */
  readonly barVotes: Float32Array = new Float32Array(CLASSES);
  /** Weighted by the similarity of all classes as well. */
  readonly jointVotes: Float32Array = new Float32Array(CLASSES);
  readonly beatVotes: Float32Array = new Float32Array(CLASSES);
  /** How alike the class is to itself at the lag in bars that is most alike. */
  readonly best: Float32Array = new Float32Array(CLASSES);
  readonly #words: number;
  readonly #bits: Int32Array;

  /** `slots`: a power of two. */
  constructor(slots: number) {
    this.#words = slots >> 5;
    this.#bits = new Int32Array(CLASSES * this.#words);
  }

  set(noteClass: number, slot: number): void {
    const word = noteClass * this.#words + ((slot >> 5) & (this.#words - 1));
    this.#bits[word] = (this.#bits[word] as number) | (1 << (slot & 31));
  }

  /** The slot is silent until something is played in it. */
  clearSlot(slot: number): void {
    const at = (slot >> 5) & (this.#words - 1);
    const keep = ~(1 << (slot & 31));
    for (let c = 0; c < CLASSES; c++) {
      const word = c * this.#words + at;
      this.#bits[word] = (this.#bits[word] as number) & keep;
    }
  }

  clear(): void {
    this.#bits.fill(0);
  }

  /** `similarity`: of all classes, by lag in bars from 1. */
  vote(
    slot: number,
    known: number,
    firstSlot: number,
    slotsInBar: number,
    barLags: number,
    similarity: Float32Array,
    counts: Float64Array,
  ): void {
    for (let c = 0; c < CLASSES; c++) {
      this.barVotes[c] = 0;
      this.jointVotes[c] = 0;
      this.beatVotes[c] = 0;
      this.best[c] = 0;
      if ((counts[c] as number) === 0) continue;
      const recent = this.#ending(c, known);
      const before = this.#ending(c, known - 32);
      this.#voteOfBars(c, slot, known, slotsInBar, barLags, similarity, recent, before);
      this.#voteOfBeats(c, slot, known, firstSlot, recent);
    }
  }

  #voteOfBars(
    noteClass: number,
    slot: number,
    known: number,
    slotsInBar: number,
    barLags: number,
    similarity: Float32Array,
    recent: number,
    before: number,
  ): void {
    const now = population(recent) + population(before);
    let own = 0;
    let ownAll = 0;
    let joint = 0;
    let jointAll = 0;
    let best = 0;
    for (let lag = 1; lag <= barLags; lag++) {
      const back = lag * slotsInBar;
      if (slot - back > known) continue;
      const then = this.#ending(noteClass, known - back);
      const thenBefore = this.#ending(noteClass, known - back - 32);
      const same = population(recent & then) + population(before & thenBefore);
      const all = now + population(then) + population(thenBefore);
      const alike = (2 * same + 0.5) / (all + 1);
      if (alike > best) best = alike;
      const weight = weightOf(alike);
      const both = weightOf((alike + (similarity[lag - 1] as number)) / 2);
      const hit = this.#hit(noteClass, slot - back);
      own += weight * hit;
      ownAll += weight;
      joint += both * hit;
      jointAll += both;
    }
    if (ownAll === 0) return;
    this.barVotes[noteClass] = own / ownAll;
    this.jointVotes[noteClass] = joint / jointAll;
    this.best[noteClass] = best;
  }

  #voteOfBeats(
    noteClass: number,
    slot: number,
    known: number,
    firstSlot: number,
    recent: number,
  ): void {
    const now = population(recent);
    let votes = 0;
    let total = 0;
    for (let lag = 1; lag <= BEAT_LAGS; lag++) {
      const at = slot - lag * BEAT;
      if (at < firstSlot) break;
      if (at > known) continue;
      const then = this.#ending(noteClass, known - lag * BEAT);
      const same = population(recent & then);
      const weight = weightOf((2 * same + 0.5) / (now + population(then) + 1));
      votes += weight * this.#hit(noteClass, at);
      total += weight;
    }
    if (total > 0) this.beatVotes[noteClass] = votes / total;
  }

  /** The 32 slots up to this one, the last in the highest bit. */
  #ending(noteClass: number, slot: number): number {
    const start = slot - 31;
    const shift = start & 31;
    const base = noteClass * this.#words;
    const low = this.#bits[base + ((start >> 5) & (this.#words - 1))] as number;
    if (shift === 0) return low;
    const high = this.#bits[base + (((start >> 5) + 1) & (this.#words - 1))] as number;
    return (low >>> shift) | (high << (32 - shift));
  }

  #hit(noteClass: number, slot: number): number {
    const word = noteClass * this.#words + ((slot >> 5) & (this.#words - 1));
    return ((this.#bits[word] as number) >>> (slot & 31)) & 1;
  }
}

function weightOf(similarity: number): number {
  return WEIGHTS[(similarity * STEPS) | 0] as number;
}

/** Bits that are set. */
function population(word: number): number {
  let bits = word - ((word >>> 1) & 0x5555_5555);
  bits = (bits & 0x3333_3333) + ((bits >>> 2) & 0x3333_3333);
  bits = (bits + (bits >>> 4)) & 0x0f0f_0f0f;
  return Math.imul(bits, 0x0101_0101) >>> 24;
}
