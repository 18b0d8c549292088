/**
 * The sets of a data folder (`--data`): one subfolder each, by the names below.
 *
 * Takes  the folder. Gives what pieces there are, and each piece when it is loaded. Keeps nothing.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { listAsap } from './asap.ts';
import { listBand } from './band.ts';
import { listGroove } from './groove.ts';
import { listJazzomat } from './jazzomat.ts';
import { listJsb } from './jsb.ts';
import { listJtdTrio } from './jtd-trio.ts';
import { listNottingham } from './nottingham.ts';
import type { DatasetName, PieceSource } from './piece.ts';
import { listPop909 } from './pop909.ts';

const SETS: Readonly<Record<DatasetName, (directory: string) => readonly PieceSource[]>> = {
  groove: (directory) => listGroove(directory),
  pop909: listPop909,
  jtd_trio: listJtdTrio,
  freedoom: (directory) => listBand('freedoom', directory),
  openmsx: (directory) => listBand('openmsx', directory),
  jazzomat_solos: listJazzomat,
  asap: listAsap,
  nottingham: listNottingham,
  jsb: listJsb,
};

export const DATASET_NAMES: readonly DatasetName[] = [
  'groove',
  'pop909',
  'jtd_trio',
  'freedoom',
  'openmsx',
  'jazzomat_solos',
  'asap',
  'nottingham',
  'jsb',
];

/** Which sets the folder has. */
export function datasetsIn(data: string): readonly DatasetName[] {
  return DATASET_NAMES.filter((name) => existsSync(join(data, name)));
}

/** In a fixed order. */
export function listPieces(data: string, set: DatasetName): readonly PieceSource[] {
  return SETS[set](join(data, set));
}
