/**
 * Writes what the drum model learns from: the features that the box computes, slot by slot, and what was played then.
 *
 *   npx tsx models-quantized/training/drums/dump-drums.ts --data DIR --out DIR [--split train] [--variants 5]
 *       [--sets groove,freedoom,jtd_trio] [--everything] [--delay MS]
 *
 * Variant 0 of a part is the part itself, the others are made of it (performance.ts); all is drawn from seeds.
 * `--everything`: short grooves and fills as well, which are good to learn from. `--delay`: one delay of the network for all,
 * as for scores. Beside the files of dump-files.ts: `truth.f64` (performance, time in us, class, velocity of every note) and
 * `dump.json`.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { listPieces } from '../../../cli/eval/datasets/catalogue.ts';
import { listGroove } from '../../../cli/eval/datasets/groove.ts';
import type { DatasetName, PieceSource } from '../../../cli/eval/datasets/piece.ts';
import {
  CLASS_FEATURES,
  CONTEXT,
  FEATURE_VERSION,
} from '../../../runtime/prediction/predictor/drums/drum-features.ts';
import { CLASSES } from '../../../runtime/prediction/predictor/drums/kit-classes.ts';
import { DumpFiles } from './dump-files.ts';
import { type Performance, perform } from './performance.ts';
import { Replay } from './replay.ts';

const FEWEST_NOTES = 8;

const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    out: { type: 'string' },
    sets: { type: 'string', default: 'groove,freedoom,jtd_trio' },
    split: { type: 'string', default: 'train' },
    variants: { type: 'string', default: '5' },
    delay: { type: 'string' },
    everything: { type: 'boolean', default: false },
  },
});
const { data, out, sets, split, variants, delay, everything } = options;
if (!(data && out)) throw new Error('--data DIR and --out DIR are needed');

const files = new DumpFiles(out);
const names: string[] = [];
const truth: number[] = [];
for (const performance of performances(data)) {
  new Replay(performance, names.length, (row) => files.add(row)).run();
  for (const { at, noteClass, velocity } of performance.notes) {
    truth.push(names.length, at, noteClass, velocity);
  }
  names.push(performance.name);
}
files.close();
writeFileSync(join(out, 'truth.f64'), Float64Array.from(truth));
const described = {
  featureVersion: FEATURE_VERSION,
  context: CONTEXT,
  classes: CLASSES,
  classFeatures: CLASS_FEATURES,
  rows: files.rows,
  names,
};
writeFileSync(join(out, 'dump.json'), JSON.stringify(described));
process.stdout.write(`${files.rows} slots of ${names.length} performances in ${out}\n`);

function* performances(folder: string): Generator<Performance> {
  const fixedDelay = delay === undefined ? undefined : Number(delay) * 1e3;
  for (const source of sources(folder)) {
    const piece = source.load();
    for (const part of piece.parts) {
      if (part.role !== 'rhythm' || part.notes.length < FEWEST_NOTES) continue;
      for (let variant = 0; variant < Number(variants); variant++) {
        const performance = perform(piece, part, variant, fixedDelay);
        if (performance && performance.notes.length >= FEWEST_NOTES) yield performance;
      }
    }
  }
}

function sources(folder: string): PieceSource[] {
  return (sets ?? '').split(',').flatMap((set) => {
    const found =
      set === 'groove' && everything
        ? listGroove(join(folder, set), { everything: true })
        : listPieces(folder, set as DatasetName);
    return found.filter((source) => source.split === split);
  });
}
