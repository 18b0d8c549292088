/**
 * Where notes lie in the view of two bars of one player. Gives numbers; draws nothing.
 */
import type { SimBars } from '../../app/prediction-protocol.ts';
import { DRUM_ROWS, drumRow, PERCUSSION } from '../roll/roll-layout.ts';

/** Rows of one player, from the bottom up: keys, or kinds of drums. */
export type BarRows =
  | { readonly kind: 'drums' }
  | { readonly kind: 'keys'; readonly low: number; readonly high: number };

const LEAST_KEYS = 13;

/** Room for all keys; what was shown stays while it fits and is not far too much. */
export function rowsFor(
  notes: readonly { readonly channel: number; readonly key: number }[],
  before: BarRows,
): BarRows {
  if (notes.length === 0) return before;
  if (notes.every(({ channel }) => channel === PERCUSSION)) return { kind: 'drums' };
  let low = 127;
  let high = 0;
  for (const { channel, key } of notes) {
    if (channel === PERCUSSION) continue;
    low = Math.min(low, key);
    high = Math.max(high, key);
  }
  const used = high - low + 1;
  if (before.kind === 'keys' && before.low <= low && before.high >= high) {
    if (before.high - before.low < 2 * Math.max(LEAST_KEYS, used)) return before;
  }
  const spare = Math.max(1, Math.ceil((LEAST_KEYS - used) / 2));
  return { kind: 'keys', low: Math.max(0, low - spare), high: Math.min(127, high + spare) };
}

export const rowCount = (rows: BarRows): number =>
  rows.kind === 'drums' ? DRUM_ROWS.length : rows.high - rows.low + 1;

/** From the bottom; undefined: it has no row. */
export function rowOf(rows: BarRows, channel: number, key: number): number | undefined {
  if (rows.kind === 'drums') return channel === PERCUSSION ? drumRow(key) : undefined;
  if (channel === PERCUSSION || key < rows.low || key > rows.high) return undefined;
  return key - rows.low;
}

/** 0 to 1 across both bars. */
export function placeOf(bars: SimBars, time: number): number {
  const [from, , to] = bars.lines;
  return (time - from) / (to - from);
}
