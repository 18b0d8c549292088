/**
 * Offset and skew between two clocks from the quickest exchanges of a window.
 *
 * Takes  exchanges: when (local), how far the remote clock seemed ahead on the way there, and how far behind on the way back.
 * Gives  the line `offset + skew * (time - newest)`, how far it may be off, and how far at the very most.
 * Keeps  exchanges (exchange-window.ts); allocates nothing after it was made.
 *
 * A minimum-RTT filter, taken one way at a time. Delay only ever adds: with O the offset (remote less local), b the
 * shortest way and d, e >= 0 what queues add,
 *     there = remoteAt - sentAt     = O + b + d
 *     back  = receivedAt - remoteAt = -O + b + e
 * so the line must run under every `there` and over every `-back`, and the best one runs midway where the gap is widest
 * (the most likely line when queueing delay is exponential). For a given skew that line is known at once from the two
 * minima; over the skew the width is concave, so a golden-section search finds it. A prior (crystals are within some
 * 50 ppm of each other) keeps the skew at rest until the window is long enough to tell.
 *
 * A path that is longer one way than the other moves the result by half the difference and can't be seen from here; nor can
 * it be more than half of what lies between the two bounds. When the route changes, what the former one told stays true:
 * the bounds of the narrower one hold the offset where it is, each route tells of the skew by itself, and only as the former
 * one's exchanges age does the line give way to what the present one shows.
 */
import { ExchangeWindow, loosened, ROUTES } from './exchange-window.ts';

/** Typical difference between two crystals; the prior's standard deviation. */
const PRIOR_SKEW = 50e-6;
/** No pair of working clocks is further apart. */
const MAX_SKEW = 500e-6;
/** Crystals wander with temperature: how much faster the error grows in spite of a skew that is known. */
const WANDER = 0.2e-6;
/** Time stamps of 100 microseconds (AppleMIDI) and scheduling noise: nothing is known better (microseconds). */
const GRAIN = 50;
/** Below this many exchanges only the round trip bounds the error. */
const FEW = 8;
const SEARCH_STEPS = 40;
const GOLDEN = (Math.sqrt(5) - 1) / 2;

export class OffsetFit {
  readonly #window: ExchangeWindow;
  /** Of each route, at the skew that was looked at last: the smallest delay one way and the other. */
  readonly #there = new Float64Array(ROUTES);
  readonly #back = new Float64Array(ROUTES);
  /** The same less and plus the offset: how long each takes at the shortest, were the offset right. */
  readonly #shortestThere = new Float64Array(ROUTES).fill(Number.POSITIVE_INFINITY);
  readonly #shortestBack = new Float64Array(ROUTES).fill(Number.POSITIVE_INFINITY);
  /** Between the bounds, at the newest exchange; and those of the narrowest route. */
  #gap = 0;
  #narrowest = 0;

  offset = 0;
  skew = 0;

  constructor(capacity: number) {
    this.#window = new ExchangeWindow(capacity);
  }

  get count(): number {
    return this.#window.count;
  }

  get newest(): number {
    return this.#window.newest;
  }

  /** How often the way was seen to become another. */
  get routeChanges(): number {
    return this.#window.routeChanges;
  }

  /** The estimated offset at a local time. */
  at(time: number): number {
    return this.offset + this.skew * (time - this.newest);
  }

  /** How far `at(time)` may be off, about 95 of 100 times, a lopsided path aside (microseconds). */
  uncertainty(time: number): number {
    if (this.count === 0) return Number.POSITIVE_INFINITY;
    const { count, queueing, newest } = this.#window.route(this.#narrowest);
    const ahead = Math.max(0, time - this.newest);
    const half = this.#gap / 2;
    if (count < FEW) return half + GRAIN + 2 * PRIOR_SKEW * ahead;
    // Measured on simulated links (uniform and gamma jitter): the share of what lies in the queues that stays in the
    // result, and as much again for a skew that is not known yet.
    const share = Math.max(GRAIN, queueing) / count;
    const drift = this.#drift();
    const age = this.newest - newest;
    const within = 4.5 * share + this.#skewShare(this.#narrowest) + loosened(age);
    return Math.min(half, within) + GRAIN + drift * (age + ahead);
  }

  /** How far `at(time)` can be off, however lopsided the path is (microseconds). */
  bound(time: number): number {
    if (this.count === 0) return Number.POSITIVE_INFINITY;
    return (
      this.#gap / 2 + 2 * this.uncertainty(time) + 2 * PRIOR_SKEW * Math.max(0, time - this.newest)
    );
  }

  clear(): void {
    this.#window.clear();
    this.offset = 0;
    this.skew = 0;
  }

  add(time: number, there: number, back: number): void {
    const line = this.at(time);
    const turned = this.#window.watchRoute(
      time,
      there - line,
      back + line,
      this.#shortestThere,
      this.#shortestBack,
    );
    if (this.#window.add(time, there, back) || turned) this.#fit();
  }

  /** How much of a result a route leaves open since it does not know the skew (microseconds). */
  #skewShare(which: number): number {
    const { count, queueing, newest, oldest } = this.#window.route(which);
    return Math.min((6 * Math.max(GRAIN, queueing)) / count, PRIOR_SKEW * (newest - oldest));
  }

  /** How fast the error may grow, by the route that knows the skew best. */
  #drift(): number {
    let least = 2 * PRIOR_SKEW;
    for (let route = 0; route < ROUTES; route++) {
      const { count, newest, oldest } = this.#window.route(route);
      if (count < FEW || newest === oldest) continue;
      least = Math.min(least, (2 * this.#skewShare(route)) / (newest - oldest) + WANDER);
    }
    return least;
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
    this.#window.tightest(this.skew, this.#there, this.#back);
    let there = Number.POSITIVE_INFINITY;
    let back = Number.POSITIVE_INFINITY;
    let least = Number.POSITIVE_INFINITY;
    for (let route = 0; route < ROUTES; route++) {
      const ahead = this.#there[route] ?? 0;
      const behind = this.#back[route] ?? 0;
      there = Math.min(there, ahead);
      back = Math.min(back, behind);
      if (ahead + behind >= least) continue;
      least = ahead + behind;
      this.#narrowest = route;
    }
    this.offset = (there - back) / 2;
    this.#gap = Math.max(0, there + back);
    for (let route = 0; route < ROUTES; route++) {
      this.#shortestThere[route] = (this.#there[route] ?? 0) - this.offset;
      this.#shortestBack[route] = (this.#back[route] ?? 0) + this.offset;
    }
  }

  /** Logarithm, but for a constant, of how likely the exchanges and the skew are together. */
  #likelihood(skew: number): number {
    this.#window.tightest(skew, this.#there, this.#back);
    let sum = -0.5 * (skew / PRIOR_SKEW) ** 2;
    for (let route = 0; route < ROUTES; route++) {
      const { count, queueing } = this.#window.route(route);
      if (count === 0) continue;
      const width = (this.#there[route] ?? 0) + (this.#back[route] ?? 0);
      sum += (width * count) / Math.max(GRAIN, queueing);
    }
    return sum;
  }
}
