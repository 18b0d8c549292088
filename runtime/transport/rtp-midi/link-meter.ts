/**
 * How a stream from a peer fares: loss, and how far its packets' ways differ in time. Windows of about ten seconds.
 *
 * Takes  each packet with its timestamp and arrival, each gap that was given up, each clock exchange's round trip.
 * Gives  LinkStats, and whether a packet came late by its own stream's measure.
 * Keeps  rings of fixed size. Counting allocates nothing; reading statistics does.
 */
import type { LinkStats } from '../../core/ensemble.ts';
import { fromMillis, type Instant, type Micros, micros } from '../../core/time.ts';

const SECOND = 1_000_000;
const SECONDS = 10;
const WAYS = 512;
/** A packet this much later than the quickest one of late is late. */
const LATE = fromMillis(50);
const TICK = 100;
const QUICKEST_WINDOW = 5 * SECOND;

export class LinkMeter {
  recovered = 0;
  /** Packets given up, in all. */
  lost = 0;
  readonly #received = new Uint32Array(SECONDS);
  readonly #lost = new Uint32Array(SECONDS);
  #second = 0;
  readonly #ways = new Float64Array(WAYS);
  readonly #times = new Float64Array(WAYS);
  #next = 0;
  /** The quickest way in this window and in the one before it. */
  #quickest = Number.POSITIVE_INFINITY;
  #quickestBefore = Number.POSITIVE_INFINITY;
  #windowEnds = 0;

  /** Notes a packet; true when it is not late. `timestamp` is its RTP timestamp. */
  note(timestamp: number, at: Instant): boolean {
    this.#turn(at);
    const second = this.#second % SECONDS;
    this.#received[second] = (this.#received[second] as number) + 1;
    // The way's length but for a constant: the two clocks' distance.
    const way = ((Math.floor(at / TICK) - timestamp) | 0) * TICK;
    this.#ways[this.#next % WAYS] = way;
    this.#times[this.#next % WAYS] = at;
    this.#next++;
    if (at >= this.#windowEnds) {
      this.#quickestBefore = this.#quickest;
      this.#quickest = way;
      this.#windowEnds = at + QUICKEST_WINDOW;
    } else {
      this.#quickest = Math.min(this.#quickest, way);
    }
    return way - Math.min(this.#quickest, this.#quickestBefore) <= LATE;
  }

  noteLost(packets: number, at: Instant): void {
    this.lost += packets;
    this.#turn(at);
    const second = this.#second % SECONDS;
    this.#lost[second] = (this.#lost[second] as number) + packets;
  }

  stats(rtt: Micros | undefined, now: Instant): LinkStats {
    this.#turn(now);
    const received = this.#received.reduce((sum, count) => sum + count, 0);
    const lost = this.#lost.reduce((sum, count) => sum + count, 0);
    return {
      rtt,
      jitter: this.#jitter(now),
      loss: lost === 0 ? 0 : lost / (lost + received),
      recovered: this.recovered,
    };
  }

  #jitter(now: Instant): Micros | undefined {
    const recent: number[] = [];
    for (let i = 0; i < Math.min(this.#next, WAYS); i++) {
      if ((this.#times[i] as number) >= now - SECONDS * SECOND)
        recent.push(this.#ways[i] as number);
    }
    if (recent.length < 2) return undefined;
    recent.sort((a, b) => a - b);
    const at = (share: number): number => recent[Math.floor(share * (recent.length - 1))] ?? 0;
    return micros(at(0.95) - at(0.05));
  }

  #turn(at: Instant): void {
    const second = Math.floor(at / SECOND);
    if (second <= this.#second) return;
    for (let i = Math.max(this.#second + 1, second - SECONDS + 1); i <= second; i++) {
      this.#received[i % SECONDS] = 0;
      this.#lost[i % SECONDS] = 0;
    }
    this.#second = second;
  }
}
