/**
 * Writes what the drum model learns from: the features that the box computes, slot by slot, and what was played then.
 *
 *   npx tsx models-quantized/training/drums/dump-drums.ts --data DIR --out DIR [--variants 4] [--sets groove,freedoom,jtd_trio]
 *       [--split train] [--delay MS]
 *
 * Notes arrive as over a network (late, some much later), and features are read when the box would decide. Files, one
 * record a slot: `features.i8` (CONTEXT + 10 x CLASS_FEATURES, times 127), `labels.u8` (10 x: 0 not hit, else 1 + half
 * milliseconds from the expected time + 127), `slots.f64` (performance, expected time of the slot in us, centres of the 10
 * classes); `truth.f64` (performance, time, class, velocity of each note); `dump.json`.
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { listPieces } from '../../../cli/eval/datasets/catalogue.ts';
import { listGroove } from '../../../cli/eval/datasets/groove.ts';
import type { DatasetName, PieceSource } from '../../../cli/eval/datasets/piece.ts';
import { instant } from '../../../runtime/core/time.ts';
import { NO_EVENT, StreamHistory } from '../../../runtime/prediction/history/stream-history.ts';
import {
  CLASS_FEATURES,
  CONTEXT,
  DrumFeatures,
  FEATURE_VERSION,
} from '../../../runtime/prediction/predictor/drums/drum-features.ts';
import { DrumMemory } from '../../../runtime/prediction/predictor/drums/drum-memory.ts';
import { CLASSES } from '../../../runtime/prediction/predictor/drums/kit-classes.ts';
import { SeededRandom } from '../random.ts';
import { type Performance, perform } from './performance.ts';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    out: { type: 'string' },
    variants: { type: 'string', default: '4' },
    sets: { type: 'string', default: 'groove,freedoom,jtd_trio' },
    split: { type: 'string', default: 'train' },
    delay: { type: 'string' },
    limit: { type: 'string' },
  },
});

/** How long before its time a slot is decided (microseconds). */
const LEAD = 45_000;
/** What is known is known this much later than packets usually take. */
const MARGIN = 6_000;
const ROW = CONTEXT + CLASSES * CLASS_FEATURES;
const SLOT_ROW = 2 + CLASSES;
/** Slots wait for what was played in them. */
const WAITING = 64;
const ROWS_A_WRITE = 1024;

class Dump {
  rows = 0;
  readonly #features: number;
  readonly #labels: number;
  readonly #slots: number;
  readonly #featureBlock = new Int8Array(ROWS_A_WRITE * ROW);
  readonly #labelBlock = new Uint8Array(ROWS_A_WRITE * CLASSES);
  readonly #slotBlock = new Float64Array(ROWS_A_WRITE * SLOT_ROW);
  #filled = 0;

  constructor(out: string) {
    this.#features = openSync(join(out, 'features.i8'), 'w');
    this.#labels = openSync(join(out, 'labels.u8'), 'w');
    this.#slots = openSync(join(out, 'slots.f64'), 'w');
  }

  add(features: Int8Array, labels: Uint8Array, slots: Float64Array): void {
    this.#featureBlock.set(features, this.#filled * ROW);
    this.#labelBlock.set(labels, this.#filled * CLASSES);
    this.#slotBlock.set(slots, this.#filled * SLOT_ROW);
    this.rows++;
    if (++this.#filled === ROWS_A_WRITE) this.#write();
  }

  close(): void {
    this.#write();
    for (const file of [this.#features, this.#labels, this.#slots]) closeSync(file);
  }

  #write(): void {
    writeSync(this.#features, this.#featureBlock, 0, this.#filled * ROW);
    writeSync(this.#labels, this.#labelBlock, 0, this.#filled * CLASSES);
    const bytes = new Uint8Array(this.#slotBlock.buffer, 0, this.#filled * SLOT_ROW * 8);
    writeSync(this.#slots, bytes);
    this.#filled = 0;
  }
}

interface Waiting {
  slot: number;
  expected: number;
  readonly features: Int8Array;
  readonly labels: Uint8Array;
  readonly slots: Float64Array;
}

const context = new Float32Array(CONTEXT);
const classes = new Float32Array(CLASSES * CLASS_FEATURES);
let spentOnFeatures = 0;

/** Plays a performance to a history as it would arrive, and dumps every slot between its first and last note. */
function replay(dump: Dump, performance: Performance, number: number): void {
  const { grid, notes, delay, name } = performance;
  const random = new SeededRandom(`${name}/network`);
  const arrivals = notes
    .map((note) => ({ ...note, arrival: note.at + delay + networkDelay(random) }))
    .sort((a, b) => a.arrival - b.arrival);
  const history = new StreamHistory(grid, { classes: CLASSES });
  const memory = new DrumMemory(history);
  const features = new DrumFeatures(history, memory);
  const waiting: Waiting[] = Array.from({ length: WAITING }, () => ({
    slot: Number.NaN,
    expected: 0,
    features: new Int8Array(ROW),
    labels: new Uint8Array(CLASSES),
    slots: new Float64Array(SLOT_ROW),
  }));
  const first = arrivals[0];
  const last = notes.at(-1);
  if (!(first && last)) return;
  let next = 0;
  const hear = (until: number) => {
    for (; next < arrivals.length; next++) {
      const note = arrivals[next];
      if (!note || note.arrival > until) return;
      const event = history.noteOn(note.noteClass, 9, note.noteClass, note.velocity, instant(note.at));
      if (event === NO_EVENT) continue;
      memory.add(event);
      label(history.slot[event & history.mask] as number, note.noteClass, note.at);
    }
  };
  const label = (slot: number, noteClass: number, at: number) => {
    const row = waiting[slot & (WAITING - 1)];
    if (!row || row.slot !== slot) return;
    const off = (at - row.expected - (row.slots[2 + noteClass] as number)) / 500;
    const code = 1 + Math.max(0, Math.min(254, Math.round(off) + 127));
    const before = row.labels[noteClass] as number;
    if (before === 0 || code < before) row.labels[noteClass] = code;
  };
  const flush = (row: Waiting) => {
    if (!Number.isNaN(row.slot)) dump.add(row.features, row.labels, row.slots);
    row.slot = Number.NaN;
  };
  const begin = Math.ceil(history.slotAt(first.arrival + LEAD));
  const end = Math.ceil(history.slotAt(last.at)) + 2;
  for (let slot = begin; slot <= end; slot++) {
    hear(history.expectedTime(slot) - LEAD);
    const expected = history.expectedTime(slot);
    const row = waiting[slot & (WAITING - 1)] as Waiting;
    flush(row);
    const started = performance_now();
    features.write(slot, expected - LEAD - delay - MARGIN, context, classes);
    spentOnFeatures += performance_now() - started;
    for (let i = 0; i < CONTEXT; i++) row.features[i] = Math.round((context[i] as number) * 127);
    for (let i = 0; i < classes.length; i++) {
      row.features[CONTEXT + i] = Math.round((classes[i] as number) * 127);
    }
    row.slot = slot;
    row.expected = expected;
    row.labels.fill(0);
    row.slots[0] = number;
    row.slots[1] = expected;
    row.slots.set(features.centre, 2);
  }
  hear(Number.POSITIVE_INFINITY);
  for (const row of waiting.toSorted((a, b) => a.slot - b.slot)) flush(row);
}

function performance_now(): number {
  return globalThis.performance.now();
}

/** Microseconds more than usual. */
function networkDelay(random: SeededRandom): number {
  if (random.next() < 0.008) return random.between(5_000, 80_000);
  return Math.max(-4_000, random.normal() * 3_000);
}

function sources(data: string): PieceSource[] {
  return (options.sets ?? '').split(',').flatMap((set) => {
    const found =
      set === 'groove' && options.split === 'train'
        ? listGroove(join(data, set), { everything: true })
        : listPieces(data, set as DatasetName);
    return found.filter(({ split }) => split === options.split);
  });
}

const { data, out } = options;
if (!data || !out) throw new Error('--data DIR and --out DIR are needed');
mkdirSync(out, { recursive: true });
const dump = new Dump(out);
const names: string[] = [];
const truth: number[] = [];
const variants = Number(options.variants);
const limit = Number(options.limit ?? 1e9);
const startedAt = performance_now();
for (const source of sources(data).slice(0, limit)) {
  const piece = source.load();
  for (const part of piece.parts) {
    if (part.role !== 'rhythm' || part.notes.length < 8) continue;
    for (let variant = 0; variant < variants; variant++) {
      const delay = options.delay === undefined ? undefined : Number(options.delay) * 1e3;
      const performance = perform(piece, part, variant, delay);
      if (!performance || performance.notes.length < 8) continue;
      replay(dump, performance, names.length);
      for (const { at, noteClass, velocity } of performance.notes) {
        truth.push(names.length, at, noteClass, velocity);
      }
      names.push(performance.name);
    }
  }
}
dump.close();
writeFileSync(join(out, 'truth.f64'), Float64Array.from(truth));
const facts = {
  featureVersion: FEATURE_VERSION,
  context: CONTEXT,
  classes: CLASSES,
  classFeatures: CLASS_FEATURES,
  rows: dump.rows,
  names,
};
writeFileSync(join(out, 'dump.json'), JSON.stringify(facts));
const seconds = (performance_now() - startedAt) / 1e3;
process.stdout.write(
  `${dump.rows} slots of ${names.length} performances in ${seconds.toFixed(0)} s, ` +
    `${((spentOnFeatures / dump.rows) * 1e3).toFixed(0)} us for the features of one\n`,
);
