/**
 * Writes what the pitched model learns from: the features that the box computes, slot by slot, and what was played then.
 *
 *   npx tsx models-quantized/training/pitched/dump-pitched.ts --data DIR --out DIR --set NAME [--split train] [--takes 1]
 *       [--keep SHARE] [--seed TEXT] [--plain]
 *
 * `--keep` is the share of slots that is written; `--plain` leaves the variations out (for scores). Files: `context.i8`
 * (a row a slot, times 127), `lags.i8` (the same, all lags), `candidates.i8` (a row a candidate), `hits.bits` (a bit a lag), `labels.i16` (a row a candidate: its slot's row as two
 * halves, 1 when it was played, how far from the expected time in 10 us), `slots.i32` (a row a slot: part, slot) and
 * `parts.json` (set, piece, role, notes that were to be predicted).
 */
import { closeSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { listPieces } from '../../../cli/eval/datasets/catalogue.ts';
import type { DatasetName } from '../../../cli/eval/datasets/piece.ts';
import { instant } from '../../../runtime/core/time.ts';
import { NO_EVENT } from '../../../runtime/prediction/history/stream-history.ts';
import { DRUM_CLASS_OF_KEY } from '../../../runtime/prediction/predictor/drums/drum-classes.ts';
import {
  BandHistory,
  type BandPart,
} from '../../../runtime/prediction/predictor/pitched/band-history.ts';
import { MAX_CANDIDATES } from '../../../runtime/prediction/predictor/pitched/candidates.ts';
import {
  ASKED_LAGS,
  CANDIDATE_SIZE,
  CONTEXT_SIZE,
  FEATURE_VERSION,
  LAG_SIZE,
  PitchedFeatures,
} from '../../../runtime/prediction/predictor/pitched/pitched-features.ts';
import { SeededRandom } from '../random.ts';
import { type PlayedPiece, play } from './played-piece.ts';

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    out: { type: 'string' },
    set: { type: 'string' },
    split: { type: 'string', default: 'train' },
    takes: { type: 'string', default: '1' },
    keep: { type: 'string', default: '1' },
    seed: { type: 'string', default: '1' },
    limit: { type: 'string' },
    plain: { type: 'boolean', default: false },
  },
});

/** Slots that wait until what was played in them is known. */
const WAITING = 16;
const HIT_BYTES: number = Math.ceil(ASKED_LAGS / 8);
const NEVER_KNOWN = -32_768;

interface Decision {
  slot: number;
  expectedAt: number;
  readonly context: Float32Array;
  readonly lags: Float32Array;
  readonly rows: Float32Array;
  readonly hits: Float32Array;
  readonly keys: Uint8Array;
  count: number;
}

class PredictedPart {
  readonly features: PitchedFeatures;
  readonly waiting: Decision[] = Array.from({ length: WAITING }, () => ({
    slot: NEVER_KNOWN,
    expectedAt: 0,
    context: new Float32Array(CONTEXT_SIZE),
    lags: new Float32Array(ASKED_LAGS * LAG_SIZE),
    rows: new Float32Array(MAX_CANDIDATES * CANDIDATE_SIZE),
    hits: new Float32Array(MAX_CANDIDATES * ASKED_LAGS),
    keys: new Uint8Array(MAX_CANDIDATES),
    count: 0,
  }));
  readonly number: number;
  readonly part: BandPart;

  constructor(number: number, part: BandPart, features: PitchedFeatures) {
    this.number = number;
    this.part = part;
    this.features = features;
  }

  decide(slot: number, knownUntil: number): void {
    const decision = this.waiting[slot & (WAITING - 1)];
    if (!decision) return;
    decision.slot = slot;
    decision.count = this.features.find(slot, instant(knownUntil));
    if (decision.count === 0) return;
    decision.expectedAt = this.part.notes.history.expectedTime(slot);
    const { context, lags, rows, hits } = decision;
    this.features.describe(slot, context, lags, rows, hits);
    decision.keys.set(this.features.candidates.keys.subarray(0, decision.count));
  }
}

class Dump {
  slots = 0;
  rows = 0;
  readonly #context: number;
  readonly #lags: number;
  readonly #candidates: number;
  readonly #hits: number;
  readonly #labels: number;
  readonly #slotFile: number;

  constructor(out: string) {
    this.#context = openSync(join(out, 'context.i8'), 'w');
    this.#lags = openSync(join(out, 'lags.i8'), 'w');
    this.#hits = openSync(join(out, 'hits.bits'), 'w');
    this.#candidates = openSync(join(out, 'candidates.i8'), 'w');
    this.#labels = openSync(join(out, 'labels.i16'), 'w');
    this.#slotFile = openSync(join(out, 'slots.i32'), 'w');
  }

  write({ part, number }: PredictedPart, decision: Decision): void {
    const { history } = part.notes;
    const labels = new Int16Array(decision.count * 4);
    for (let place = 0; place < decision.count; place++) {
      let deviation: number | undefined;
      let event = history.firstIn(decision.slot);
      for (; event !== NO_EVENT; event = history.nextIn(event)) {
        const i = event & history.mask;
        if (history.key[i] !== decision.keys[place]) continue;
        deviation = (history.at[i] as number) - decision.expectedAt;
      }
      labels[place * 4] = this.slots & 0x7fff;
      labels[place * 4 + 1] = this.slots >> 15;
      labels[place * 4 + 2] = deviation === undefined ? 0 : 1;
      labels[place * 4 + 3] = Math.max(-9_999, Math.min(9_999, Math.round((deviation ?? 0) / 10)));
    }
    writeSync(this.#context, coded(decision.context, CONTEXT_SIZE));
    writeSync(this.#lags, coded(decision.lags, ASKED_LAGS * LAG_SIZE));
    writeSync(this.#hits, bitsOf(decision.hits, decision.count));
    writeSync(this.#candidates, coded(decision.rows, decision.count * CANDIDATE_SIZE));
    writeSync(this.#labels, labels);
    writeSync(this.#slotFile, Int32Array.of(number, decision.slot));
    this.slots++;
    this.rows += decision.count;
  }

  close(): void {
    const files = [this.#context, this.#lags, this.#candidates, this.#hits];
    for (const file of [...files, this.#labels, this.#slotFile]) closeSync(file);
  }
}

function coded(values: Float32Array, count: number): Int8Array {
  const bytes = new Int8Array(count);
  for (let i = 0; i < count; i++) bytes[i] = Math.round((values[i] as number) * 127);
  return bytes;
}

/** Lags a byte each eight, the first in the lowest bit. */
function bitsOf(hits: Float32Array, rows: number): Uint8Array {
  const bytes = new Uint8Array(rows * HIT_BYTES);
  for (let row = 0; row < rows; row++) {
    for (let lag = 0; lag < ASKED_LAGS; lag++) {
      const byte = row * HIT_BYTES + (lag >> 3);
      if (hits[row * ASKED_LAGS + lag] === 1)
        bytes[byte] = (bytes[byte] as number) | (1 << (lag & 7));
    }
  }
  return bytes;
}

interface Told {
  readonly at: number;
  readonly part: BandPart;
  readonly isOn: boolean;
  readonly key: number;
  readonly velocity: number;
}

let decided = 0;
let spent = 0;

/** Plays a piece to the predictors of its parts, as it would arrive, and writes what they see. */
function follow(played: PlayedPiece, dump: Dump, random: SeededRandom, firstNumber: number): void {
  const { grid, horizon } = played;
  const band = new BandHistory(grid);
  const told: Told[] = [];
  const predicted: PredictedPart[] = [];
  for (const [index, { role, notes }] of played.parts.entries()) {
    const isDrums = role === 'rhythm';
    const part = band.open(isDrums ? { classOf: DRUM_CLASS_OF_KEY } : {});
    for (const { at, until, key, velocity } of notes) {
      told.push({ at, part, isOn: true, key, velocity });
      told.push({ at: until, part, isOn: false, key, velocity });
    }
    if (!isDrums) {
      predicted.push(
        new PredictedPart(firstNumber + index, part, new PitchedFeatures(band, part, role)),
      );
    }
  }
  told.sort((a, b) => a.at - b.at);
  let next = 0;
  const tell = (until: number) => {
    for (; next < told.length; next++) {
      const event = told[next];
      if (!event || event.at > until) return;
      const { part, isOn, key, velocity, at } = event;
      if (isOn) part.noteOn(0, key, velocity, instant(at));
      else part.noteOff(0, key, instant(at));
    }
  };
  const first = Math.floor(grid.beatAt(instant(told[0]?.at ?? 0)) * 8);
  const last = Math.ceil(grid.beatAt(instant(told.at(-1)?.at ?? 0)) * 8) + WAITING;
  for (let slot = first; slot < last; slot++) {
    const known = grid.timeOf(slot / 8) - horizon + (options.plain ? 0 : 8_000 * random.normal());
    tell(known);
    for (const part of predicted) {
      const ready = part.waiting[(slot + 1) & (WAITING - 1)];
      if (ready && ready.slot === slot + 1 - WAITING && ready.count > 0) dump.write(part, ready);
      if (random.next() >= Number(options.keep)) continue;
      const start = performance.now();
      part.decide(slot, known);
      spent += performance.now() - start;
      decided++;
    }
  }
}

const out = options.out ?? '';
const set = options.set as DatasetName;
mkdirSync(out, { recursive: true });
const dump = new Dump(out);
const parts: { piece: string; role: string; notes: number }[] = [];
const sources = listPieces(options.data ?? '', set).filter(({ split }) => split === options.split);
for (const source of sources.slice(0, Number(options.limit ?? sources.length))) {
  const piece = source.load();
  for (let take = 0; take < Number(options.takes); take++) {
    const random = new SeededRandom(`${options.seed}/${piece.id}/${take}`);
    const played = play(piece, random, !options.plain);
    if (!played || played.parts.length === 0) continue;
    follow(played, dump, random, parts.length);
    for (const { role, notes } of played.parts) {
      parts.push({ piece: piece.id, role, notes: notes.length });
    }
  }
}
dump.close();
const sizes = {
  context: CONTEXT_SIZE,
  lags: ASKED_LAGS,
  lag: LAG_SIZE,
  candidate: CANDIDATE_SIZE,
  version: FEATURE_VERSION,
};
writeFileSync(join(out, 'parts.json'), JSON.stringify({ sizes, parts }));
process.stdout.write(
  `${set} ${options.split}: ${sources.length} pieces, ${dump.slots} slots, ${dump.rows} candidates, ` +
    `${((1000 * spent) / decided).toFixed(0)} us a decision\n`,
);
