/**
 * Yjs client ids that say which box they belong to. FORMAT.md, "authors".
 *
 * Takes a box id and random bits, gives a number; touches nothing.
 */
import type { BoxId } from '../core/ensemble.ts';
import type { Randomness } from '../ports/randomness.ts';

const BOX_DIGITS = 7;
const OWN_SPAN = 2 ** 25;

/** A new one for each document that is opened. The last of a box's span is never drawn: it is the gate's. */
export const drawClientId = (box: BoxId, randomness: Randomness): number =>
  prefixOf(box) * OWN_SPAN + (randomness.uint32() % (OWN_SPAN - 1));

/** Whether a box of that id may have drawn it. */
export const isClientIdOf = (clientId: number, box: string): boolean =>
  Math.floor(clientId / OWN_SPAN) === prefixOf(box);

const prefixOf = (box: string): number => Number.parseInt(box.slice(0, BOX_DIGITS), 16);
