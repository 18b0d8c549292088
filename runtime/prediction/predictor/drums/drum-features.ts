/**
 * What the drum model is told about a slot before it is played.
 *
 * Takes  a stream's history and memory, the slot, the time up to which it is known, and how far ahead is decided.
 * Gives  CONTEXT values about the slot, and CLASS_FEATURES for each class, all within -1 and 1 (training stores them as
 *        bytes). Any change of what a value means counts FEATURE_VERSION up: a model fits one version.
 * Lane   2. Nothing is allocated.
 */
import type { StreamHistory } from '../../history/stream-history.ts';
import type { DrumMemory } from './drum-memory.ts';
import { CLASSES } from './kit-classes.ts';
import { BAR_LAGS, LagVotes, POPULATION, WINDOWS } from './lag-votes.ts';
import { VoteRecord } from './vote-record.ts';

export const FEATURE_VERSION = 2;
export const CONTEXT = 557;
export const CLASS_FEATURES = 58;

const BEAT = 8;
/** BarTables counts no further. */
const MOST_EVENTS = 255;
const PAST_SLOTS = 40;
const KNOWN_FLAGS = 8;
const BAR_PLACES = 32;
const NEAR_LAGS = 12;
const FAR_LAGS: readonly number[] = [16, 24, 32, 48];
const LATEST = 6;
const HIT_LAGS: readonly number[] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32];
const HIT_BEATS: readonly number[] = [1, 2, 3, 4, 6, 8];
/** Residuals are told in parts of this (microseconds). */
const RESIDUAL_UNIT = 60_000;

export class DrumFeatures {
  /** Where each class is expected to be hit, against the slot's expected time (microseconds). */
  readonly centre: Float32Array = new Float32Array(CLASSES);
  readonly #history: StreamHistory;
  readonly #memory: DrumMemory;
  readonly #votes = new LagVotes();
  readonly #record = new VoteRecord();
  /** What is known of the last slots, by slots back. */
  readonly #past = new Uint16Array(PAST_SLOTS + 1);

  constructor(history: StreamHistory, memory: DrumMemory) {
    this.#history = history;
    this.#memory = memory;
  }

  /** `known`: the last slot about which all is known by `knownUntil`; `ahead`: from there to the slot (microseconds). */
  write(slot: number, knownUntil: number, context: Float32Array, classes: Float32Array): void {
    const history = this.#history;
    const known = Math.min(slot - 1, Math.floor(history.slotAt(knownUntil) - 0.5));
    const slotsInBar = history.slotsInBar(slot);
    const place = slot - history.barStart(slot);
    const { classLags, counts, hits, slotMask, firstSlot, lastSlot } = this.#memory;
    const votes = this.#votes;
    this.#record.check(known, hits, slotMask, lastSlot);
    votes.compute(this.#memory, slot, known, slotsInBar);
    classLags.vote(slot, known, firstSlot, slotsInBar, votes.barLags, votes.oneBar, counts);
    this.#record.keep(slot, votes.votes, CLASSES);
    this.#readPast(slot, known, knownUntil);
    this.#writeContext(slot, known, knownUntil, slotsInBar, place, context);
    this.#writeClasses(slot, known, slotsInBar, place, classes);
  }

  reset(): void {
    this.#record.reset();
  }

  #readPast(slot: number, known: number, knownUntil: number): void {
    const { hits, slotMask, firstSlot, lastSlot } = this.#memory;
    for (let back = 1; back <= PAST_SLOTS; back++) {
      const at = slot - back;
      if (at < firstSlot || at > lastSlot) this.#past[back] = 0;
      else if (at <= known) this.#past[back] = hits[at & slotMask] as number;
      else this.#past[back] = this.#memory.hitsUntil(at, knownUntil);
    }
  }

  #writeContext(
    slot: number,
    known: number,
    knownUntil: number,
    slotsInBar: number,
    place: number,
    out: Float32Array,
  ): void {
    const history = this.#history;
    const memory = this.#memory;
    const votes = this.#votes;
    let o = 0;
    for (let back = 1; back <= PAST_SLOTS; back++) {
      const mask = this.#past[back] as number;
      for (let c = 0; c < CLASSES; c++) out[o++] = (mask >> c) & 1;
    }
    for (let back = 1; back <= PAST_SLOTS; back++) {
      out[o++] = unit(this.#meanResidual(slot - back, this.#past[back] as number) / RESIDUAL_UNIT);
    }
    for (let back = 1; back <= KNOWN_FLAGS; back++) out[o++] = slot - back <= known ? 1 : 0;
    for (let phase = 0; phase < BEAT; phase++) out[o++] = phase === (slot & (BEAT - 1)) ? 1 : 0;
    for (let at = 0; at < BAR_PLACES; at++) out[o++] = at === (place & (BAR_PLACES - 1)) ? 1 : 0;
    const beats = slotsInBar / BEAT;
    out[o++] = beats === 2 ? 1 : 0;
    out[o++] = beats === 3 ? 1 : 0;
    out[o++] = beats === 4 ? 1 : 0;
    for (let lag = 0; lag < NEAR_LAGS; lag++)
      out[o++] = votes.barSimilarity[BAR_LAGS + lag] as number;
    for (const lag of FAR_LAGS) out[o++] = votes.barSimilarity[BAR_LAGS + lag - 1] as number;
    for (let lag = 0; lag < 8; lag++) out[o++] = votes.barSimilarity[2 * BAR_LAGS + lag] as number;
    for (let lag = 0; lag < 8; lag++) out[o++] = votes.beatSimilarity[lag] as number;
    for (let window = 0; window <= WINDOWS; window++) {
      out[o++] = votes.bestSimilarity[window] as number;
    }
    for (let c = 0; c < CLASSES; c++) out[o++] = votes.votes[CLASSES + c] as number;
    o = this.#writeLatest(slot, knownUntil, out, o);
    const beatLength = history.slotTime(slot + BEAT) - history.slotTime(slot);
    out[o++] = unit(history.offset / RESIDUAL_UNIT);
    out[o++] = unit(beatLength / 1e6 - 0.5);
    out[o++] = unit((history.expectedTime(slot) - knownUntil) / 300_000);
    out[o++] = unit((slot - known) / 8);
    out[o++] = this.#density(1, 16);
    out[o++] = this.#density(17, PAST_SLOTS);
    out[o++] = unit(Math.log2(1 + Math.max(0, slot - memory.firstSlot) / slotsInBar) / 7);
    out[o++] = memory.firstSlot === Number.POSITIVE_INFINITY ? 1 : 0;
    if (o !== CONTEXT) throw new RangeError(`${o} values, where the context has ${CONTEXT}`);
  }

  /** The last events that are known: how early or late, and how long ago. */
  #writeLatest(slot: number, knownUntil: number, out: Float32Array, from: number): number {
    const history = this.#history;
    let o = from;
    let place = history.countUntil(knownUntil) - 1;
    for (let n = 0; n < LATEST; n++, place--) {
      if (place < 0) {
        out[o++] = 0;
        out[o++] = 1;
        continue;
      }
      const i = history.inOrder(place) & history.mask;
      const at = history.slot[i] as number;
      const expected = this.#memory.expectedResidual(history.noteClass[i] as number, at);
      out[o++] = unit(((history.residual[i] as number) - expected) / RESIDUAL_UNIT);
      out[o++] = unit((slot - at) / PAST_SLOTS);
    }
    return o;
  }

  #writeClasses(
    slot: number,
    known: number,
    slotsInBar: number,
    place: number,
    out: Float32Array,
  ): void {
    const history = this.#history;
    const memory = this.#memory;
    const votes = this.#votes;
    const { classLags } = memory;
    const bar = history.barStart(slot) / slotsInBar;
    const played = Math.max(0, slot - memory.firstSlot);
    const bars = Math.max(1, played / slotsInBar);
    const all = Math.max(1, total(memory.counts));
    const slotResidual = memory.beatResidual(slot);
    for (let c = 0; c < CLASSES; c++) {
      const centre = memory.expectedResidual(c, slot);
      this.centre[c] = centre;
      let o = c * CLASS_FEATURES;
      out[o++] = votes.votes[c] as number;
      out[o++] = votes.votes[CLASSES + c] as number;
      out[o++] = votes.votes[2 * CLASSES + c] as number;
      out[o++] = votes.sharpVotes[c] as number;
      out[o++] = votes.beatVotes[c] as number;
      out[o++] = votes.votesBefore[c] as number;
      out[o++] = votes.votesAfter[c] as number;
      for (let window = 0; window <= WINDOWS; window++) {
        out[o++] = ((votes.best[window] as number) >> c) & 1;
      }
      for (const lag of HIT_LAGS) out[o++] = this.#hit(slot - lag * slotsInBar, known, c);
      for (const beats of HIT_BEATS) out[o++] = this.#hit(slot - beats * BEAT, known, c);
      for (let lag = 1; lag <= 2; lag++) {
        out[o++] = this.#hit(slot - lag * slotsInBar - 1, known, c);
        out[o++] = this.#hit(slot - lag * slotsInBar + 1, known, c);
      }
      out[o++] = unit(history.bars.use(c, place, bar) * 0.3);
      out[o++] = unit(history.bars.events(c, place) / Math.min(bars, MOST_EVENTS));
      out[o++] = memory.shareOfBeat(c, slot);
      out[o++] = (memory.counts[c] as number) / all;
      out[o++] = unit((memory.counts[c] as number) / (bars * 16));
      out[o++] = this.#share(c);
      const since = slot - (memory.lastHit[c] as number);
      out[o++] = unit(since / 32);
      out[o++] = since > 0 ? 1 / since : 0;
      for (let lag = 1; lag <= 4; lag++) {
        out[o++] = this.#residual(slot - lag * slotsInBar, known, c, centre);
      }
      out[o++] = this.#residual(slot - BEAT, known, c, centre);
      out[o++] = this.#residual(slot - 2 * BEAT, known, c, centre);
      const voted = votes.votedResidual[c] as number;
      out[o++] = voted === 0 ? 0 : unit((voted - centre) / RESIDUAL_UNIT);
      out[o++] = unit((memory.classMean[c] as number) / RESIDUAL_UNIT);
      out[o++] = unit(slotResidual / RESIDUAL_UNIT);
      out[o++] = unit((history.bars.residual(c, place) - centre) / RESIDUAL_UNIT);
      out[o++] = unit(centre / RESIDUAL_UNIT);
      out[o++] = unit((memory.spread[c] as number) / 30_000);
      out[o++] = history.bars.velocity(c, place) / 127;
      out[o++] = classLags.barVotes[c] as number;
      out[o++] = classLags.jointVotes[c] as number;
      out[o++] = classLags.beatVotes[c] as number;
      out[o++] = classLags.best[c] as number;
      out[o++] = this.#record.precision[c] as number;
      out[o++] = this.#record.recall[c] as number;
      if (o !== (c + 1) * CLASS_FEATURES) throw new RangeError(`${o} values of class ${c}`);
    }
  }

  #hit(slot: number, known: number, noteClass: number): number {
    const { hits, slotMask, firstSlot, lastSlot } = this.#memory;
    if (slot > known || slot < firstSlot || slot > lastSlot || slot <= lastSlot - slotMask)
      return 0;
    return ((hits[slot & slotMask] as number) >> noteClass) & 1;
  }

  #residual(slot: number, known: number, noteClass: number, centre: number): number {
    if (this.#hit(slot, known, noteClass) === 0) return 0;
    const { residuals, slotMask } = this.#memory;
    const residual = residuals[(slot & slotMask) * CLASSES + noteClass] as number;
    return unit((residual - centre) / RESIDUAL_UNIT);
  }

  #meanResidual(slot: number, mask: number): number {
    if (mask === 0) return 0;
    const { residuals, slotMask } = this.#memory;
    let sum = 0;
    for (let c = 0; c < CLASSES; c++) {
      if ((mask >> c) & 1) sum += residuals[(slot & slotMask) * CLASSES + c] as number;
    }
    return sum / (POPULATION[mask] as number);
  }

  /** Hits a slot, between two places of the past. */
  #density(from: number, to: number): number {
    let hits = 0;
    for (let back = from; back <= to; back++)
      hits += POPULATION[this.#past[back] as number] as number;
    return unit(hits / (to - from + 1));
  }

  /** How many of the last 32 slots the class was hit in. */
  #share(noteClass: number): number {
    let hits = 0;
    for (let back = 1; back <= 32; back++) hits += ((this.#past[back] as number) >> noteClass) & 1;
    return hits / 32;
  }
}

function total(values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i] as number;
  return sum;
}

function unit(value: number): number {
  return Math.max(-1, Math.min(1, value));
}
