/**
 * What a journal's system part has in it, without reading the rest.
 *
 * Takes  octets. Gives bits, and a log; nothing is repaired.
 * Spec   RFC 6295 section 5, figure 10; appendix B.5.3 (the last log of Chapter X tells the count).
 */
import { readUint16 } from '../rtp-header.ts';
import { SYSTEM_CHAPTERS } from './chapter-table.ts';
import { readSysExLog, type SysExLog } from './chapters/sysex-log.ts';

export const CHAPTER_F = 0x08;
export const CHAPTER_X = 0x04;
const CHAPTERS = 0x7c;
const JOURNAL_HEADER_OCTETS = 3;
const HEADER_OCTETS = 2;
const HAS_SYSTEM = 0x40;
const LENGTH = 0x03ff;

/** The chapters' bits; 0 when there is no system journal. */
export function systemContents(bytes: Uint8Array, at: number, end: number): number {
  const systemAt = at + JOURNAL_HEADER_OCTETS;
  if (systemAt + HEADER_OCTETS > end || ((bytes[at] as number) & HAS_SYSTEM) === 0) return 0;
  return (bytes[systemAt] as number) & CHAPTERS;
}

/** Octets of the system journal, which is well-formed; 0 when there is none. */
export function systemJournalOctets(bytes: Uint8Array, at: number): number {
  const has = ((bytes[at] as number) & HAS_SYSTEM) !== 0;
  return has ? readUint16(bytes, at + JOURNAL_HEADER_OCTETS) & LENGTH : 0;
}

/** Fills in the last log of Chapter X, which is there; false when the chapter is malformed. */
export function readLastSysExLog(
  bytes: Uint8Array,
  at: number,
  end: number,
  log: SysExLog,
): boolean {
  const systemAt = at + JOURNAL_HEADER_OCTETS;
  const contents = bytes[systemAt] as number;
  const systemEnd = systemAt + (readUint16(bytes, systemAt) & LENGTH);
  if (systemEnd > end) return false;
  let next = systemAt + HEADER_OCTETS;
  for (const chapter of SYSTEM_CHAPTERS) {
    if (chapter.bit === CHAPTER_X) break;
    if ((contents & chapter.bit) !== 0) next = chapter.end(bytes, next, systemEnd);
    if (next < 0) return false;
  }
  if (next >= systemEnd) return false;
  for (; next < systemEnd; next = log.end) {
    if (!readSysExLog(bytes, next, systemEnd, log)) return false;
  }
  return true;
}
