/**
 * Looks ahead with a box's prediction engine: what it expects of each player in this bar and the next.
 *
 * Takes  the engine's grid and beliefs; who plays.
 * Gives  SimForecast to `tell`: each slot when it comes into sight, two bars ahead, and once more in the beat before it.
 * Keeps  where it is in its round. It asks one slot of each player at a time, so that the engine's own questions find room,
 *        and at most two beats' slots in a beat; nothing at all while nobody looks.
 */

import { after, fromMillis, type Instant, type Micros, toMillis } from '../../runtime/core/time.ts';
import type { Alarm, Clock } from '../../runtime/ports/clock.ts';
import type { PredictionEngine } from '../../runtime/prediction/engine.ts';
import { SLOTS_PER_BEAT } from '../../runtime/prediction/grid/beat-grid.ts';
import type { ExpectedNotes } from '../../runtime/prediction/predictor/part-predictor.ts';
import type { SimBars, SimExpectedNote, SimForecast } from './prediction-protocol.ts';

export interface ForecastDeps {
  readonly clock: Clock;
  readonly engine: Pick<PredictionEngine, 'grid' | 'expect'>;
  /** Ids of the players who may be heard. */
  readonly players: () => readonly string[];
  readonly tell: (forecast: SimForecast) => void;
}

export interface ForecastInit {
  /** The instant that is 0 on the simulator's timeline. */
  readonly origin: Instant;
}

/** From one slot to the next. */
const STEP: Micros = fromMillis(16);
const BARS_AHEAD = 2;
/** Less likely notes are not shown. */
const LEAST_LIKELY = 0.1;
const MAX_NOTES = 16;
/** A bar line that moved by less has not moved, for the eye. */
const LINE_MOVES_MS = 2;

export class Forecast implements Disposable {
  readonly #deps: ForecastDeps;
  readonly #origin: Instant;
  readonly #alarm: Alarm;
  readonly #answers = new Map<string, (slot: number, expected: ExpectedNotes) => void>();
  /** Slots that are to be asked, in order; from `#next` on. */
  #round: number[] = [];
  #next = 0;
  #beat = Number.NaN;
  #epoch = -1;
  /** The first beat that has not come into sight yet. */
  #unseen = 0;
  #bars: SimBars | null = null;
  #looking = false;

  constructor(deps: ForecastDeps, init: ForecastInit) {
    this.#deps = deps;
    this.#origin = init.origin;
    this.#alarm = deps.clock.alarm(() => this.#step());
  }

  /** True begins anew, so that whoever looks only now sees everything. */
  look(on: boolean): void {
    this.#looking = on;
    this.#forget();
    if (on) this.#step();
    else {
      this.#alarm.clear();
      this.#answers.clear();
    }
  }

  [Symbol.dispose](): void {
    this.#looking = false;
    this.#alarm[Symbol.dispose]();
  }

  #forget(): void {
    this.#round = [];
    this.#next = 0;
    this.#beat = Number.NaN;
    this.#epoch = -1;
    this.#bars = null;
  }

  #step(): void {
    const { clock, engine, players, tell } = this.#deps;
    const now = clock.now();
    this.#alarm.set(after(now, STEP));
    const { grid } = engine;
    if (grid.confidence <= 0) {
      if (this.#bars || this.#epoch < 0) tell({ bars: null, slots: [] });
      this.#forget();
      this.#epoch = 0;
      return;
    }
    const beat = Math.floor(grid.beatAt(now));
    if (beat !== this.#beat || grid.epoch !== this.#epoch) this.#begin(beat);
    const slot = this.#round[this.#next];
    if (slot === undefined) return;
    this.#next++;
    for (const player of players()) engine.expect(player, slot, this.#answerOf(player));
  }

  /** Another beat has begun. */
  #begin(beat: number): void {
    const { grid } = this.#deps.engine;
    // What was too much for the beat before is asked in this one.
    let left = this.#round.slice(this.#next).filter((slot) => slot >= (beat + 2) * SLOTS_PER_BEAT);
    if (grid.epoch !== this.#epoch || !(beat > this.#beat && beat < this.#unseen)) {
      this.#unseen = beat + 2; // begins anew
      left = [];
    }
    this.#beat = beat;
    this.#epoch = grid.epoch;
    this.#tellBars(beat);
    this.#round = [...slotsOf(beat + 1), ...left];
    this.#next = 0;
    const end = beat + BARS_AHEAD * grid.beatsPerBar(beat);
    for (; this.#unseen < end; this.#unseen++) this.#round.push(...slotsOf(this.#unseen));
  }

  #tellBars(beat: number): void {
    const { grid } = this.#deps.engine;
    const line = grid.barLine(beat);
    const beats = grid.beatsPerBar(beat);
    const next = line + beats;
    const last = next + grid.beatsPerBar(next);
    const bars: SimBars = {
      epoch: grid.epoch,
      lines: [this.#timeOf(line), this.#timeOf(next), this.#timeOf(last)],
      beats,
      confidence: grid.confidence,
    };
    if (this.#bars && sameBars(this.#bars, bars)) return;
    this.#bars = bars;
    this.#deps.tell({ bars, slots: [] });
  }

  #answerOf(participant: string): (slot: number, expected: ExpectedNotes) => void {
    let answer = this.#answers.get(participant);
    if (!answer) {
      answer = (slot, expected) => {
        if (!this.#looking) return; // it took its time
        const notes = this.#shown(expected);
        this.#deps.tell({ bars: this.#bars, slots: [{ participant, slot, notes }] });
      };
      this.#answers.set(participant, answer);
    }
    return answer;
  }

  #shown(expected: ExpectedNotes): readonly SimExpectedNote[] {
    const notes: SimExpectedNote[] = [];
    for (let i = 0; i < expected.count; i++) {
      const likely = expected.likely[i] ?? 0;
      if (likely < LEAST_LIKELY) continue;
      notes.push({
        channel: expected.channel[i] ?? 0,
        key: expected.key[i] ?? 0,
        at: this.#sim(expected.at[i] ?? 0),
        length: toMillis((expected.length[i] ?? 0) as Micros),
        likely: Math.round(likely * 100) / 100,
      });
    }
    return notes.sort((a, b) => b.likely - a.likely).slice(0, MAX_NOTES);
  }

  #timeOf(beat: number): number {
    return this.#sim(this.#deps.engine.grid.timeOf(beat));
  }

  #sim(at: number): number {
    return (at - this.#origin) / 1_000;
  }
}

function slotsOf(beat: number): number[] {
  return Array.from({ length: SLOTS_PER_BEAT }, (_, place) => beat * SLOTS_PER_BEAT + place);
}

function sameBars(a: SimBars, b: SimBars): boolean {
  return (
    a.epoch === b.epoch &&
    a.beats === b.beats &&
    Math.abs(a.confidence - b.confidence) < 0.05 &&
    a.lines.every((line, i) => Math.abs(line - (b.lines[i] ?? 0)) < LINE_MOVES_MS)
  );
}
