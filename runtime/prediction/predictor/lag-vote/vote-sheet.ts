/**
 * Votes for classes of notes at one slot, with what was found where each vote came from.
 *
 * Takes  events of the history, each with a weight. Gives  per class the sum of weights and weighted means.
 * Lane   2. Used again for every decision; allocates nothing.
 */
import { NO_EVENT, type StreamHistory } from '../../history/stream-history.ts';

const CLASSES = 128;

export class VoteSheet {
  /** Classes that have a vote; `count` of them. */
  readonly classes: Uint8Array = new Uint8Array(CLASSES);
  count = 0;
  readonly votes: Float32Array = new Float32Array(CLASSES);
  readonly #residual: Float32Array = new Float32Array(CLASSES);
  readonly #velocity: Float32Array = new Float32Array(CLASSES);
  readonly #length: Float32Array = new Float32Array(CLASSES);
  readonly #lengthVotes: Float32Array = new Float32Array(CLASSES);
  /** The most recent event of each class that was pointed to. */
  readonly #latest: Float64Array = new Float64Array(CLASSES);

  clear(): void {
    for (let place = 0; place < this.count; place++) {
      const noteClass = this.classes[place] as number;
      this.votes[noteClass] = 0;
      this.#residual[noteClass] = 0;
      this.#velocity[noteClass] = 0;
      this.#length[noteClass] = 0;
      this.#lengthVotes[noteClass] = 0;
    }
    this.count = 0;
  }

  /** Every class of the slot gets the weight once. */
  addSlot(history: StreamHistory, slot: number, weight: number): void {
    const { mask } = history;
    for (let event = history.firstIn(slot); event !== NO_EVENT; event = history.nextIn(event)) {
      const i = event & mask;
      const noteClass = history.noteClass[i] as number;
      if (this.#isRepeated(history, event, noteClass)) continue;
      if ((this.votes[noteClass] as number) === 0) {
        this.classes[this.count++] = noteClass;
        this.#latest[noteClass] = event;
      } else if (
        (history.at[i] as number) >
        (history.at[(this.#latest[noteClass] as number) & mask] as number)
      ) {
        this.#latest[noteClass] = event;
      }
      this.votes[noteClass] = (this.votes[noteClass] as number) + weight;
      this.#residual[noteClass] =
        (this.#residual[noteClass] as number) + weight * (history.residual[i] as number);
      this.#velocity[noteClass] =
        (this.#velocity[noteClass] as number) + weight * (history.velocity[i] as number);
      const length = history.length[i] as number;
      if (length === 0) continue;
      this.#length[noteClass] = (this.#length[noteClass] as number) + weight * length;
      this.#lengthVotes[noteClass] = (this.#lengthVotes[noteClass] as number) + weight;
    }
  }

  /** Microseconds from slot and running offset. */
  residual(noteClass: number): number {
    return (this.#residual[noteClass] as number) / (this.votes[noteClass] as number);
  }

  velocity(noteClass: number): number {
    return (this.#velocity[noteClass] as number) / (this.votes[noteClass] as number);
  }

  /** Microseconds; 0 when none of the notes has ended. */
  length(noteClass: number): number {
    const votes = this.#lengthVotes[noteClass] as number;
    return votes === 0 ? 0 : (this.#length[noteClass] as number) / votes;
  }

  latest(noteClass: number): number {
    return this.#latest[noteClass] as number;
  }

  /** A drum that is hit twice in a slot votes once. */
  #isRepeated(history: StreamHistory, event: number, noteClass: number): boolean {
    let newer = history.firstIn(history.slot[event & history.mask] as number);
    while (newer !== event && newer !== NO_EVENT) {
      if (history.noteClass[newer & history.mask] === noteClass) return true;
      newer = history.nextIn(newer);
    }
    return false;
  }
}
