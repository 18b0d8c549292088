/**
 * A parameter log of Chapter M.
 *
 * S PNUM-LSB(7), Q PNUM-MSB(7) unless logs are short, a table of contents J K L M N T V R, then its fields in that order:
 * J ENTRY-MSB and K ENTRY-LSB, an octet each with X; L A-BUTTON `G X` and M C-BUTTON `G R`, 14 bits each; N COUNT, an
 * octet with X. V: the value tool is in use (J K L M), T: the count tool is (N).
 * Spec   RFC 6295 appendix A.4.2.
 */
import type { Parameter } from '../parameters.ts';

/** A field that a log doesn't have. */
export const ABSENT = -1;

const ENTRY_MSB = 0x80;
const ENTRY_LSB = 0x40;
const A_BUTTON = 0x20;
const C_BUTTON = 0x10;
const COUNT = 0x08;
const VALUE_TOOL = 0x02;
const BEFORE_RESET = 0x80;

export interface ParameterLog {
  nrpn: boolean;
  msb: number;
  lsb: number;
  /** The S bit: nothing of it is in the packet before. */
  settled: boolean;
  /** The value tool is in use. */
  telling: boolean;
  entryMsb: number;
  entryLsb: number;
  /** Increments less decrements since the last entry. */
  buttons: number;
  count: number;
}

export function emptyParameterLog(): ParameterLog {
  return {
    nrpn: false,
    msb: 0,
    lsb: 0,
    settled: false,
    telling: false,
    entryMsb: ABSENT,
    entryLsb: ABSENT,
    buttons: 0,
    count: ABSENT,
  };
}

/** The offset after the log at `at`, or -1. `short`: without its MSB octet. */
export function parameterLogEnd(
  bytes: Uint8Array,
  at: number,
  end: number,
  short: boolean,
): number {
  const contentsAt = at + (short ? 1 : 2);
  if (contentsAt >= end) return -1;
  const after = contentsAt + 1 + fieldOctets(bytes[contentsAt] as number);
  return after <= end ? after : -1;
}

/** Fills in `log`, but for `nrpn` when logs are short; returns the offset after it, or -1. */
export function readParameterLog(
  bytes: Uint8Array,
  at: number,
  end: number,
  short: boolean,
  log: ParameterLog,
): number {
  const after = parameterLogEnd(bytes, at, end, short);
  if (after < 0) return after;
  const first = bytes[at] as number;
  log.settled = (first & 0x80) !== 0;
  log.lsb = first & 0x7f;
  log.msb = 0;
  let next = at + 1;
  if (!short) {
    const second = bytes[next++] as number;
    log.nrpn = (second & 0x80) !== 0;
    log.msb = second & 0x7f;
  }
  const contents = bytes[next++] as number;
  log.telling = (contents & VALUE_TOOL) !== 0;
  log.entryMsb = (contents & ENTRY_MSB) !== 0 ? (bytes[next++] as number) & 0x7f : ABSENT;
  log.entryLsb = (contents & ENTRY_LSB) !== 0 ? (bytes[next++] as number) & 0x7f : ABSENT;
  log.buttons = 0;
  if ((contents & A_BUTTON) !== 0) {
    const high = bytes[next] as number;
    const magnitude = ((high & 0x3f) << 8) | (bytes[next + 1] as number);
    log.buttons = (high & 0x80) !== 0 ? -magnitude : magnitude;
    next += 2;
  }
  if ((contents & C_BUTTON) !== 0) next += 2;
  log.count = (contents & COUNT) !== 0 ? (bytes[next] as number) & 0x7f : ABSENT;
  return after;
}

/** What a parameter's log holds, to a peer that has confirmed all up to this stamp. */
export function parameterContents(parameter: Parameter, confirmed: number): number {
  let contents = VALUE_TOOL;
  if (parameter.entryMsb >= 0) contents |= ENTRY_MSB;
  if (parameter.entryLsb >= 0) contents |= ENTRY_LSB;
  if (parameter.pressed || parameter.pressStamp > confirmed) {
    contents |= A_BUTTON;
    const same = parameter.buttons === parameter.buttonsSinceReset;
    if (!parameter.buttonsBeforeReset && !same) contents |= C_BUTTON;
  }
  return contents;
}

export function fieldOctets(contents: number): number {
  return (
    (contents >> 7) +
    ((contents >> 6) & 1) +
    ((contents >> 5) & 1) * 2 +
    ((contents >> 4) & 1) * 2 +
    ((contents >> 3) & 1)
  );
}

export function writeParameterLog(
  parameter: Parameter,
  bit: number,
  contents: number,
  short: boolean,
  out: Uint8Array,
  at: number,
): number {
  let next = at;
  out[next++] = bit | parameter.lsb;
  if (!short) out[next++] = (parameter.nrpn ? 0x80 : 0) | parameter.msb;
  out[next++] = contents;
  if ((contents & ENTRY_MSB) !== 0) {
    out[next++] = (parameter.entryMsbBeforeReset ? BEFORE_RESET : 0) | parameter.entryMsb;
  }
  if ((contents & ENTRY_LSB) !== 0) {
    out[next++] = (parameter.entryLsbBeforeReset ? BEFORE_RESET : 0) | parameter.entryLsb;
  }
  if ((contents & A_BUTTON) !== 0) {
    next = writeButtons(parameter.buttons, parameter.buttonsBeforeReset, out, next);
  }
  if ((contents & C_BUTTON) !== 0) {
    next = writeButtons(parameter.buttonsSinceReset, false, out, next);
  }
  return next;
}

/** G X and a magnitude of 14 bits. */
function writeButtons(sum: number, beforeReset: boolean, out: Uint8Array, at: number): number {
  const magnitude = Math.abs(sum);
  out[at] = (sum < 0 ? 0x80 : 0) | (beforeReset ? 0x40 : 0) | (magnitude >> 8);
  out[at + 1] = magnitude & 0xff;
  return at + 2;
}
