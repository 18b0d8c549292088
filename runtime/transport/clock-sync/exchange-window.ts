/**
 * The exchanges that an offset is fitted to, and by which route they went.
 *
 * Takes  exchanges in order of time.
 * Gives  of each route: how many there are, their queueing, and the smallest delay one way and the other at a given skew.
 * Keeps  the useful ones, in arrays of fixed size; allocates nothing after it was made.
 *
 * A route is told by its shortest way there and back: when one way took clearly longer several times in a row, or clearly
 * less once, the route is another. What changes is the way, not the clocks: what one route tells of the offset is true for
 * all, and each has a say in the skew by itself. An exchange is worth less as it ages, for crystals wander: the bound that
 * it sets loosens.
 */

/** Crystals wander with temperature: by this much per microsecond of age, and their skew itself (1 ppm in half an hour). */
const WANDER = 0.2e-6;
const TURNING = 1e-6 / 1.8e9;
/** Once there are this many exchanges, only the quickest of each slot is kept (microseconds): so the window is long, and
 * the skew well known, however often clocks are compared. */
const DENSE = 32;
const SLOT = 8_000_000;
/** Routes that are remembered. */
export const ROUTES = 6;
/**
 * One way is clearly longer when so many exchanges in a row take longer by that much (microseconds, mean queueings) than
 * the shortest so far; clearly shorter when one takes less, once there are enough to tell.
 */
const IN_A_ROW = 8;
const CLEARLY = 2_000;
const LONGER_QUEUEING = 6;
const SHORTER_QUEUEING = 2;

/** What a bound is worth less after that time (microseconds). */
export function loosened(age: number): number {
  return (WANDER + 0.5 * TURNING * age) * age;
}

interface RouteFacts {
  count: number;
  /** Shortest round trip, and mean delay one way above half of it (microseconds). */
  shortest: number;
  queueing: number;
  newest: number;
  oldest: number;
}

export class ExchangeWindow {
  readonly #capacity: number;
  /** Oldest first. */
  readonly #time: Float64Array;
  readonly #there: Float64Array;
  readonly #back: Float64Array;
  readonly #route: Uint8Array;
  readonly #routes: readonly RouteFacts[] = Array.from({ length: ROUTES }, () => ({
    count: 0,
    shortest: 0,
    queueing: 0,
    newest: 0,
    oldest: 0,
  }));
  /** Exchanges since the route was taken. */
  #taken = 0;
  /** The route that is taken now. */
  present = 0;
  count = 0;
  newest = 0;
  routeChanges = 0;
  /** When the slot of the newest exchange began. */
  #slotAt = Number.NEGATIVE_INFINITY;
  /** Exchanges in a row that took clearly longer, there or back: since when, and how long at the shortest. */
  readonly #run = { length: 0, since: 0, isThere: false, there: 0, back: 0 };

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#time = new Float64Array(capacity);
    this.#there = new Float64Array(capacity);
    this.#back = new Float64Array(capacity);
    this.#route = new Uint8Array(capacity);
  }

  route(which: number): Readonly<RouteFacts> {
    const route = this.#routes[which];
    if (!route) throw new RangeError(`there are ${ROUTES} routes, no ${which}`);
    return route;
  }

  clear(): void {
    this.count = 0;
    this.present = 0;
    this.#taken = 0;
    this.#run.length = 0;
    this.#slotAt = Number.NEGATIVE_INFINITY;
    this.#measure();
  }

  /**
   * Before `add`: how long each way took, and takes at the shortest by each route, as far as the offset is known. True when
   * the route is another now.
   */
  watchRoute(
    time: number,
    there: number,
    back: number,
    shortestThere: Float64Array,
    shortestBack: Float64Array,
  ): boolean {
    if (++this.#taken <= IN_A_ROW) return false;
    const { queueing } = this.route(this.present);
    const longer = CLEARLY + LONGER_QUEUEING * queueing;
    const shorter = -CLEARLY - SHORTER_QUEUEING * queueing;
    const moreThere = there - (shortestThere[this.present] ?? 0);
    const moreBack = back - (shortestBack[this.present] ?? 0);
    if (moreThere < shorter || moreBack < shorter) {
      this.#turn(time, there, back, shortestThere, shortestBack);
      return true;
    }
    const run = this.#run;
    const isThere = moreThere > longer;
    if (!isThere && moreBack <= longer) {
      run.length = 0;
      return false;
    }
    if (run.length === 0 || run.isThere !== isThere) {
      run.length = 0;
      run.since = time;
      run.isThere = isThere;
      run.there = there;
      run.back = back;
    }
    run.length++;
    run.there = Math.min(run.there, there);
    run.back = Math.min(run.back, back);
    if (run.length < IN_A_ROW) return false;
    this.#turn(run.since, run.there, run.back, shortestThere, shortestBack);
    return true;
  }

  /** False when it tells nothing new. */
  add(time: number, there: number, back: number): boolean {
    const last = this.count - 1;
    const inSlot = this.count >= DENSE && time - this.#slotAt < SLOT;
    if (inSlot && this.#route[last] === this.present) {
      if (there + back >= (this.#there[last] ?? 0) + (this.#back[last] ?? 0)) return false;
      this.count--;
    } else {
      this.#slotAt = time;
      if (this.count === this.#capacity) this.#drop(this.#leastUseful());
    }
    this.#time[this.count] = time;
    this.#there[this.count] = there;
    this.#back[this.count] = back;
    this.#route[this.count] = this.present;
    this.count++;
    this.newest = time;
    this.#measure();
    return true;
  }

  /** The smallest delays of each route seen from the newest exchange, at this skew; infinite without one. */
  tightest(skew: number, there: Float64Array, back: Float64Array): void {
    there.fill(Number.POSITIVE_INFINITY);
    back.fill(Number.POSITIVE_INFINITY);
    for (let i = 0; i < this.count; i++) {
      const age = this.newest - (this.#time[i] ?? 0);
      const loose = loosened(age);
      const route = this.#route[i] ?? 0;
      const ahead = (this.#there[i] ?? 0) + skew * age + loose;
      const behind = (this.#back[i] ?? 0) - skew * age + loose;
      if (ahead < (there[route] ?? 0)) there[route] = ahead;
      if (behind < (back[route] ?? 0)) back[route] = behind;
    }
  }

  /** Another route since then: one that was taken before, if it is as long both ways. */
  #turn(
    since: number,
    there: number,
    back: number,
    shortestThere: Float64Array,
    shortestBack: Float64Array,
  ): void {
    let next = -1;
    for (let route = 0; route < ROUTES; route++) {
      const { count, queueing } = this.route(route);
      if (count === 0 || route === this.present) continue;
      const most = CLEARLY + SHORTER_QUEUEING * queueing;
      const like = Math.abs(there - (shortestThere[route] ?? 0)) <= most;
      if (like && Math.abs(back - (shortestBack[route] ?? 0)) <= most) next = route;
    }
    this.#run.length = 0;
    this.#taken = 0;
    this.routeChanges++;
    const isNew = next < 0;
    this.present = isNew ? this.#forgotten() : next;
    // Those that went by the route of that number long ago are forgotten; those that showed the change are its first.
    for (let i = this.count - 1; i >= 0; i--) {
      if ((this.#time[i] ?? 0) >= since) this.#route[i] = this.present;
      else if (isNew && this.#route[i] === this.present) this.#drop(i);
    }
    this.#measure();
  }

  /** The route that was taken longest ago, or never. */
  #forgotten(): number {
    let which = 0;
    let oldest = Number.POSITIVE_INFINITY;
    for (let route = 0; route < ROUTES; route++) {
      const { count, newest } = this.route(route);
      const at = count === 0 ? Number.NEGATIVE_INFINITY : newest;
      if (route === this.present || at >= oldest) continue;
      oldest = at;
      which = route;
    }
    return which;
  }

  /** Among the older half the one whose bounds are the loosest. */
  #leastUseful(): number {
    let which = 0;
    let most = Number.NEGATIVE_INFINITY;
    for (let i = 0; i < this.#capacity >> 1; i++) {
      const age = this.newest - (this.#time[i] ?? 0);
      const trip = (this.#there[i] ?? 0) + (this.#back[i] ?? 0) + 2 * loosened(age);
      if (trip < most) continue;
      most = trip;
      which = i;
    }
    return which;
  }

  #drop(which: number): void {
    this.#time.copyWithin(which, which + 1, this.count);
    this.#there.copyWithin(which, which + 1, this.count);
    this.#back.copyWithin(which, which + 1, this.count);
    this.#route.copyWithin(which, which + 1, this.count);
    this.count--;
  }

  #measure(): void {
    for (const route of this.#routes) {
      route.count = 0;
      route.queueing = 0;
      route.shortest = Number.POSITIVE_INFINITY;
    }
    for (let i = 0; i < this.count; i++) {
      const route = this.#routes[this.#route[i] ?? 0];
      if (!route) continue;
      const trip = (this.#there[i] ?? 0) + (this.#back[i] ?? 0);
      if (route.count++ === 0) route.oldest = this.#time[i] ?? 0;
      route.newest = this.#time[i] ?? 0;
      route.queueing += trip;
      if (trip < route.shortest) route.shortest = trip;
    }
    for (const route of this.#routes) {
      if (route.count > 0) {
        route.queueing = Math.max(0, (route.queueing / route.count - route.shortest) / 2);
      }
    }
  }
}
