/**
 * What a receiver does about Chapter X: finds the commands that it lacks, and completes the one it has a part of.
 *
 * A command is told by COUNT. Where that can't be (others don't send it, or it is not known how many were missed), logs
 * are laid beside the commands received last: what follows the newest of those is new. So a command may be lost that says
 * the same as one before it, but none is played twice, and none whose octets are not all known.
 * Spec   RFC 6295 appendix B.5. TCOUNT and recency logs are read; the order of the logs says what it needs.
 */
import type { Repair } from '../chapter.ts';
import { SYSEX_STATUS, type SysExHistory } from '../sysex-history.ts';
import { emptySysExLog, NO_COUNT, readSysExLog, type SysExLog } from './sysex-log.ts';

/** To one who joins, a history of more packets than this is not his own. */
const RECENT = 256;
/** A count that is further ahead is rather behind: it can't be trusted. */
const MOST_AHEAD = 191;
const NONE = -1;

/** Where in a chapter what is new begins, and where the log of the command is that is being received. */
interface Place {
  newAt: number;
  openAt: number;
  /** COUNT of the last log. */
  count: number;
}

export function repairSysEx(
  bytes: Uint8Array,
  at: number,
  end: number,
  history: SysExHistory,
  repair: Repair,
): void {
  if (repair.single && ((bytes[at] as number) & 0x80) !== 0) return;
  const stamp = (repair.packet ?? 1) - 1;
  const log = emptySysExLog();
  const place = repair.joining
    ? placeAll(bytes, at, end, log)
    : findPlace(bytes, at, end, history, log);
  if (history.open) {
    if (place.openAt >= 0 && readSysExLog(bytes, place.openAt, end, log))
      resume(bytes, log, history, repair, stamp);
    else lose(history, stamp);
  }
  const plays = !repair.joining || stamp - repair.checkpoint < RECENT;
  for (let next = place.newAt; next < end; next = log.end) {
    if (!readSysExLog(bytes, next, end, log)) return;
    if (log.count !== NO_COUNT) history.expect(log.count);
    if (plays || log.status === SYSEX_STATUS.unfinished) take(bytes, log, history, repair, stamp);
  }
  if (place.count === NO_COUNT) history.loseCount();
  else history.renumber(place.count);
}

/** All is new. */
function placeAll(bytes: Uint8Array, at: number, end: number, log: SysExLog): Place {
  for (let next = at; next < end && readSysExLog(bytes, next, end, log); next = log.end);
  return { newAt: at, openAt: NONE, count: log.count };
}

function findPlace(
  bytes: Uint8Array,
  at: number,
  end: number,
  history: SysExHistory,
  log: SysExLog,
): Place {
  let counted = history.number >= 0;
  log.count = NO_COUNT;
  for (let next = at; next < end && readSysExLog(bytes, next, end, log); next = log.end) {
    if (log.count === NO_COUNT) counted = false;
  }
  const place: Place = { newAt: at, openAt: NONE, count: log.count };
  const ahead = (place.count - history.number) & 0xff;
  if (ahead > MOST_AHEAD) counted = false;
  for (let next = at; next < end && readSysExLog(bytes, next, end, log); next = log.end) {
    const distance = (log.count - history.number) & 0xff;
    const isOpen = counted ? distance === 0 : continues(bytes, log, history);
    if (isOpen) place.openAt = next;
    const isKnown = counted
      ? distance === 0 || distance > ahead
      : isOpen || isInHistory(bytes, log, history);
    if (isKnown) place.newAt = log.end;
  }
  return place;
}

/** The last log of a chapter, nothing being missing before it: whether it says the same of the command that is open. */
export function confirmsSysEx(bytes: Uint8Array, log: SysExLog, history: SysExHistory): boolean {
  const octets = log.first + log.end - log.dataAt;
  return continues(bytes, log, history) && octets === history.partial.length;
}

/** Whether the log may be that of the command being received: it joins on to what is known, and says the same. */
function continues(bytes: Uint8Array, log: SysExLog, history: SysExHistory): boolean {
  const { partial } = history;
  const to = log.hasData ? log.end : log.dataAt;
  return (
    partial.open &&
    log.first <= partial.length &&
    log.first + to - log.dataAt >= partial.length &&
    partial.agrees(log.first, bytes, log.dataAt, to)
  );
}

function isInHistory(bytes: Uint8Array, log: SysExLog, history: SysExHistory): boolean {
  if (log.status < SYSEX_STATUS.droppedEnd) return false;
  for (let index = history.begun - 1; index >= history.oldestKept; index--) {
    if (history.isSame(index, log.first, bytes, log.dataAt, log.end)) return true;
  }
  return false;
}

/** The rest of the command that is being received, or more of it. */
function resume(
  bytes: Uint8Array,
  log: SysExLog,
  history: SysExHistory,
  repair: Repair,
  stamp: number,
): void {
  const { partial } = history;
  if (log.status === SYSEX_STATUS.cancelled) {
    history.abandon(stamp);
    return;
  }
  // Without DATA, no octet of it is in what the journal covers.
  if (log.hasData) {
    const known = partial.length - log.first;
    const fits = continues(bytes, log, history);
    if (!fits || !partial.append(bytes, log.dataAt + known, log.end)) {
      lose(history, stamp);
      return;
    }
    history.append(bytes, log.dataAt + known, log.end, stamp);
    history.doubted = false;
  }
  if (log.status !== SYSEX_STATUS.unfinished)
    repair.emit({ kind: 'sysEx', data: partial.finish() });
}

/** A command of which nothing had come. */
function take(
  bytes: Uint8Array,
  log: SysExLog,
  history: SysExHistory,
  repair: Repair,
  stamp: number,
): void {
  const { partial } = history;
  history.begin(stamp);
  if (log.status === SYSEX_STATUS.cancelled) {
    history.abandon(stamp);
    return;
  }
  partial.begin();
  if (log.first > 0 || (log.hasData && !partial.append(bytes, log.dataAt, log.end))) {
    lose(history, stamp);
    return;
  }
  if (log.hasData) history.append(bytes, log.dataAt, log.end, stamp);
  if (log.status !== SYSEX_STATUS.unfinished)
    repair.emit({ kind: 'sysEx', data: partial.finish() });
}

function lose(history: SysExHistory, stamp: number): void {
  history.lost++;
  history.abandon(stamp);
}
