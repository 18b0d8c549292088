/**
 * The files that training reads: fixed records, one for each slot, written in blocks.
 *
 * `features.i8`: CONTEXT + classes x CLASS_FEATURES values times 127. `labels.u8`: for each class 0 where it was not hit, else
 * 1 to 255: half milliseconds from the expected time, 128 on time. `slots.f64`: number of the performance, expected time of
 * the slot (us), centres of the classes (us).
 */
import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import {
  CLASS_FEATURES,
  CONTEXT,
} from '../../../runtime/prediction/predictor/drums/drum-features.ts';
import { CLASSES } from '../../../runtime/prediction/predictor/drums/kit-classes.ts';

export const FEATURES_A_ROW: number = CONTEXT + CLASSES * CLASS_FEATURES;
export const SLOT_VALUES: number = 2 + CLASSES;

const ROWS_A_BLOCK = 1024;

export interface DumpRow {
  readonly features: Int8Array;
  readonly labels: Uint8Array;
  readonly slots: Float64Array;
}

export class DumpFiles {
  rows = 0;
  readonly #features: number;
  readonly #labels: number;
  readonly #slots: number;
  readonly #featureBlock = new Int8Array(ROWS_A_BLOCK * FEATURES_A_ROW);
  readonly #labelBlock = new Uint8Array(ROWS_A_BLOCK * CLASSES);
  readonly #slotBlock = new Float64Array(ROWS_A_BLOCK * SLOT_VALUES);
  #filled = 0;

  constructor(folder: string) {
    mkdirSync(folder, { recursive: true });
    this.#features = openSync(join(folder, 'features.i8'), 'w');
    this.#labels = openSync(join(folder, 'labels.u8'), 'w');
    this.#slots = openSync(join(folder, 'slots.f64'), 'w');
  }

  add({ features, labels, slots }: DumpRow): void {
    this.#featureBlock.set(features, this.#filled * FEATURES_A_ROW);
    this.#labelBlock.set(labels, this.#filled * CLASSES);
    this.#slotBlock.set(slots, this.#filled * SLOT_VALUES);
    this.rows++;
    this.#filled++;
    if (this.#filled === ROWS_A_BLOCK) this.#write();
  }

  close(): void {
    this.#write();
    for (const file of [this.#features, this.#labels, this.#slots]) closeSync(file);
  }

  #write(): void {
    writeSync(this.#features, this.#featureBlock, 0, this.#filled * FEATURES_A_ROW);
    writeSync(this.#labels, this.#labelBlock, 0, this.#filled * CLASSES);
    const slots = new Uint8Array(this.#slotBlock.buffer, 0, this.#filled * SLOT_VALUES * 8);
    writeSync(this.#slots, slots);
    this.#filled = 0;
  }
}
