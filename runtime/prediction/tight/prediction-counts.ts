/** What became of the notes of one part that were predicted, and of those that were not. */

const LATELY = 64;
/** Within this of its performance a note is in time (microseconds). */
export const IN_TIME = 20_000;

export class PredictionCounts {
  /** Notes that really came. */
  truths = 0;
  /** Notes that were played before they came. */
  predicted = 0;
  confirmed = 0;
  /** Predicted, and then came before they were due: played when they came. */
  forestalled = 0;
  /** Played, and nothing came of them. */
  falseNotes = 0;
  /** False ones that still sounded and were released. */
  corrected = 0;
  /** Not predicted, and played more than 20 ms after their performance. */
  late = 0;
  /** Expected notes that a slow model told of when their time had passed. */
  tooLate = 0;
  /** Predicted, and heard within 20 ms of their performance. */
  precise = 0;
  readonly #inTime = new Uint8Array(LATELY);
  #inTimeCount = 0;
  /** Of notes that were sure enough to be played, whether they were: 1 for those that came within 20 ms. */
  readonly #hits = new Uint8Array(LATELY);
  #hitCount = 0;
  #hitsSeen = 0;
  /** Of true notes, whether one that was sure enough was expected of them. */
  readonly #foreseen = new Uint8Array(LATELY);
  #foreseenCount = 0;

  heard(deviation: number, foreseen: boolean): void {
    const at = this.truths++ % LATELY;
    const inTime = Math.abs(deviation) <= IN_TIME ? 1 : 0;
    this.#inTimeCount += inTime - (this.#inTime[at] ?? 0);
    this.#inTime[at] = inTime;
    this.#foreseenCount += (foreseen ? 1 : 0) - (this.#foreseen[at] ?? 0);
    this.#foreseen[at] = foreseen ? 1 : 0;
  }

  resolved(hit: boolean): void {
    const at = this.#hitsSeen++ % LATELY;
    this.#hitCount += (hit ? 1 : 0) - (this.#hits[at] ?? 0);
    this.#hits[at] = hit ? 1 : 0;
  }

  /** Of the last true notes, 0 to 1: heard within 20 ms. Undefined: too few yet. */
  get w20(): number | undefined {
    return this.truths < 16 ? undefined : this.#inTimeCount / Math.min(this.truths, LATELY);
  }

  /** Of the last predictions, 0 to 1: came within 20 ms. Undefined: too few yet. */
  get precision(): number | undefined {
    return this.#hitsSeen < 32 ? undefined : this.#hitCount / Math.min(this.#hitsSeen, LATELY);
  }

  /** Of the last true notes, 0 to 1: were foreseen. Undefined: too few yet. */
  get recall(): number | undefined {
    return this.truths < LATELY ? undefined : this.#foreseenCount / LATELY;
  }
}
