/**
 * A clock mapping that is corrected without ever stepping: piecewise linear, rising, invertible.
 *
 * Takes  a straight line to approach (`steer`) or to start anew from (`jump`).
 * Gives  y for x and x for y. Between two jumps the mapping only rises, and what was said about a time that has passed
 *        stays said: a correction starts at the present and is slewed away.
 * Keeps  the last eight bends. Allocates nothing after it was made.
 */

const BENDS = 8;
/** Microseconds. */
const SLEW_TIME = 2_000_000;
/** Slowest slew, so that a small correction is over soon: half a millisecond per second. */
const MIN_SLEW = 0.000_5;
/** Fastest slew: a twentieth; the mapping rises by far. */
const MAX_SLEW = 0.05;

export class SteeredLine {
  readonly #x = new Float64Array(BENDS);
  readonly #y = new Float64Array(BENDS);
  readonly #slope = new Float64Array(BENDS).fill(1);
  #count = 1;

  /** From `x` on (and before it), the line through (x, y). */
  jump(x: number, y: number, slope: number): void {
    this.#x[0] = x;
    this.#y[0] = y;
    this.#slope[0] = slope;
    this.#count = 1;
  }

  /**
   * From `x` on, approaches the line through (x, y) with `slope`; what lies before `x` stays. The correction is worked off
   * within `slewTime` (microseconds), unless that needs more than the highest rate.
   */
  steer(x: number, y: number, slope: number, slewTime: number = SLEW_TIME): void {
    const here = this.forward(x);
    while (this.#count > 1 && this.#at(this.#x, this.#count - 1) >= x) this.#count--;
    const behind = y - here;
    const rate = Math.min(MAX_SLEW, Math.max(MIN_SLEW, Math.abs(behind) / slewTime));
    const time = Math.abs(behind) / rate;
    if (time < 1) {
      this.#bend(x, here, slope);
      return;
    }
    this.#bend(x, here, slope + behind / time);
    this.#bend(x + time, y + slope * time, slope);
  }

  forward(x: number): number {
    let i = this.#count - 1;
    while (i > 0 && x < this.#at(this.#x, i)) i--;
    return this.#at(this.#y, i) + (x - this.#at(this.#x, i)) * this.#at(this.#slope, i);
  }

  inverse(y: number): number {
    let i = this.#count - 1;
    while (i > 0 && y < this.#at(this.#y, i)) i--;
    return this.#at(this.#x, i) + (y - this.#at(this.#y, i)) / this.#at(this.#slope, i);
  }

  #bend(x: number, y: number, slope: number): void {
    if (this.#count === BENDS) {
      this.#x.copyWithin(0, 1);
      this.#y.copyWithin(0, 1);
      this.#slope.copyWithin(0, 1);
      this.#count--;
    }
    this.#x[this.#count] = x;
    this.#y[this.#count] = y;
    this.#slope[this.#count] = slope;
    this.#count++;
  }

  #at(values: Float64Array, index: number): number {
    return values[index] ?? 0;
  }
}
