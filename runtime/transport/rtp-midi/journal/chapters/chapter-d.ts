/**
 * Chapter D: Reset, Tune Request and Song Select; and the undefined commands F4, F5, F9 and FD, which are only read.
 *
 * S B G H J K Y Z, then a log for each bit that is set: Reset S COUNT(7), Tune Request S COUNT(7), Song Select S VALUE(7),
 * F4 and F5 S C V L DSZ(2) LENGTH(10) with COUNT(8), VALUE and LEGAL, F9 and FD S C L LENGTH(5) with COUNT(8) and LEGAL.
 * Repair: a Reset is played if the count differs, before all else, and clears the state; what was sent since is in the
 * rest of the journal. A Tune Request is played once however many are missing. To one who joins, both are over.
 * Spec   RFC 6295 appendix B.1.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import { readUint16 } from '../../rtp-header.ts';
import { type JournalView, type SystemChapter, sBit, systemMessage } from '../chapter.ts';
import type { SystemState } from '../system-state.ts';

const RESET = 0x40;
const TUNE_REQUEST = 0x20;
const SONG_SELECT = 0x10;
/** Their logs are one octet each. */
const SHORT: readonly number[] = [RESET, TUNE_REQUEST, SONG_SELECT];
/** F4 and F5. */
const UNDEFINED_COMMON: readonly number[] = [0x08, 0x04];
/** F9 and FD. */
const UNDEFINED_REAL_TIME: readonly number[] = [0x02, 0x01];

export const chapterD: SystemChapter = {
  letter: 'D',
  bit: 0x40,
  write,
  end: chapterEnd,

  repairReset(bytes, at, _end, { resets }, repair) {
    const header = bytes[at] as number;
    if ((header & RESET) === 0 || (repair.single && (header & 0x80) !== 0)) return;
    const log = bytes[at + 1] as number;
    if (repair.single && (log & 0x80) !== 0) return;
    if (resets.misses(log, repair.checkpoint)) repair.emit(systemMessage(STATUS.systemReset));
    resets.assume(log);
  },

  repair(bytes, at, _end, state, repair) {
    const header = bytes[at] as number;
    if (repair.single && (header & 0x80) !== 0) return;
    let next = at + 1;
    for (const kind of SHORT) {
      if ((header & kind) === 0) continue;
      const log = bytes[next++] as number;
      if (repair.single && (log & 0x80) !== 0) continue;
      if (kind === RESET) {
        // What was sent before it is counted, but no log tells.
        if (repair.joining) state.doubt();
        state.resets.assume(log);
      } else if (kind === TUNE_REQUEST) {
        const missing = state.tuneRequests.misses(log, repair.checkpoint);
        if (missing && !repair.joining) repair.emit(systemMessage(STATUS.tuneRequest));
        state.tuneRequests.assume(log);
      } else if (state.song !== (log & 0x7f)) {
        repair.emit(systemMessage(STATUS.songSelect, log & 0x7f));
      }
    }
  },

  learn(bytes, at, _end, { resets, tuneRequests }) {
    const header = bytes[at] as number;
    let next = at + 1;
    if ((header & RESET) !== 0) resets.assume(bytes[next++] as number);
    if ((header & TUNE_REQUEST) !== 0) tuneRequests.assume(bytes[next] as number);
  },
};

function write(state: SystemState, view: JournalView, out: Uint8Array, at: number): number {
  const { resets, tuneRequests } = state;
  let logs = 0;
  let s = 0x80;
  let next = at + 1;
  if (resets.stamp > view.anchor) {
    logs |= RESET;
    s &= sBit(view, resets.stamp);
    out[next++] = sBit(view, resets.stamp) | resets.count;
  }
  if (tuneRequests.stamp > view.anchor) {
    logs |= TUNE_REQUEST;
    s &= sBit(view, tuneRequests.stamp);
    out[next++] = sBit(view, tuneRequests.stamp) | tuneRequests.count;
  }
  if (state.songStamp > view.anchor) {
    logs |= SONG_SELECT;
    s &= sBit(view, state.songStamp);
    out[next++] = sBit(view, state.songStamp) | state.song;
  }
  if (logs === 0) return at;
  out[at] = s | logs;
  return next;
}

function chapterEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  const header = bytes[at] as number;
  if ((header & 0x7f) === 0) return -1;
  let next = at + 1;
  for (const kind of SHORT) {
    if ((header & kind) !== 0) next++;
  }
  if (next > end) return -1;
  for (const kind of UNDEFINED_COMMON) {
    if ((header & kind) !== 0) next = commonEnd(bytes, next, end);
    if (next < 0) return -1;
  }
  for (const kind of UNDEFINED_REAL_TIME) {
    if ((header & kind) !== 0) next = realTimeEnd(bytes, next, end);
    if (next < 0) return -1;
  }
  return next;
}

/** The offset after a log of F4 or F5 by its LENGTH; -1 when its fields don't fill it. */
function commonEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + 2 > end) return -1;
  const header = readUint16(bytes, at);
  const after = at + (header & 0x03ff);
  if (after > end) return -1;
  let fields = at + 2 + ((header & 0x4000) !== 0 ? 1 : 0);
  if ((header & 0x2000) !== 0) {
    while (fields < after && ((bytes[fields] as number) & 0x80) === 0) fields++;
    fields++;
  }
  return fits(fields, after, (header & 0x1000) !== 0);
}

/** The same for F9 or FD. */
function realTimeEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  const header = bytes[at] as number;
  const after = at + (header & 0x1f);
  if (after > end) return -1;
  return fits(at + 1 + ((header & 0x40) !== 0 ? 1 : 0), after, (header & 0x20) !== 0);
}

/** Only a LEGAL field, whose inside nobody knows yet, may follow the others. */
function fits(fields: number, after: number, legal: boolean): number {
  return fields === after || (legal && fields < after) ? after : -1;
}
