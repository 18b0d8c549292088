/**
 * The straight line under pulses that are meant to be even: timing clocks, quarter frames.
 *
 * Takes  numbered pulses with their times (microseconds), numbers ascending; some may be missing.
 * Gives  when any pulse falls, how far apart they are, and how much they stray.
 * Keeps  the last WINDOW pulses, in arrays of fixed size. Pure; allocates nothing per pulse.
 *
 * A weighted least-squares line: pulses that stray by more than three deviations count less, so one that the sender held
 * up bends nothing. A change of tempo shows in deviations that follow one another on the same side (CUSUM, both ways):
 * then the line begins anew with the pulse at which that began, so a new tempo is known after three or four pulses and an
 * even one is averaged over the whole window.
 */
const WINDOW = 96;
/** A line through fewer pulses says too little about the next ones. */
const ENOUGH = 3;
/** Time stamps come in steps of 100 microseconds: nothing strays by less (microseconds). */
const LEAST_STRAY = 60;
const FIRST_STRAY = 300;
/** How many pulses the stray known so far is worth beside those of the window. */
const STRAY_WEIGHT = 12;
/** No pulses that mean anything are closer (microseconds). */
const LEAST_PERIOD = 500;
/** Mean absolute deviation to standard deviation of a normal. */
const TO_DEVIATION = 1.25;
const OUTLIER = 3;
const CLIP = 4;
const DRIFT = 0.75;
/** More than two clipped deviations: two pulses in a row that were held up are no change of tempo. */
const ALARM = 8;

export class PulseLine {
  readonly #numbers = new Float64Array(WINDOW);
  readonly #times = new Float64Array(WINDOW);
  #next = 0;
  #count = 0;
  /** The line goes through (#at, #time). */
  #at = 0;
  #time = 0;
  #period = 0;
  #stray = FIRST_STRAY;
  #above = 0;
  #below = 0;
  /** Pulses since the sum above, or below, was last zero. */
  #aboveCount = 0;
  #belowCount = 0;
  /** The first pulse since `restart`. */
  begun = 0;
  /** How often the line began anew by itself. */
  changes = 0;

  /** Microseconds between pulses; 0 while nothing is known. What was known before `restart` counts as known. */
  get period(): number {
    return this.#period;
  }

  /** Standard deviation of the pulses (microseconds). */
  get stray(): number {
    return this.#stray;
  }

  /** Enough pulses since the last change to foretell the next ones. */
  get steady(): boolean {
    return this.#count >= ENOUGH;
  }

  /** When the pulse of this number falls. Meaningless while empty. */
  timeOf(number: number): number {
    return this.#time + (number - this.#at) * this.#period;
  }

  /** Which pulse falls at this time, with a fraction. */
  numberAt(time: number): number {
    return this.#period > 0 ? this.#at + (time - this.#time) / this.#period : this.#at;
  }

  /** What comes has nothing to do with what was, but for the period until a new one is known. */
  restart(): void {
    this.#count = 0;
    this.#next = 0;
    this.#above = 0;
    this.#below = 0;
  }

  add(number: number, time: number): void {
    const first = this.#count === 0;
    const deviation = time - this.timeOf(number);
    this.#numbers[this.#next] = number;
    this.#times[this.#next] = time;
    this.#next = (this.#next + 1) % WINDOW;
    if (this.#count < WINDOW) this.#count++;
    if (first) {
      this.begun = number;
      this.#at = number;
      this.#time = time;
      return;
    }
    if (this.#count < ENOUGH) this.#fitPlain();
    else if (this.#hasChanged(deviation)) this.#begin();
    else this.#fit();
  }

  #hasChanged(deviation: number): boolean {
    const strays = Math.max(-CLIP, Math.min(CLIP, deviation / this.#stray));
    this.#above = Math.max(0, this.#above + strays - DRIFT);
    this.#below = Math.max(0, this.#below - strays - DRIFT);
    this.#aboveCount = this.#above > 0 ? this.#aboveCount + 1 : 0;
    this.#belowCount = this.#below > 0 ? this.#belowCount + 1 : 0;
    return this.#above > ALARM || this.#below > ALARM;
  }

  /** The line begins anew with the pulse at which the change began. */
  #begin(): void {
    const since = this.#above > ALARM ? this.#aboveCount : this.#belowCount;
    this.#count = Math.min(this.#count, Math.max(ENOUGH, since));
    this.#above = 0;
    this.#below = 0;
    this.#aboveCount = 0;
    this.#belowCount = 0;
    this.changes++;
    this.#fitPlain();
  }

  /** Few pulses: every one counts. */
  #fitPlain(): void {
    this.#solve(Number.POSITIVE_INFINITY);
  }

  #fit(): void {
    this.#solve(OUTLIER * this.#stray);
    let sum = 0;
    for (let back = 0; back < this.#count; back++) {
      const i = this.#index(back);
      const off = Math.abs((this.#times[i] ?? 0) - this.timeOf(this.#numbers[i] ?? 0));
      sum += Math.min(off, CLIP * this.#stray);
    }
    const seen = TO_DEVIATION * sum + STRAY_WEIGHT * this.#stray;
    this.#stray = Math.max(LEAST_STRAY, seen / (this.#count + STRAY_WEIGHT));
  }

  /** Weights come from the line so far: what is off by more than `limit` counts in proportion less. */
  #solve(limit: number): void {
    const newest = this.#index(0);
    const number = this.#numbers[newest] ?? 0;
    const time = this.#times[newest] ?? 0;
    let weights = 0;
    let sumN = 0;
    let sumT = 0;
    let sumNN = 0;
    let sumNT = 0;
    for (let back = 0; back < this.#count; back++) {
      const i = this.#index(back);
      const off = Math.abs((this.#times[i] ?? 0) - this.timeOf(this.#numbers[i] ?? 0));
      const weight = off > limit ? limit / off : 1;
      // Counted from the newest: small numbers keep their digits.
      const n = (this.#numbers[i] ?? 0) - number;
      const t = (this.#times[i] ?? 0) - time;
      weights += weight;
      sumN += weight * n;
      sumT += weight * t;
      sumNN += weight * n * n;
      sumNT += weight * n * t;
    }
    const spread = weights * sumNN - sumN * sumN;
    const slope = spread > 0 ? (weights * sumNT - sumN * sumT) / spread : this.#period;
    // Pulses that came all at once say nothing about their period.
    if (slope >= LEAST_PERIOD) this.#period = slope;
    this.#at = number;
    this.#time = time + (sumT - this.#period * sumN) / weights;
  }

  #index(back: number): number {
    return (this.#next - 1 - back + WINDOW) % WINDOW;
  }
}
