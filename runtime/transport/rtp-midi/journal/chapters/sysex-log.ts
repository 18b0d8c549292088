/**
 * One log of Chapter X: a SysEx command, or what is to be known of it.
 *
 * S T C F D L STA(2), then TCOUNT(8) if T, COUNT(8) if C, FIRST (1 to 4 octets) if F, DATA if D: the command's data octets
 * from FIRST on, bit 7 of the last one set.
 * Takes  octets, gives a log's fields; or writes the octets of one.
 * Spec   RFC 6295 appendix B.5.1.
 */
import { SYSEX_STATUS, type SysExHistory } from '../sysex-history.ts';

const T = 0x40;
const C = 0x20;
const F = 0x10;
const D = 0x08;
/** The list tool: each command of the history has a log. */
const L = 0x04;
const STATUS = 0x03;
const FIRST_OCTETS = 4;
/** Header and COUNT, and FIRST at its longest. */
export const LOG_OVERHEAD: number = 2 + FIRST_OCTETS;
export const NO_COUNT = -1;

/** Filled in again for each log. */
export interface SysExLog {
  /** The S bit as it stands. */
  old: boolean;
  status: number;
  /** Or NO_COUNT. */
  tcount: number;
  count: number;
  first: number;
  hasData: boolean;
  dataAt: number;
  /** The offset after the log. */
  end: number;
}

export const emptySysExLog = (): SysExLog => ({
  old: false,
  status: 0,
  tcount: NO_COUNT,
  count: NO_COUNT,
  first: 0,
  hasData: false,
  dataAt: 0,
  end: 0,
});

/** False when the log is malformed or runs past `end`. */
export function readSysExLog(bytes: Uint8Array, at: number, end: number, log: SysExLog): boolean {
  if (at >= end) return false;
  const header = bytes[at++] as number;
  log.old = (header & 0x80) !== 0;
  log.status = header & STATUS;
  log.tcount = NO_COUNT;
  log.count = NO_COUNT;
  log.first = 0;
  log.hasData = (header & D) !== 0;
  if ((header & T) !== 0) {
    if (at >= end) return false;
    log.tcount = bytes[at++] as number;
  }
  if ((header & C) !== 0) {
    if (at >= end) return false;
    log.count = bytes[at++] as number;
  }
  if ((header & F) !== 0) {
    for (let octets = 1; ; octets++) {
      if (at >= end || octets > FIRST_OCTETS) return false;
      const octet = bytes[at++] as number;
      log.first = (log.first << 7) | (octet & 0x7f);
      if (octet < 0x80) break;
    }
  }
  log.dataAt = at;
  if (log.hasData) {
    while (at < end && (bytes[at] as number) < 0x80) at++;
    if (at >= end) return false;
    at++;
  }
  log.end = at;
  return true;
}

/** From which octet on a log of this command would have DATA, so that it says all that came after the stamp. */
export function firstOfLog(history: SysExHistory, index: number, after: number): number {
  // One octet that may be known already tells a receiver whether it has all before it.
  return Math.max(0, Math.min(history.firstAfter(index, after), history.lengthOf(index) - 1));
}

/** Octets of a log with DATA from `first` on. A cancelled command has no DATA. */
export function sysExLogOctets(history: SysExHistory, index: number, first: number): number {
  if (history.statusOf(index) === SYSEX_STATUS.cancelled) return 2;
  return 2 + firstOctets(first) + history.lengthOf(index) - first;
}

export function writeSysExLog(
  history: SysExHistory,
  index: number,
  first: number,
  s: number,
  out: Uint8Array,
  at: number,
): number {
  const status = history.statusOf(index);
  const hasData = status !== SYSEX_STATUS.cancelled && history.lengthOf(index) > 0;
  const hasFirst = hasData && first > 0;
  out[at++] = s | C | (hasFirst ? F : 0) | (hasData ? D : 0) | L | status;
  out[at++] = history.numberOf(index) & 0xff;
  if (!hasData) return at;
  if (hasFirst) {
    for (let left = firstOctets(first) - 1; left >= 0; left--) {
      out[at++] = ((first >>> (7 * left)) & 0x7f) | (left > 0 ? 0x80 : 0);
    }
  }
  const end = history.copy(index, first, out, at);
  out[end - 1] = (out[end - 1] as number) | 0x80;
  return end;
}

function firstOctets(first: number): number {
  if (first === 0) return 0;
  if (first < 0x80) return 1;
  if (first < 0x4000) return 2;
  return first < 0x20_0000 ? 3 : 4;
}
