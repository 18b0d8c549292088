/**
 * What all parts of a session have played, on one grid: the context that each part is predicted in.
 *
 * Takes  the notes of every part, drums included, as they arrive; whoever plays here may be a part, too.
 * Gives  per part its history and how much its last bars are like earlier ones, computed once per slot for all who ask.
 * Lane   2. Nothing is allocated after the parts are opened.
 */
import type { Instant } from '../../../core/time.ts';
import { type BeatGrid, SLOTS_PER_BEAT } from '../../grid/beat-grid.ts';
import { LagSimilarity, MAX_LAGS } from '../lag-vote/lag-similarity.ts';
import { PartNotes } from '../lag-vote/part-notes.ts';

/** Parts that are looked at as context; further ones are not. */
const MAX_BAND_PARTS = 12;
/** Players with different delays ask about slots that lie as far apart; the latest slot that anyone asked about serves all. */
const SLACK = 4;
/** Lags of half beats, for notes that repeat faster than the beat. */
const HALF_BEATS = 8;

export interface BandPartInit {
  /** Class of each of the 128 keys, for drums; undefined: a pitched part. */
  readonly classOf?: Uint8Array;
}

export class BandHistory {
  readonly grid: BeatGrid;
  readonly parts: BandPart[] = [];

  constructor(grid: BeatGrid) {
    this.grid = grid;
  }

  /** A part beyond the most that are looked at has a history of its own, and is no context for others. */
  open(init: BandPartInit = {}): BandPart {
    const part = new BandPart(this, init.classOf);
    if (this.parts.length < MAX_BAND_PARTS) this.parts.push(part);
    return part;
  }

  /** A part that left says nothing any more. */
  close(part: BandPart): void {
    const place = this.parts.indexOf(part);
    if (place >= 0) this.parts.splice(place, 1);
  }

  /** The first slot in which anyone played: Infinity before it. */
  get firstSlot(): number {
    let first = Number.POSITIVE_INFINITY;
    for (const part of this.parts) first = Math.min(first, part.notes.keys.first);
    return first;
  }
}

export class BandPart {
  readonly notes: PartNotes;
  readonly isPitched: boolean;
  readonly similarity: LagSimilarity = new LagSimilarity(MAX_LAGS, MAX_LAGS, HALF_BEATS);
  readonly #band: BandHistory;
  /** What the similarity was computed for. */
  #known = Number.NEGATIVE_INFINITY;
  #events = -1;
  #barSlots = 0;
  #first = 0;

  constructor(band: BandHistory, classOf: Uint8Array | undefined) {
    this.#band = band;
    this.notes = new PartNotes(band.grid, classOf);
    this.isPitched = classOf === undefined;
  }

  noteOn(channel: number, key: number, velocity: number, performedAt: Instant): void {
    this.notes.noteOn(channel, key, velocity, performedAt);
  }

  noteOff(channel: number, key: number, performedAt: Instant): void {
    this.notes.history.noteOff(channel, key, performedAt);
  }

  /** Brings `similarity` up to date with all that is known up to slot `known`, or a little later. */
  compare(known: number, barSlots: number): void {
    if (this.notes.follow()) this.#events = -1;
    const events = this.notes.history.count;
    const first = this.#band.firstSlot;
    const hasNothingNew = known <= this.#known && known > this.#known - SLACK;
    const isSame = hasNothingNew && events === this.#events && first === this.#first;
    if (isSame && barSlots === this.#barSlots) return;
    this.#known = hasNothingNew ? this.#known : known;
    this.#events = events;
    this.#first = first;
    this.#barSlots = barSlots;
    this.similarity.update(this.notes.keys, this.#known, barSlots, SLOTS_PER_BEAT, first);
  }

  reset(): void {
    this.notes.reset();
    this.#events = -1;
  }

  close(): void {
    this.#band.close(this);
  }
}
