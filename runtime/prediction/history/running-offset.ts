/**
 * Where a player sits against the grid: a mean of how far events near a beat are from it, recent ones weighing more.
 *
 * Takes  deviations from the nearest beat. Gives the offset, drawn to zero until enough was heard. Microseconds.
 */

/** Weight that a mean of zero has: a handful of events don't move the grid. */
const PRIOR_WEIGHT = 12;
const DECAY = 0.985;
/** Events further than this share of a beat from where the player has beats are none of its. */
const NEAR_BEAT = 0.12;

export class RunningOffset {
  value: number = 0;
  #sum = 0;
  #weight = 0;

  /** `deviation` from the beat that is nearest when the offset is taken off; `beatLength` of that beat. */
  add(deviation: number, beatLength: number): void {
    if (Math.abs(deviation - this.value) > NEAR_BEAT * beatLength) return;
    this.#sum = this.#sum * DECAY + deviation;
    this.#weight = this.#weight * DECAY + 1;
    this.value = this.#sum / (this.#weight + PRIOR_WEIGHT);
  }

  reset(): void {
    this.value = 0;
    this.#sum = 0;
    this.#weight = 0;
  }
}
