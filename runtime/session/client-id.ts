/**
 * Yjs client ids that say which box they belong to and in which order it has written. FORMAT.md, "client ids".
 *
 * Takes a box id and a count, gives a number; touches nothing.
 */
import type { BoxId } from '../core/ensemble.ts';

const BOX_DIGITS = 7;
const OWN_SPAN = 2 ** 25;

/** Values that a box can write in its life. */
export const MAX_COUNT: number = OWN_SPAN - 1;

/** Of the value that a box writes as number `count`. */
export const clientIdOf = (box: BoxId, count: number): number => prefixOf(box) * OWN_SPAN + count;

/** Whether a box of that id may have written it. */
export const isClientIdOf = (clientId: number, box: string): boolean =>
  Math.floor(clientId / OWN_SPAN) === prefixOf(box);

export const countOf = (clientId: number): number => clientId % OWN_SPAN;

/** Two boxes of which this is true could not be told apart: the second one is not let in. */
export const samePrefix = (a: string, b: string): boolean => prefixOf(a) === prefixOf(b);

const prefixOf = (box: string): number => Number.parseInt(box.slice(0, BOX_DIGITS), 16);
