/**
 * What the local listener hears of the remote players: an arrivals file through the engine that a box runs.
 *
 * Takes  the lines of an arrivals file, in order; the mode; who predicts.
 * Gives  the lines of a heard file, in order, as early as they are certain.
 * Keeps  the engine, on a virtual clock, and what is decided but not heard yet. Deterministic; faster than real time.
 *
 * What is heard before a time T depends only on lines with arrival up to T: whatever the engine decides is due then or
 * later, and the clock is turned to an arrival before that is told. Models are awaited, and their answers count 3 ms after
 * they were asked, which is what a box takes at most. Notes without a note-off at the end of the file are released a minute
 * later, for an end that comes early must not be audible in what was heard before it.
 */
import type { JamMode } from '../runtime/core/ensemble.ts';
import { encodeMessage } from '../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../runtime/core/midi-message.ts';
import type { EventCause } from '../runtime/core/scheduled-event.ts';
import { fromMillis, type Instant, instant, type Micros } from '../runtime/core/time.ts';
import type { Clock } from '../runtime/ports/clock.ts';
import { openPredictionEngine, type PredictionEngine } from '../runtime/prediction/engine.ts';
import { ClickGrid } from '../runtime/prediction/grid/click-grid.ts';
import {
  type InferenceLane,
  openInferenceLane,
} from '../runtime/prediction/predictor/inference-lane.ts';
import type { PartPredictors } from '../runtime/prediction/predictor/part-predictors.ts';
import { openStatisticalPredictors } from '../runtime/prediction/predictor/statistical-predictors.ts';
import { VirtualClock } from '../sim/virtual-clock.ts';
import { BadLine, parseArrivalLine } from './arrivals.ts';

/** Thrown for a line that can't be used; `line` counts from 1. */
export class BadArrivals extends Error {
  override readonly name = 'BadArrivals';
  readonly line: number;

  constructor(line: number, what: string) {
    super(`line ${line}: ${what}`);
    this.line = line;
  }
}

export interface RenderOptions {
  readonly mode?: JamMode;
  /** Who predicts, on the clock and lane of this rendering. Default: statistics, without trained models. */
  readonly predictors?: (deps: PredictorDeps) => PartPredictors;
}

export interface PredictorDeps {
  readonly clock: Clock;
  readonly lane: InferenceLane;
}

interface Heard {
  /** Microseconds, whole. */
  readonly due: number;
  readonly order: number;
  readonly text: string;
}

const RELEASE_AFTER = 60e6;
/** The virtual clock starts before any time a file may name. */
const CLOCK_START = -2e13;
/** From being asked until an answer counts. */
const ALLOWANCE: Micros = fromMillis(3);

export async function* renderArrivals(
  lines: Iterable<string> | AsyncIterable<string>,
  options: RenderOptions = {},
): AsyncGenerator<string> {
  const renderer = new ArrivalsRenderer(options);
  for await (const line of lines) yield* await renderer.push(line);
  yield* await renderer.end();
}

export class ArrivalsRenderer {
  readonly #clock = new VirtualClock(instant(CLOCK_START));
  readonly #click = new ClickGrid();
  readonly #lane: InferenceLane;
  readonly #engine: PredictionEngine;
  /** Ordered by due, then by decision; certain up to the last arrival. */
  #pending: Heard[] = [];
  #decided = 0;
  #line = 0;
  #headed = false;
  #arrival = Number.NEGATIVE_INFINITY;
  #arrivalLine = 0;
  #last = 0;

  constructor(options: RenderOptions = {}) {
    const { mode = 'auto', predictors = openStatisticalPredictors } = options;
    this.#lane = openInferenceLane({ clock: this.#clock }, { allowance: ALLOWANCE });
    this.#engine = openPredictionEngine({
      clock: this.#clock,
      click: this.#click,
      predictors: predictors({ clock: this.#clock, lane: this.#lane }),
      play: (message, due, source, cause) => this.#hear(message, due, source, cause),
      release: () => {},
    });
    this.#engine.setMode(mode);
  }

  /** Gives the lines that this one makes certain. One at a time. */
  async push(text: string): Promise<readonly string[]> {
    this.#line++;
    const trimmed = (this.#line === 1 ? text.replace(/^\ufeff/, '') : text).trim();
    if (trimmed === '') return [];
    const line = this.#parse(trimmed);
    if (line.type === 'header') {
      if (this.#headed) throw this.#bad('a second header');
      this.#headed = true;
      const { click, roles } = line;
      if (click) this.#click.setClick(click.origin * 1e6, click.bpm, click.beatsPerBar);
      for (const [peer, role] of roles) this.#engine.setRole(peer, role);
      return [];
    }
    if (!this.#headed) throw this.#bad('the first line must be the header');
    if (line.arrival < this.#arrival) {
      throw this.#bad(
        `"arrival" ${line.arrival} is before ${this.#arrival} of line ${this.#arrivalLine}; lines must be ordered by arrival`,
      );
    }
    const arrivedAt = line.arrival * 1e6;
    await this.#turnTo(arrivedAt);
    this.#arrival = line.arrival;
    this.#arrivalLine = this.#line;
    const certain = this.#takeBefore(Math.floor(arrivedAt));
    if (line.type === 'midi') {
      const { peer, message, time, recovered } = line;
      this.#engine.receive(peer, message, instant(time * 1e6), instant(arrivedAt), recovered);
    } else this.#click.setTempo(line.time * 1e6, line.bpm, line.beat);
    return certain;
  }

  async end(): Promise<readonly string[]> {
    if (!this.#headed) throw new BadArrivals(Math.max(1, this.#line), 'the header is missing');
    await this.#turnTo(Math.max(this.#last, this.#clock.now()) + RELEASE_AFTER);
    this.#engine.panic();
    return this.#takeBefore(Number.POSITIVE_INFINITY);
  }

  /** Stops wherever a model is asked, so that its answer is here by the time at which it counts. */
  async #turnTo(time: number): Promise<void> {
    const clock = this.#clock;
    for (;;) {
      const next = clock.nextDue;
      if (next === undefined || next > time) break;
      clock.advanceTo(next);
      if (this.#lane.underWay > 0) await this.#lane.settled();
    }
    clock.advanceTo(time as Instant);
  }

  #parse(text: string): ReturnType<typeof parseArrivalLine> {
    try {
      return parseArrivalLine(text);
    } catch (failure) {
      if (failure instanceof BadLine) throw this.#bad(failure.message);
      throw failure;
    }
  }

  #bad(what: string): BadArrivals {
    return new BadArrivals(this.#line, what);
  }

  #hear(message: MidiMessage, wanted: Instant, peer: string, cause: EventCause): void {
    // Whole microseconds, never before the arrival that caused it, nor before the session began.
    let due = Math.max(0, Math.ceil(Math.max(wanted, this.#clock.now()) - 1e-3));
    if (due / 1e6 < this.#arrival) due++;
    this.#last = Math.max(this.#last, due);
    const heard = cause === 'predicted' || cause === 'corrected' ? cause : 'received';
    const bytes = toHex(encodeMessage(message));
    const text = JSON.stringify({ peer, time: due / 1e6, bytes, cause: heard });
    const entry = { due, order: this.#decided++, text };
    const at = this.#firstAfter(due);
    this.#pending.splice(at, 0, entry);
  }

  #takeBefore(due: number): readonly string[] {
    let count = 0;
    while (count < this.#pending.length && (this.#pending[count]?.due ?? 0) < due) count++;
    return count === 0 ? [] : this.#pending.splice(0, count).map(({ text }) => text);
  }

  #firstAfter(due: number): number {
    let low = 0;
    for (let high = this.#pending.length; low < high; ) {
      const middle = (low + high) >> 1;
      if ((this.#pending[middle]?.due ?? 0) <= due) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function toHex(bytes: Uint8Array): string {
  let hex = '';
  for (const octet of bytes) hex += octet.toString(16).padStart(2, '0');
  return hex;
}
