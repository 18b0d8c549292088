/**
 * Chapter X: System Exclusive, a log for each command of the checkpoint history (the list tool), oldest first.
 *
 * Every log has COUNT, so that a receiver can tell which commands it knows. Finished MTC Full Frames are counted, but
 * coded in Chapter F. When the chapter is too long, the oldest logs are left out and the oldest of the others is cut
 * short: that is against the letter of B.5.2, counted (`shed`), and without harm: COUNT and FIRST show it.
 * Spec   RFC 6295 appendices B.5 and A.1. The repair is in sysex-repair.ts.
 */
import { type JournalView, type SystemChapter, sBit } from '../chapter.ts';
import type { SysExHistory } from '../sysex-history.ts';
import {
  emptySysExLog,
  firstOfLog,
  LOG_OVERHEAD,
  readSysExLog,
  sysExLogOctets,
  writeSysExLog,
} from './sysex-log.ts';
import { repairSysEx } from './sysex-repair.ts';

/** With these, and all that the other system chapters can take, the system journal keeps to its LENGTH. */
export const SYSEX_OCTETS = 1_000;
/** What remains of a chapter that is to be as short as can be. */
export const SYSEX_LEAST = 32;
/** COUNT tells so many commands apart. */
const MAX_LOGS = 255;

export const chapterX: SystemChapter = {
  letter: 'X',
  bit: 0x04,

  write(state, view, out, at) {
    const history = state.sysEx;
    const oldest = history.oldestAfter(view.confirmed);
    if (oldest === history.begun) return at;
    let room = view.sysExRoom ?? SYSEX_OCTETS;
    let logs = 0;
    let newest = -1;
    let from = history.begun;
    let cut = 0;
    for (let index = history.begun - 1; index >= oldest; index--) {
      if (history.isFullFrame(index)) continue;
      const octets = sysExLogOctets(history, index, firstOfLog(history, index, view.confirmed));
      if (newest < 0) newest = index;
      if (octets > room || logs === MAX_LOGS) {
        const tail = room - LOG_OVERHEAD;
        if (tail > 0 && logs < MAX_LOGS) {
          from = index;
          cut = history.lengthOf(index) - tail;
        }
        history.shed++;
        break;
      }
      room -= octets;
      from = index;
      logs++;
    }
    if (from === history.begun) return at;
    const end = writeLogs(history, view, from, cut, newest, out, at);
    view.sysExOctets = end - at;
    return end;
  },

  end(bytes, at, end) {
    const log = emptySysExLog();
    let next = at;
    do {
      if (!readSysExLog(bytes, next, end, log)) return -1;
      next = log.end;
    } while (next < end);
    return next;
  },

  repair(bytes, at, end, state, repair) {
    repairSysEx(bytes, at, end, state.sysEx, repair);
  },
};

/** `cut`: the first log's DATA begins there, or after. */
function writeLogs(
  history: SysExHistory,
  view: JournalView,
  from: number,
  cut: number,
  newest: number,
  out: Uint8Array,
  at: number,
): number {
  for (let index = from; index <= newest; index++) {
    if (history.isFullFrame(index)) continue;
    const first = firstOfLog(history, index, view.confirmed);
    // The first log's S is that of the chapter: 0 if any log's is, and then the newest log's is.
    const s = sBit(view, history.stampOf(index === from ? newest : index));
    at = writeSysExLog(history, index, index === from ? Math.max(first, cut) : first, s, out, at);
  }
  return at;
}
