/**
 * Reads a recovery journal, and repairs what the packets before it failed to bring.
 *
 * Takes  octets and, unless only their structure matters, a repair with the stream's state.
 * Gives  the first fault. A channel journal whose chapters don't fill it exactly is passed over; the others count.
 * Spec   RFC 6295 section 5, appendix A.1: LENGTH, not knowledge of the inside, leads past an element.
 */
import { readUint16 } from '../rtp-header.ts';
import type { Repair, SystemChapter } from './chapter.ts';
import { CHANNEL_CHAPTERS, SYSTEM_CHAPTERS } from './chapter-table.ts';
import type { StreamState } from './stream-state.ts';
import type { SystemState } from './system-state.ts';

export type JournalFault =
  | 'journalTruncated'
  /** A LENGTH below its own header, or beyond the packet. */
  | 'journalLength'
  /** Chapters don't end where LENGTH says. */
  | 'chapterLength'
  /** Channel journals are not in ascending order. */
  | 'channelOrder'
  | 'journalTrailing';

const HEADER_OCTETS = 3;
const SYSTEM_HEADER_OCTETS = 2;
const CHANNEL_HEADER_OCTETS = 3;
const LENGTH_BITS = 0x03ff;
/** D and V. */
const COUNTING_CHAPTERS = 0x60;

/** The journal's checkpoint, 16 bits; -1 when there is no room for a header. */
export function journalCheckpoint(bytes: Uint8Array, at: number, end: number): number {
  return at + HEADER_OCTETS <= end ? readUint16(bytes, at + 1) : -1;
}

/** S of the header: the packet before this one holds nothing that the journal codes. */
export function journalSkipsSingle(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] ?? 0) & 0x80) !== 0;
}

/** A repair as its owner sees it: filled in for each packet, and for each channel. */
export type JournalRepair = { -readonly [Field in keyof Repair]: Repair[Field] };

export function readJournal(
  bytes: Uint8Array,
  at: number,
  end: number,
  state?: StreamState,
  repair?: JournalRepair,
): JournalFault | undefined {
  if (at + HEADER_OCTETS > end) return 'journalTruncated';
  const first = bytes[at] as number;
  let next = at + HEADER_OCTETS;
  let fault: JournalFault | undefined;
  if ((first & 0x40) !== 0) {
    if (next + SYSTEM_HEADER_OCTETS > end) return 'journalTruncated';
    const length = readUint16(bytes, next) & LENGTH_BITS;
    if (length < SYSTEM_HEADER_OCTETS || next + length > end) return 'journalLength';
    if (!readSystem(bytes, next, next + length, state, repair)) fault = 'chapterLength';
    next += length;
  }
  if ((first & 0x20) !== 0) {
    let last = -1;
    for (let left = (first & 0x0f) + 1; left > 0; left--) {
      if (next + CHANNEL_HEADER_OCTETS > end) return fault ?? 'journalTruncated';
      const header = readUint16(bytes, next);
      const length = header & LENGTH_BITS;
      if (length < CHANNEL_HEADER_OCTETS || next + length > end) return fault ?? 'journalLength';
      const channel = (header >> 11) & 0x0f;
      const after = next + length;
      if (channel <= last) {
        fault ??= 'channelOrder';
      } else if (!readChannel(bytes, next, after, channel, state, repair)) {
        fault ??= 'chapterLength';
      }
      last = Math.max(last, channel);
      next = after;
    }
  }
  return fault ?? (next === end ? undefined : 'journalTrailing');
}

/** Takes over what the system journal counts. Nothing is missing before it, and nothing is played. */
export function learnCounts(bytes: Uint8Array, at: number, end: number, system: SystemState): void {
  const systemAt = at + HEADER_OCTETS;
  if (systemAt + SYSTEM_HEADER_OCTETS > end || ((bytes[at] as number) & 0x40) === 0) return;
  if (((bytes[systemAt] as number) & COUNTING_CHAPTERS) === 0) return;
  const systemEnd = systemAt + (readUint16(bytes, systemAt) & LENGTH_BITS);
  if (systemEnd > end || !fills(bytes, systemAt, systemEnd)) return;
  visitSystem(bytes, systemAt, systemEnd, (chapter, from, to) => {
    chapter.learn?.(bytes, from, to, system);
  });
}

function readChannel(
  bytes: Uint8Array,
  at: number,
  end: number,
  channel: number,
  state: StreamState | undefined,
  repair: JournalRepair | undefined,
): boolean {
  const contents = bytes[at + 2] as number;
  let controllersAt = -1;
  let notesAt = -1;
  let extrasAt = -1;
  let next = at + CHANNEL_HEADER_OCTETS;
  for (const chapter of CHANNEL_CHAPTERS) {
    if ((contents & chapter.bit) === 0) continue;
    if (chapter.letter === 'C') controllersAt = next;
    else if (chapter.letter === 'N') notesAt = next;
    else if (chapter.letter === 'E') extrasAt = next;
    next = chapter.end(bytes, next, end);
    if (next < 0) return false;
  }
  if (next !== end) return false;
  if (!state || !repair) return true;
  if (repair.single && ((bytes[at] as number) & 0x80) !== 0) return true;
  const channelState = state.channel(channel);
  repair.controllersAt = controllersAt;
  repair.notesAt = notesAt;
  repair.extrasAt = extrasAt;
  repair.pedalMoved = false;
  next = at + CHANNEL_HEADER_OCTETS;
  for (const chapter of CHANNEL_CHAPTERS) {
    if ((contents & chapter.bit) === 0) continue;
    const after = chapter.end(bytes, next, end);
    chapter.repair(bytes, next, after, channel, channelState, repair);
    next = after;
  }
  return true;
}

function readSystem(
  bytes: Uint8Array,
  at: number,
  end: number,
  state: StreamState | undefined,
  repair: JournalRepair | undefined,
): boolean {
  if (!fills(bytes, at, end)) return false;
  if (!state || !repair) return true;
  if (repair.single && ((bytes[at] as number) & 0x80) !== 0) return true;
  repairSystem(bytes, at, end, state, repair);
  return true;
}

/** The chapters end where the system journal does. */
function fills(bytes: Uint8Array, at: number, end: number): boolean {
  const header = bytes[at] as number;
  let next = at + SYSTEM_HEADER_OCTETS;
  for (const chapter of SYSTEM_CHAPTERS) {
    if ((header & chapter.bit) === 0) continue;
    next = chapter.end(bytes, next, end);
    if (next < 0) return false;
  }
  return next === end;
}

/** A lost Reset and lost SysEx come first: what they would undo is brought back after them. */
function repairSystem(
  bytes: Uint8Array,
  at: number,
  end: number,
  state: StreamState,
  repair: JournalRepair,
): void {
  const { system } = state;
  const { resetStates } = system;
  const begins = repair.joining && state.newest === 0;
  visitSystem(bytes, at, end, (chapter, from, to) => {
    if (!begins) chapter.repairReset?.(bytes, from, to, system, repair);
    if (chapter.letter === 'X') chapter.repair(bytes, from, to, system, repair);
  });
  if (system.resetStates !== resetStates) system.doubt();
  visitSystem(bytes, at, end, (chapter, from, to) => {
    if (chapter.letter !== 'X') chapter.repair(bytes, from, to, system, repair);
  });
}

function visitSystem(
  bytes: Uint8Array,
  at: number,
  end: number,
  visit: (chapter: SystemChapter, from: number, to: number) => void,
): void {
  const header = bytes[at] as number;
  let next = at + SYSTEM_HEADER_OCTETS;
  for (const chapter of SYSTEM_CHAPTERS) {
    if ((header & chapter.bit) === 0) continue;
    const after = chapter.end(bytes, next, end);
    visit(chapter, next, after);
    next = after;
  }
}
