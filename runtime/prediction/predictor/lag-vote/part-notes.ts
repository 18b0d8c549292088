/**
 * A part's history together with its notes by slot: what every predictor here reads.
 *
 * Takes  notes as they arrive. Gives  the history, and the same notes as sets of classes by slot.
 * Lane   2. Allocates nothing after it is made.
 */
import type { Instant } from '../../../core/time.ts';
import type { BeatGrid } from '../../grid/beat-grid.ts';
import { NO_EVENT, StreamHistory } from '../../history/stream-history.ts';
import { SlotKeys } from './slot-keys.ts';

/** Half a slot before its time an event may lie in it already; as long after. In slots. */
const SLOT_HALF = 0.5;
const CLASSES = 128;

export class PartNotes {
  readonly history: StreamHistory;
  readonly keys: SlotKeys = new SlotKeys();
  /** Class of each of the 128 keys; undefined: each key is its own. */
  /** The event of each class that was performed last; NO_EVENT before the first. */
  readonly latest: Float64Array = new Float64Array(CLASSES).fill(NO_EVENT);
  readonly #classOf: Uint8Array | undefined;
  readonly #grid: BeatGrid;
  #epoch: number;

  constructor(grid: BeatGrid, classOf?: Uint8Array) {
    this.#grid = grid;
    this.#classOf = classOf;
    this.history = new StreamHistory(grid);
    this.#epoch = grid.epoch;
  }

  noteOn(channel: number, key: number, velocity: number, performedAt: Instant): void {
    const { history } = this;
    const noteClass = this.#classOf === undefined ? key : (this.#classOf[key] as number);
    const event = history.noteOn(noteClass, channel, key, velocity, performedAt);
    const isLaidOut = this.follow();
    if (event === NO_EVENT) return;
    const last = this.latest[noteClass] as number;
    if (last < history.first || (history.at[last & history.mask] as number) <= performedAt) {
      this.latest[noteClass] = event;
    }
    if (isLaidOut) return;
    this.keys.add(history.slot[event & history.mask] as number, noteClass);
  }

  /** The last slot of which nothing more is expected when all up to `knownUntil` is known. */
  knownSlot(knownUntil: Instant): number {
    return Math.floor(this.history.slotAt(knownUntil) - SLOT_HALF);
  }

  /** Lays out anew what the grid counts anew; true when it did. */
  follow(): boolean {
    this.history.follow();
    if (this.#grid.epoch === this.#epoch) return false;
    this.#epoch = this.#grid.epoch;
    this.keys.clear();
    const { history } = this;
    const kept = history.count - history.first;
    for (let place = 0; place < kept; place++) {
      const i = history.inOrder(place) & history.mask;
      this.keys.add(history.slot[i] as number, history.noteClass[i] as number);
    }
    return true;
  }

  reset(): void {
    this.history.reset();
    this.keys.clear();
    this.latest.fill(NO_EVENT);
    this.#epoch = this.#grid.epoch;
  }
}
