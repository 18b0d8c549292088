/**
 * Counts values by size in buckets that grow with the value: quantiles to about 3 %, in fixed memory.
 *
 * Takes  values of 0 to 2^31 (microseconds, by habit); smaller count as 0, larger as 2^31.
 * Gives  quantiles, count, sum, and how many values lie at or below a bound (for Prometheus).
 * Keeps  one table made at the start; `record` allocates nothing.
 */
const PER_OCTAVE = 32;
const OCTAVE_BITS = 5;
const LARGEST = 0x7fff_ffff;
/** 32 exact values, then 26 octaves of 32 buckets. */
const BUCKETS = PER_OCTAVE * (31 - OCTAVE_BITS + 1);

export class Histogram {
  readonly #buckets = new Float64Array(BUCKETS);
  count = 0;
  sum = 0;
  max = 0;

  record(value: number): void {
    const clipped = value > 0 ? Math.min(Math.round(value), LARGEST) : 0;
    const bucket = bucketOf(clipped);
    this.#buckets[bucket] = (this.#buckets[bucket] ?? 0) + 1;
    this.count++;
    this.sum += clipped;
    if (clipped > this.max) this.max = clipped;
  }

  /** The value below which the share `q` (0 to 1) of the values lies; 0 when there are none. */
  quantile(q: number): number {
    if (this.count === 0) return 0;
    const wanted = Math.min(Math.max(q, 0), 1) * this.count;
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const here = this.#buckets[bucket] ?? 0;
      if (here === 0) continue;
      if (seen + here >= wanted) {
        const low = lowestOf(bucket);
        const width = lowestOf(bucket + 1) - low;
        // Exact values have nothing to interpolate.
        const within = width > 1 ? ((wanted - seen) / here) * width : 0;
        return Math.min(low + within, this.max);
      }
      seen += here;
    }
    return this.max;
  }

  /** How many values are at most `bound`, to the width of a bucket. */
  countAtMost(bound: number): number {
    if (bound < 0) return 0;
    const last = bucketOf(Math.min(Math.floor(bound), LARGEST));
    let seen = 0;
    for (let bucket = 0; bucket <= last; bucket++) seen += this.#buckets[bucket] ?? 0;
    return seen;
  }

  clear(): void {
    this.#buckets.fill(0);
    this.count = 0;
    this.sum = 0;
    this.max = 0;
  }
}

function bucketOf(value: number): number {
  if (value < PER_OCTAVE) return value;
  const octave = 31 - Math.clz32(value) - OCTAVE_BITS;
  return PER_OCTAVE * octave + (value >>> octave);
}

function lowestOf(bucket: number): number {
  if (bucket < 2 * PER_OCTAVE) return bucket;
  const octave = Math.floor(bucket / PER_OCTAVE) - 1;
  return (bucket - PER_OCTAVE * octave) * 2 ** octave;
}
