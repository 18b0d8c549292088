/**
 * How a drummer plays a class on a slot: with which key, how loud, how long.
 *
 * Takes  events of a StreamHistory. Gives the key of the last events on that place of the bar or beat (a rim where the
 * player plays rims), else the class's last; mean velocity and length of the place, else of the class.
 */
import { NO_EVENT, type StreamHistory } from '../../history/stream-history.ts';
import { CLASSES } from './kit-classes.ts';

const BEAT = 8;
const BARS_BACK = 4;
const DEFAULT_LENGTH = 100_000;
const SLOW = 0.1;

export class DrumNotes {
  readonly #history: StreamHistory;
  /** The last event of each class. */
  readonly #last = new Float64Array(CLASSES).fill(NO_EVENT);
  readonly #velocity = new Float32Array(CLASSES);

  constructor(history: StreamHistory) {
    this.#history = history;
  }

  add(event: number): void {
    const i = event & this.#history.mask;
    const noteClass = this.#history.noteClass[i] as number;
    const velocity = this.#history.velocity[i] as number;
    const isFirst = this.#last[noteClass] === NO_EVENT;
    const mean = this.#velocity[noteClass] as number;
    this.#velocity[noteClass] = isFirst ? velocity : mean + (velocity - mean) * SLOW;
    this.#last[noteClass] = event;
  }

  /** An event to take key and channel from; NO_EVENT when the class was never played, or too long ago. */
  modelFor(noteClass: number, slot: number): number {
    const history = this.#history;
    const bar = history.slotsInBar(slot);
    for (let lag = 1; lag <= BARS_BACK; lag++) {
      const found = this.#eventIn(slot - lag * bar, noteClass);
      if (found !== NO_EVENT) return found;
    }
    for (let lag = 1; lag * BEAT < bar; lag++) {
      const found = this.#eventIn(slot - lag * BEAT, noteClass);
      if (found !== NO_EVENT) return found;
    }
    const last = this.#last[noteClass] as number;
    return last >= history.first ? last : NO_EVENT;
  }

  velocity(noteClass: number, slot: number): number {
    const { bars } = this.#history;
    const place = slot - this.#history.barStart(slot);
    const mean =
      bars.events(noteClass, place) > 0
        ? bars.velocity(noteClass, place)
        : (this.#velocity[noteClass] as number);
    return Math.max(1, Math.min(127, Math.round(mean)));
  }

  /** Microseconds. */
  length(noteClass: number, slot: number, event: number): number {
    const history = this.#history;
    const mean = history.bars.length(noteClass, slot - history.barStart(slot));
    if (mean > 0) return mean;
    return (history.length[event & history.mask] as number) || DEFAULT_LENGTH;
  }

  reset(): void {
    this.#last.fill(NO_EVENT);
    this.#velocity.fill(0);
  }

  #eventIn(slot: number, noteClass: number): number {
    const history = this.#history;
    for (let event = history.firstIn(slot); event !== NO_EVENT; event = history.nextIn(event)) {
      if (history.noteClass[event & history.mask] === noteClass) return event;
    }
    return NO_EVENT;
  }
}
