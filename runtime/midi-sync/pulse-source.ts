/**
 * What a clock generator renders: numbered pulses in time, and what the transport did between them.
 *
 * Pulses (timing clocks) are numbered from anywhere and without gaps, heard or not. A position is a count of clocks since
 * the beginning of the song (MIDI 1.0 Detailed Specification 4.2, song position): pulse `base` plays position 0.
 */

/** The transport as it is from one pulse on: whole, so that of several unread ones only the last matters. */
export interface TransportChange {
  /** When it happened at the source. */
  at: number;
  /** The first pulse after it. */
  pulse: number;
  running: boolean;
  /** Of that pulse; while stopped, of the one that would come next. */
  position: number;
  /** Begun from the top with Start, not with Continue. */
  start: boolean;
}

export interface PulseSource {
  /** Microseconds between pulses; 0 while unknown. */
  readonly period: number;
  /** The period is known well enough to foretell pulses. */
  readonly steady: boolean;
  /** The first pulse of its present run. */
  readonly begun: number;
  /** Pulses below this one may be given: those heard, and those that can be foretold. */
  readonly horizon: number;
  /** When it counts as silent unless another pulse is heard (microseconds). */
  readonly silentAt: number;
  /** How long before it falls a pulse that is foretold may be given: it can't be taken back then (microseconds). */
  readonly foretold: number;
  readonly running: boolean;
  /** The next pulse that is not heard yet, and its position. */
  readonly heard: number;
  readonly position: number;
  readonly changes: TransportChanges;
  timeOf(pulse: number): number;
  /** With a fraction. */
  pulseAt(time: number): number;
}

const CAPACITY = 16;

/** The changes not yet rendered, oldest first. When it is full the oldest is dropped: each is whole by itself. */
export class TransportChanges {
  readonly #changes: readonly TransportChange[] = Array.from({ length: CAPACITY }, () => ({
    at: 0,
    pulse: 0,
    running: false,
    position: 0,
    start: false,
  }));
  #first = 0;
  #count = 0;

  push(at: number, pulse: number, running: boolean, position: number, start: boolean): void {
    if (this.#count === CAPACITY) this.shift();
    const change = this.#at(this.#count++);
    if (!change) return;
    change.at = at;
    change.pulse = pulse;
    change.running = running;
    change.position = position;
    change.start = start;
  }

  /** Valid until the next `push`. */
  peek(): TransportChange | undefined {
    return this.#count > 0 ? this.#at(0) : undefined;
  }

  shift(): void {
    if (this.#count === 0) return;
    this.#first = (this.#first + 1) % CAPACITY;
    this.#count--;
  }

  /** Those with this pulse or a later one never come. */
  dropFrom(pulse: number): void {
    while (this.#count > 0 && (this.#at(this.#count - 1)?.pulse ?? pulse) >= pulse) this.#count--;
  }

  clear(): void {
    this.#count = 0;
  }

  #at(index: number): TransportChange | undefined {
    return this.#changes[(this.#first + index) % CAPACITY];
  }
}
