/**
 * Running means of a part by class of note and place in the bar: how much a place is used, how early or late, how loud,
 * how long.
 *
 * Places are slots from the bar line; bars are counted by the caller, and old ones fade by themselves.
 */

/** Places kept in a bar: 16 quarter notes. Further ones fold back. */
const MAX_BAR_SLOTS = 128;

const USE_DECAY = 0.7;
/** A mean moves at least this much with each event, so that it follows. */
const SLOWEST = 0.2;

export class BarTables {
  readonly #use: Float32Array;
  readonly #usedAt: Float32Array;
  readonly #events: Uint8Array;
  readonly #residual: Float32Array;
  readonly #velocity: Float32Array;
  readonly #length: Float32Array;

  constructor(classes: number) {
    const size = classes * MAX_BAR_SLOTS;
    this.#use = new Float32Array(size);
    this.#usedAt = new Float32Array(size);
    this.#events = new Uint8Array(size);
    this.#residual = new Float32Array(size);
    this.#velocity = new Float32Array(size);
    this.#length = new Float32Array(size);
  }

  /** How much the class uses this place: 1 in the bar where it was hit, 0.7 a bar later; 3.3 when hit in every bar. */
  use(noteClass: number, place: number, bar: number): number {
    const i = index(noteClass, place);
    return (this.#use[i] as number) * fade(bar - (this.#usedAt[i] as number));
  }

  /** Events so far; 255 means that many or more. */
  events(noteClass: number, place: number): number {
    return this.#events[index(noteClass, place)] as number;
  }

  /** Microseconds; 0 when there was no event. */
  residual(noteClass: number, place: number): number {
    return this.#residual[index(noteClass, place)] as number;
  }

  velocity(noteClass: number, place: number): number {
    return this.#velocity[index(noteClass, place)] as number;
  }

  /** Microseconds; 0 when none has ended yet. */
  length(noteClass: number, place: number): number {
    return this.#length[index(noteClass, place)] as number;
  }

  add(noteClass: number, place: number, bar: number, residual: number, velocity: number): void {
    const i = index(noteClass, place);
    const since = bar - (this.#usedAt[i] as number);
    // An event that comes late counts in its own bar.
    if (since >= 0) {
      this.#use[i] = (this.#use[i] as number) * fade(since) + 1;
      this.#usedAt[i] = bar;
    } else {
      this.#use[i] = (this.#use[i] as number) + fade(-since);
    }
    const events = this.#events[i] as number;
    if (events < 255) this.#events[i] = events + 1;
    const step = Math.max(SLOWEST, 1 / (events + 1));
    this.#residual[i] =
      (this.#residual[i] as number) + (residual - (this.#residual[i] as number)) * step;
    this.#velocity[i] =
      (this.#velocity[i] as number) + (velocity - (this.#velocity[i] as number)) * step;
  }

  addLength(noteClass: number, place: number, length: number): void {
    const i = index(noteClass, place);
    const mean = this.#length[i] as number;
    this.#length[i] = mean === 0 ? length : mean + (length - mean) * SLOWEST * 1.5;
  }

  clear(): void {
    this.#use.fill(0);
    this.#usedAt.fill(0);
    this.#events.fill(0);
    this.#residual.fill(0);
    this.#velocity.fill(0);
    this.#length.fill(0);
  }
}

function index(noteClass: number, place: number): number {
  return noteClass * MAX_BAR_SLOTS + (place & (MAX_BAR_SLOTS - 1));
}

/** By table: whole bars, as all are but after a change of metre. */
const FADES: Float32Array = Float32Array.from({ length: 32 }, (_, bars) => USE_DECAY ** bars);

function fade(bars: number): number {
  const whole = Math.round(Math.abs(bars));
  return whole < 32 ? (FADES[whole] as number) : 0;
}
