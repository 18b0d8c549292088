/**
 * A drum part in the form that features are read from: for each slot of the grid which classes were hit, and how early or
 * late; and running means of the player's timing.
 *
 * Takes  events of a StreamHistory, as they are placed.
 * Gives  bit masks and residuals by slot, the expected residual of a class on a slot.
 * Keeps  rings as long as the history's slots. Nothing is allocated after it is opened.
 */
import { NO_EVENT, type StreamHistory } from '../../history/stream-history.ts';
import { ClassLags } from './class-lags.ts';
import { CLASSES } from './kit-classes.ts';

const BEAT = 8;
/** Events that a mean needs before it weighs as much as what it refines. */
const TRUST_AFTER = 3;
const SLOWEST = 0.1;

export class DrumMemory {
  /** By `slot & slotMask`; only slots from `firstSlot` on, and not older than the ring. */
  readonly slotMask: number;
  readonly hits: Uint16Array;
  /** Microseconds, by (slot & slotMask) * CLASSES + class; means something where the hit's bit is set. */
  readonly residuals: Float32Array;
  /** The same hits, as each class's own. */
  readonly classLags: ClassLags;
  /** The first slot in which anything was played. */
  firstSlot: number = Number.POSITIVE_INFINITY;
  lastSlot: number = Number.NEGATIVE_INFINITY;
  /** Events of each class. */
  readonly counts: Float64Array = new Float64Array(CLASSES);
  /** The slot that each class was hit in last. */
  readonly lastHit: Float64Array = new Float64Array(CLASSES).fill(Number.NEGATIVE_INFINITY);
  /** Mean distance of residuals from what was expected, by class (microseconds). */
  readonly spread: Float32Array = new Float32Array(CLASSES).fill(12_000);
  /** Mean residual by class (microseconds). */
  readonly classMean: Float32Array = new Float32Array(CLASSES);
  readonly #history: StreamHistory;
  readonly #beatMean = new Float32Array(BEAT);
  readonly #beatCount = new Float32Array(BEAT);
  readonly #classBeatMean = new Float32Array(CLASSES * BEAT);
  readonly #classBeatCount = new Float32Array(CLASSES * BEAT);

  constructor(history: StreamHistory) {
    this.#history = history;
    this.slotMask = history.slotCapacity - 1;
    this.hits = new Uint16Array(history.slotCapacity);
    this.residuals = new Float32Array(history.slotCapacity * CLASSES);
    this.classLags = new ClassLags(history.slotCapacity);
  }

  /** An event that the history has just placed. */
  add(event: number): void {
    const history = this.#history;
    const i = event & history.mask;
    const slot = history.slot[i] as number;
    const noteClass = history.noteClass[i] as number;
    const residual = history.residual[i] as number;
    if (slot > this.lastSlot) this.#advance(slot);
    else if (slot <= this.lastSlot - this.slotMask) return;
    if (slot < this.firstSlot) this.firstSlot = slot;
    const place = slot & this.slotMask;
    const bit = 1 << noteClass;
    const hits = this.hits[place] as number;
    const cell = place * CLASSES + noteClass;
    if ((hits & bit) === 0 || residual < (this.residuals[cell] as number)) {
      this.residuals[cell] = residual;
    }
    this.hits[place] = hits | bit;
    this.classLags.set(noteClass, slot);
    if (slot > (this.lastHit[noteClass] as number)) this.lastHit[noteClass] = slot;
    this.#learn(slot, noteClass, residual);
  }

  has(slot: number, noteClass: number): boolean {
    if (slot > this.lastSlot || slot <= this.lastSlot - this.slotMask) return false;
    return (((this.hits[slot & this.slotMask] as number) >> noteClass) & 1) === 1;
  }

  /** Where a hit of that class on that slot is expected, against the slot's expected time (microseconds). */
  expectedResidual(noteClass: number, slot: number): number {
    const phase = slot & (BEAT - 1);
    const byBeat = this.beatResidual(slot);
    const cell = noteClass * BEAT + phase;
    const byClass = refine(
      byBeat,
      this.#classBeatMean[cell] as number,
      this.#classBeatCount[cell] as number,
    );
    const history = this.#history;
    const place = slot - history.barStart(slot);
    return refine(
      byClass,
      history.bars.residual(noteClass, place),
      history.bars.events(noteClass, place),
    );
  }

  /** The same for all classes: the player's swing. */
  beatResidual(slot: number): number {
    const phase = slot & (BEAT - 1);
    return refine(0, this.#beatMean[phase] as number, this.#beatCount[phase] as number);
  }

  /** How often the class uses that place of the beat, 0 to 1. */
  shareOfBeat(noteClass: number, slot: number): number {
    const all = this.counts[noteClass] as number;
    const here = this.#classBeatCount[noteClass * BEAT + (slot & (BEAT - 1))] as number;
    return all === 0 ? 0 : here / all;
  }

  /** Everything from the history again, after it was laid out anew. */
  rebuild(): void {
    this.reset();
    const history = this.#history;
    const kept = Math.min(history.count, history.capacity);
    for (let place = 0; place < kept; place++) this.add(history.inOrder(place));
  }

  reset(): void {
    this.hits.fill(0);
    this.classLags.clear();
    this.firstSlot = Number.POSITIVE_INFINITY;
    this.lastSlot = Number.NEGATIVE_INFINITY;
    this.counts.fill(0);
    this.lastHit.fill(Number.NEGATIVE_INFINITY);
    this.spread.fill(12_000);
    this.classMean.fill(0);
    this.#beatMean.fill(0);
    this.#beatCount.fill(0);
    this.#classBeatMean.fill(0);
    this.#classBeatCount.fill(0);
  }

  /** Which classes were hit in a slot by events performed up to a time: for slots about which not all is known. */
  hitsUntil(slot: number, time: number): number {
    const history = this.#history;
    let hits = 0;
    for (let event = history.firstIn(slot); event !== NO_EVENT; event = history.nextIn(event)) {
      const i = event & history.mask;
      if ((history.at[i] as number) <= time) hits |= 1 << (history.noteClass[i] as number);
    }
    return hits;
  }

  /** Places that the ring takes into use are silent until something is played there. */
  #advance(slot: number): void {
    const from = Math.max(this.lastSlot + 1, slot - this.slotMask);
    for (let fresh = from; fresh <= slot; fresh++) {
      this.hits[fresh & this.slotMask] = 0;
      this.classLags.clearSlot(fresh);
    }
    this.lastSlot = slot;
  }

  #learn(slot: number, noteClass: number, residual: number): void {
    const surprise = Math.abs(residual - this.expectedResidual(noteClass, slot));
    this.spread[noteClass] =
      (this.spread[noteClass] as number) + (surprise - (this.spread[noteClass] as number)) * 0.05;
    const count = (this.counts[noteClass] as number) + 1;
    this.counts[noteClass] = count;
    this.classMean[noteClass] =
      (this.classMean[noteClass] as number) +
      (residual - (this.classMean[noteClass] as number)) * Math.max(SLOWEST, 1 / count);
    const phase = slot & (BEAT - 1);
    mean(this.#beatMean, this.#beatCount, phase, residual);
    mean(this.#classBeatMean, this.#classBeatCount, noteClass * BEAT + phase, residual);
  }
}

function mean(means: Float32Array, counts: Float32Array, at: number, value: number): void {
  const count = (counts[at] as number) + 1;
  counts[at] = count;
  means[at] =
    (means[at] as number) + (value - (means[at] as number)) * Math.max(SLOWEST, 1 / count);
}

function refine(coarse: number, fine: number, events: number): number {
  return coarse + ((fine - coarse) * events) / (events + TRUST_AFTER);
}
