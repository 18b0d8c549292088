/**
 * Names of kinds of parts, as EVALUATION's table has them; sets of one kind are counted together.
 */
import type { Role } from '../../runtime/core/ensemble.ts';
import type { DatasetName } from './datasets/piece.ts';

const GENRES: Readonly<Record<DatasetName, string>> = {
  groove: 'groove',
  jtd_trio: 'jazz',
  freedoom: 'band',
  openmsx: 'band',
  pop909: 'pop',
  jazzomat_solos: 'jazz solo',
  asap: 'solo piano, rubato',
  nottingham: 'folk',
  jsb: 'chorale',
};

const ROLE_NAMES: Readonly<Record<Role, string>> = {
  rhythm: 'drums',
  bass: 'bass',
  harmony: 'harmony',
  melody: 'melody',
};

/** In the order of the table. */
const ORDER: readonly DatasetName[] = [
  'groove',
  'jtd_trio',
  'freedoom',
  'openmsx',
  'pop909',
  'jazzomat_solos',
  'asap',
  'nottingham',
  'jsb',
];

export function labelOf(set: DatasetName, role: Role): string {
  const genre = GENRES[set];
  if (set === 'asap' || set === 'jazzomat_solos') return genre;
  return `${genre} ${set === 'jtd_trio' && role === 'harmony' ? 'piano' : ROLE_NAMES[role]}`;
}

/** Sorts kinds of parts: sets first, then roles. */
export function rankOf(set: DatasetName, role: Role): number {
  const roles: readonly Role[] = ['rhythm', 'bass', 'harmony', 'melody'];
  const first = ORDER.findIndex((one) => GENRES[one] === GENRES[set]);
  return first * roles.length + roles.indexOf(role);
}

/** False notes per 100 that a part in this role may have. */
export function budgetOf(role: Role): number {
  return role === 'rhythm' || role === 'bass' ? 5 : 3;
}
