/**
 * Offset and skew between two clocks from the quickest exchanges of a window.
 *
 * Takes  exchanges: when (local), how far the remote clock seemed ahead on the way there, and how far behind on the way back.
 * Gives  the line `offset + skew * (time - newest)`, and how far it may be off.
 * Keeps  the last exchanges, in arrays of fixed size; allocates nothing after it was made.
 *
 * A minimum-RTT filter, taken one way at a time. Delay only ever adds: with O the offset (remote less local), b the
 * shortest way and d, e >= 0 what queues add,
 *     there = remoteAt - sentAt     = O + b + d
 *     back  = receivedAt - remoteAt = -O + b + e
 * so the line must run under every `there` and over every `-back`, and the best one runs midway where the gap is widest
 * (the most likely line when queueing delay is exponential). For a given skew that line is known at once from the two
 * minima; over the skew the width is concave, so a golden-section search finds it. A prior (crystals are within some
 * 50 ppm of each other) keeps the skew at rest until the window is long enough to tell.
 * A path that is longer one way than the other moves the result by half the difference and can't be seen from here.
 */

/** Typical difference between two crystals; the prior's standard deviation. */
const PRIOR_SKEW = 50e-6;
/** No pair of working clocks is further apart. */
const MAX_SKEW = 500e-6;
/** Crystals wander with temperature: an exchange loosens by this much per microsecond of age. */
const WANDER = 0.2e-6;
/** Time stamps of 100 microseconds (AppleMIDI) and scheduling noise: nothing is known better (microseconds). */
const GRAIN = 50;
/** Below this many exchanges only the round trip bounds the error. */
const FEW = 8;
/**
 * Once there are this many exchanges, only the quickest of each slot is kept (microseconds): so the window is long, and
 * the skew well known, however often clocks are compared.
 */
const DENSE = 32;
const SLOT = 8_000_000;
const SEARCH_STEPS = 40;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

export class OffsetFit {
  readonly #capacity: number;
  readonly #time: Float64Array;
  readonly #there: Float64Array;
  readonly #back: Float64Array;
  #next = 0;
  #count = 0;
  #newest = 0;
  /** When the slot of the newest exchange began. */
  #slotAt = Number.NEGATIVE_INFINITY;
  /** Mean delay above the shortest, one way (microseconds). */
  #queueing = GRAIN;
  #shortest = 0;

  offset = 0;
  skew = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#time = new Float64Array(capacity);
    this.#there = new Float64Array(capacity);
    this.#back = new Float64Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  get newest(): number {
    return this.#newest;
  }

  /** Shortest round trip in the window (microseconds). */
  get shortest(): number {
    return this.#shortest;
  }

  /** The estimated offset at a local time. */
  at(time: number): number {
    return this.offset + this.skew * (time - this.#newest);
  }

  /** How far `at(time)` may be off, about 95 of 100 times, a lopsided path aside (microseconds). */
  uncertainty(time: number): number {
    if (this.#count === 0) return Number.POSITIVE_INFINITY;
    const ahead = Math.max(0, time - this.#newest);
    const half = this.#shortest / 2;
    if (this.#count < FEW) return half + GRAIN + 2 * PRIOR_SKEW * ahead;
    // Measured on simulated links (uniform and gamma jitter): the share of what lies in the queues that stays in the
    // result, and as much again for a skew that is not known yet.
    const span = this.#newest - this.#oldest();
    const share = this.#queueing / this.#count;
    const skew = Math.min(6 * share, PRIOR_SKEW * span);
    const drift = span > 0 ? (2 * skew) / span + WANDER : 2 * PRIOR_SKEW;
    return Math.min(half, 4.5 * share + skew) + GRAIN + drift * ahead;
  }

  clear(): void {
    this.#next = 0;
    this.#count = 0;
    this.offset = 0;
    this.skew = 0;
    this.#slotAt = Number.NEGATIVE_INFINITY;
  }

  add(time: number, there: number, back: number): void {
    if (this.#count >= DENSE && time - this.#slotAt < SLOT) {
      const last = (this.#next + this.#capacity - 1) % this.#capacity;
      if (there + back >= (this.#there[last] ?? 0) + (this.#back[last] ?? 0)) return;
      this.#next = last;
      this.#count--;
    } else this.#slotAt = time;
    this.#time[this.#next] = time;
    this.#there[this.#next] = there;
    this.#back[this.#next] = back;
    this.#next = (this.#next + 1) % this.#capacity;
    this.#count = Math.min(this.#count + 1, this.#capacity);
    this.#newest = time;
    this.#measureQueueing();
    this.#fit();
  }

  #measureQueueing(): void {
    let sum = 0;
    let shortest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#count; i++) {
      const trip = (this.#there[i] ?? 0) + (this.#back[i] ?? 0);
      sum += trip;
      if (trip < shortest) shortest = trip;
    }
    this.#shortest = shortest;
    this.#queueing = Math.max(GRAIN, (sum / this.#count - shortest) / 2);
  }

  /** Golden-section search of the most likely skew, then the offset that goes with it. */
  #fit(): void {
    let low = -MAX_SKEW;
    let high = MAX_SKEW;
    let left = high - GOLDEN * (high - low);
    let right = low + GOLDEN * (high - low);
    let atLeft = this.#likelihood(left);
    let atRight = this.#likelihood(right);
    for (let step = 0; step < SEARCH_STEPS; step++) {
      if (atLeft < atRight) {
        low = left;
        left = right;
        atLeft = atRight;
        right = low + GOLDEN * (high - low);
        atRight = this.#likelihood(right);
      } else {
        high = right;
        right = left;
        atRight = atLeft;
        left = high - GOLDEN * (high - low);
        atLeft = this.#likelihood(left);
      }
    }
    this.skew = (low + high) / 2;
    this.offset =
      (this.#tightest(this.#there, this.skew) - this.#tightest(this.#back, -this.skew)) / 2;
  }

  /** Logarithm, but for a constant, of how likely the exchanges and the skew are together. */
  #likelihood(skew: number): number {
    const width = this.#tightest(this.#there, skew) + this.#tightest(this.#back, -skew);
    return (width * this.#count) / this.#queueing - 0.5 * (skew / PRIOR_SKEW) ** 2;
  }

  /** The smallest delay one way, seen from the newest exchange, at this skew. */
  #tightest(delays: Float64Array, skew: number): number {
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < this.#count; i++) {
      const age = this.#newest - (this.#time[i] ?? 0);
      const delay = (delays[i] ?? 0) + skew * age + WANDER * age;
      if (delay < least) least = delay;
    }
    return least;
  }

  #oldest(): number {
    return this.#time[this.#count < this.#capacity ? 0 : this.#next] ?? 0;
  }
}
