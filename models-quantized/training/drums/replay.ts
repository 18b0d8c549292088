/**
 * A performance, played to a stream's history as a network would bring it, with the features of every slot on the way.
 *
 * Takes  a performance. Gives  one row for each slot from its first note to its last: what the box would have known when it
 * decides, and what was then played. Notes arrive late, some much later; what is labelled waits until its notes are here.
 */
import { instant } from '../../../runtime/core/time.ts';
import { NO_EVENT, StreamHistory } from '../../../runtime/prediction/history/stream-history.ts';
import {
  CLASS_FEATURES,
  CONTEXT,
  DrumFeatures,
} from '../../../runtime/prediction/predictor/drums/drum-features.ts';
import { DrumMemory } from '../../../runtime/prediction/predictor/drums/drum-memory.ts';
import { CLASSES } from '../../../runtime/prediction/predictor/drums/kit-classes.ts';
import { SeededRandom } from '../random.ts';
import { type DumpRow, FEATURES_A_ROW, SLOT_VALUES } from './dump-files.ts';
import type { DrumNote, Performance } from './performance.ts';

/** How long before its time a slot is decided (microseconds). */
const LEAD = 45_000;
/** What is known is known this much later than packets usually take. */
const MARGIN = 6_000;
/** Slots wait for what was played in them: longer than the longest delay. A power of two. */
const WAITING = 256;

interface WaitingRow extends DumpRow {
  slot: number;
  expected: number;
}

export class Replay {
  readonly #performance: Performance;
  readonly #number: number;
  readonly #give: (row: DumpRow) => void;
  readonly #history: StreamHistory;
  readonly #memory: DrumMemory;
  readonly #features: DrumFeatures;
  readonly #arrivals: readonly (DrumNote & { readonly arrival: number })[];
  readonly #waiting: readonly WaitingRow[];
  readonly #context = new Float32Array(CONTEXT);
  readonly #classes = new Float32Array(CLASSES * CLASS_FEATURES);
  #heard = 0;

  /** `number`: of the performance, told with each row. */
  constructor(performance: Performance, number: number, give: (row: DumpRow) => void) {
    this.#performance = performance;
    this.#number = number;
    this.#give = give;
    this.#history = new StreamHistory(performance.grid, { classes: CLASSES });
    this.#memory = new DrumMemory(this.#history);
    this.#features = new DrumFeatures(this.#history, this.#memory);
    const random = new SeededRandom(`${performance.name}/network`);
    this.#arrivals = performance.notes
      .map((note) => ({ ...note, arrival: note.at + performance.delay + moreDelay(random) }))
      .sort((a, b) => a.arrival - b.arrival);
    this.#waiting = Array.from({ length: WAITING }, () => ({
      slot: Number.NaN,
      expected: 0,
      features: new Int8Array(FEATURES_A_ROW),
      labels: new Uint8Array(CLASSES),
      slots: new Float64Array(SLOT_VALUES),
    }));
  }

  run(): void {
    const history = this.#history;
    const first = this.#arrivals[0];
    const last = this.#performance.notes.at(-1);
    if (!(first && last)) return;
    const begin = Math.ceil(history.slotAt(first.arrival + LEAD));
    const end = Math.ceil(history.slotAt(last.at)) + 2;
    for (let slot = begin; slot <= end; slot++) {
      this.#hear(history.expectedTime(slot) - LEAD);
      this.#decide(slot);
    }
    this.#hear(Number.POSITIVE_INFINITY);
    for (const row of this.#waiting.toSorted((a, b) => a.slot - b.slot)) this.#flush(row);
  }

  #decide(slot: number): void {
    const row = this.#waiting[slot & (WAITING - 1)] as WaitingRow;
    this.#flush(row);
    row.slot = slot;
    row.expected = this.#history.expectedTime(slot);
    const knownUntil = row.expected - LEAD - this.#performance.delay - MARGIN;
    this.#features.write(slot, knownUntil, this.#context, this.#classes);
    for (let i = 0; i < CONTEXT; i++) row.features[i] = byte(this.#context[i] as number);
    for (let i = 0; i < this.#classes.length; i++) {
      row.features[CONTEXT + i] = byte(this.#classes[i] as number);
    }
    row.labels.fill(0);
    row.slots[0] = this.#number;
    row.slots[1] = row.expected;
    row.slots.set(this.#features.centre, 2);
  }

  #hear(until: number): void {
    const history = this.#history;
    for (; this.#heard < this.#arrivals.length; this.#heard++) {
      const note = this.#arrivals[this.#heard];
      if (!note || note.arrival > until) return;
      const { noteClass, velocity, at } = note;
      const event = history.noteOn(noteClass, 9, noteClass, velocity, instant(at));
      if (event === NO_EVENT) continue;
      this.#memory.add(event);
      this.#label(history.slot[event & history.mask] as number, noteClass, at);
    }
  }

  /** Of two hits of a class in a slot the first counts. */
  #label(slot: number, noteClass: number, at: number): void {
    const row = this.#waiting[slot & (WAITING - 1)] as WaitingRow;
    if (row.slot !== slot) return;
    const off = (at - row.expected - (row.slots[2 + noteClass] as number)) / 500;
    const code = 1 + Math.max(0, Math.min(254, Math.round(off) + 127));
    const before = row.labels[noteClass] as number;
    if (before === 0 || code < before) row.labels[noteClass] = code;
  }

  #flush(row: WaitingRow): void {
    if (!Number.isNaN(row.slot)) this.#give(row);
    row.slot = Number.NaN;
  }
}

/** Microseconds more than usual. */
function moreDelay(random: SeededRandom): number {
  if (random.next() < 0.008) return random.between(5_000, 80_000);
  return Math.max(-4_000, random.normal() * 3_000);
}

function byte(value: number): number {
  return Math.round(value * 127);
}
