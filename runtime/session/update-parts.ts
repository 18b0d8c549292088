/**
 * Values cut into updates, and into what is told now and later. Pure.
 */
import { type DocumentValue, encodedLength, encodeUpdate } from './document-update.ts';

/** Values go into one update as long as it is no longer than this: a value is at most a quarter of it. */
const FULL_UPDATE = 49_152;
/** Of what a peer lacks it is told so much in answer to its question, and the rest as what is passed on. */
const ANSWER_OCTETS = 393_216;
const ANSWER_VALUES = 1_024;

/** Values are independent: they are cut into as many updates as it takes. */
export const updatesOf = (values: readonly DocumentValue[]): Uint8Array[] =>
  partsOf(values).map(encodeUpdate);

export function partsOf(values: readonly DocumentValue[]): DocumentValue[][] {
  const parts: DocumentValue[][] = [];
  let part: DocumentValue[] = [];
  let octets = 0;
  for (const value of values) {
    const length = encodedLength(value);
    if (octets + length > FULL_UPDATE && part.length > 0) {
      parts.push(part);
      part = [];
      octets = 0;
    }
    part.push(value);
    octets += length;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** As much as is told in one answer, those first that are near; and the rest. No session of honest boxes is that long. */
export function firstOf(
  values: readonly DocumentValue[],
  isNear: (value: DocumentValue) => boolean,
): [readonly DocumentValue[], readonly DocumentValue[]] {
  let octets = 0;
  const fits = (count: number, value: DocumentValue): boolean => {
    octets += encodedLength(value);
    return count < ANSWER_VALUES && octets <= ANSWER_OCTETS;
  };
  if (values.every((value, at) => fits(at, value))) return [values, []];
  octets = 0;
  const sorted = [...values].sort((a, b) => Number(isNear(b)) - Number(isNear(a)));
  const end = sorted.findIndex((value, at) => !fits(at, value));
  return [sorted.slice(0, end), sorted.slice(end)];
}

export const placeOf = ({ root, key }: DocumentValue): string => `${root} ${key}`;
