/**
 * The last delays of a stream, and their quantiles.
 *
 * Takes  one delay after the other (microseconds; negative when a lopsided path fools the clock).
 * Gives  any quantile of all of them, or of the most recent ones.
 * Keeps  the same values twice, by age and by size, in arrays of fixed size. Allocates nothing after it was made.
 */
export class DelayWindow {
  readonly #capacity: number;
  readonly #byAge: Float64Array;
  readonly #bySize: Float64Array;
  readonly #scratch: Float64Array;
  #next = 0;
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#byAge = new Float64Array(capacity);
    this.#bySize = new Float64Array(capacity);
    this.#scratch = new Float64Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  add(delay: number): void {
    if (this.#count === this.#capacity) this.#remove(this.#byAge[this.#next] ?? 0);
    this.#byAge[this.#next] = delay;
    this.#next = (this.#next + 1) % this.#capacity;
    insert(this.#bySize, this.#count, delay);
    this.#count++;
  }

  /** Forgets all but the `kept` most recent. */
  keepRecent(kept: number): void {
    const count = Math.min(kept, this.#count);
    for (let i = 0; i < count; i++) this.#scratch[i] = this.#recent(i);
    this.#count = 0;
    this.#next = 0;
    for (let i = count - 1; i >= 0; i--) this.add(this.#scratch[i] ?? 0);
  }

  quantile(q: number): number {
    return interpolate(this.#bySize, this.#count, q);
  }

  /** Quantile of the `among` most recent. */
  recentQuantile(q: number, among: number): number {
    const count = Math.min(among, this.#count);
    for (let i = 0; i < count; i++) insert(this.#scratch, i, this.#recent(i));
    return interpolate(this.#scratch, count, q);
  }

  /** The delay that was added `back` additions ago. */
  #recent(back: number): number {
    return this.#byAge[(this.#next - 1 - back + 2 * this.#capacity) % this.#capacity] ?? 0;
  }

  #remove(delay: number): void {
    const at = firstNotBelow(this.#bySize, this.#count, delay);
    this.#bySize.copyWithin(at, at + 1, this.#count);
    this.#count--;
  }
}

function insert(sorted: Float64Array, count: number, value: number): void {
  const at = firstNotBelow(sorted, count, value);
  sorted.copyWithin(at + 1, at, count);
  sorted[at] = value;
}

function firstNotBelow(sorted: Float64Array, count: number, value: number): number {
  let low = 0;
  for (let high = count; low < high; ) {
    const middle = (low + high) >> 1;
    if ((sorted[middle] ?? 0) < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function interpolate(sorted: Float64Array, count: number, q: number): number {
  if (count === 0) return 0;
  const at = q * (count - 1);
  const below = Math.floor(at);
  const low = sorted[below] ?? 0;
  const high = sorted[Math.min(below + 1, count - 1)] ?? low;
  return low + (high - low) * (at - below);
}
