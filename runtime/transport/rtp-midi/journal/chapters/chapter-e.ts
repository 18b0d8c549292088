/**
 * Chapter E: what Chapter N can't tell of a note: release velocity, and NoteOns that overlap.
 *
 * S LEN(7), then LEN + 1 logs S NOTENUM(7) V COUNT/VEL(7), oldest first; V = 1 a release velocity, V = 0 how many
 * NoteOns are without their NoteOff. Chapter N's repair reads it; there is nothing else to repair.
 * Spec   RFC 6295 appendix A.7.
 */
import { type ChannelState, DEFAULT_RELEASE } from '../channel-state.ts';
import { type ChannelChapter, type JournalView, logListEnd, sBit } from '../chapter.ts';
import { areNoMoreDue, isNoteDue } from '../due-notes.ts';
import { NO_SLOT } from '../recency.ts';

const MAX_LOGS = 128;
const MAX_COUNT = 127;

export const chapterE: ChannelChapter = {
  letter: 'E',
  bit: 0x04,
  write,
  end: logListEnd,
  repair() {},
};

function write(state: ChannelState, view: JournalView, out: Uint8Array, at: number): number {
  const { notes, velocities, references, releases } = state;
  let counts = 0;
  let velocityLogs = 0;
  let oldest = NO_SLOT;
  for (let key = notes.newest; key !== NO_SLOT; key = notes.olderThan(key)) {
    if (areNoMoreDue(state, view, key)) break;
    if (!isNoteDue(state, view, key)) continue;
    oldest = key;
    if (needsCount(velocities[key] as number, references[key] as number)) counts++;
    if (needsRelease(velocities[key] as number, releases[key] as number)) velocityLogs++;
  }
  // Release velocities give way first when the list would be too long (A.7.2): the oldest of them.
  let spare = Math.max(0, counts + velocityLogs - MAX_LOGS);
  const total = counts + velocityLogs - spare;
  if (total === 0) return at;
  let s = 0x80;
  let log = at + 1;
  for (let key = oldest; key !== NO_SLOT; key = notes.newerThan(key)) {
    if (!isNoteDue(state, view, key)) continue;
    const velocity = velocities[key] as number;
    if (needsCount(velocity, references[key] as number)) {
      const bit = sBit(view, notes.stamps[key] as number);
      s &= bit;
      out[log] = bit | key;
      out[log + 1] = Math.min(MAX_COUNT, references[key] as number);
      log += 2;
    }
    if (!needsRelease(velocity, releases[key] as number)) continue;
    if (spare > 0) {
      spare--;
      continue;
    }
    const bit = sBit(view, notes.stamps[key] as number);
    s &= bit;
    out[log] = bit | key;
    out[log + 1] = 0x80 | (releases[key] as number);
    log += 2;
  }
  out[at] = s | (total - 1);
  return log;
}

function needsCount(velocity: number, references: number): boolean {
  return references > (velocity === 0 ? 0 : 1);
}

function needsRelease(velocity: number, release: number): boolean {
  return velocity === 0 && release !== DEFAULT_RELEASE;
}

/** The reference count that Chapter E at `at` gives for a key; `otherwise` when it gives none. */
export function extraReference(
  bytes: Uint8Array,
  at: number,
  key: number,
  otherwise: number,
): number {
  return find(bytes, at, key, 0, otherwise);
}

/** The release velocity that Chapter E at `at` gives for a key. */
export function extraRelease(
  bytes: Uint8Array,
  at: number,
  key: number,
  otherwise: number,
): number {
  return find(bytes, at, key, 0x80, otherwise);
}

function find(bytes: Uint8Array, at: number, key: number, v: number, otherwise: number): number {
  if (at < 0) return otherwise;
  const end = at + 1 + 2 * (((bytes[at] as number) & 0x7f) + 1);
  for (let log = at + 1; log < end; log += 2) {
    const value = bytes[log + 1] as number;
    if (((bytes[log] as number) & 0x7f) === key && (value & 0x80) === v) return value & 0x7f;
  }
  return otherwise;
}
