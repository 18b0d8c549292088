/**
 * Chapter N: NoteOn and NoteOff.
 *
 * B LEN(7) LOW(4) HIGH(4), LEN logs S NOTENUM(7) Y VELOCITY(7) oldest first for keys that are down, then HIGH - LOW + 1
 * octets of bits for keys that are up, most significant bit first, from key 8 * LOW.
 * Spec   RFC 6295 appendix A.6; RFC 4696 section 7.2 for the repair.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import { CONTROLLER } from '../../../../core/midi-message.ts';
import { fromMillis, type Micros } from '../../../../core/time.ts';
import type { ChannelState } from '../channel-state.ts';
import { DEFAULT_RELEASE } from '../channel-state.ts';
import {
  type ChannelChapter,
  channelMessage,
  type JournalView,
  type Repair,
  sBit,
} from '../chapter.ts';
import { areNoMoreDue, isNoteDue } from '../due-notes.ts';
import { NO_SLOT } from '../recency.ts';
import { extraReference, extraRelease } from './chapter-e.ts';

/** A NoteOn this old, seen from the packet's timestamp, should no longer be played when it was lost (Y = 0). */
export const PLAY_HINT: Micros = fromMillis(100);
/** A receiver's own NoteOn this old can't be the one that Y = 1 calls simultaneous with the packet. */
const OLD_NOTE = fromMillis(250);
const HEADER_OCTETS = 2;
const DAMPER = CONTROLLER.sustain;
/** The highest reference count that Chapter E can tell. */
const MAX_COUNT = 127;
/** A key whose NoteOns overlap isn't struck more often than this to make up for them. */
const MAX_STRIKES = 16;

export const chapterN: ChannelChapter = {
  letter: 'N',
  bit: 0x08,
  write,
  end: chapterEnd,
  repair: repairNotes,
};

function write(state: ChannelState, view: JournalView, out: Uint8Array, at: number): number {
  const { notes, velocities } = state;
  let logs = 0;
  let low = 16;
  let high = -1;
  let oldest = NO_SLOT;
  for (let key = notes.newest; key !== NO_SLOT; key = notes.olderThan(key)) {
    if (areNoMoreDue(state, view, key)) break;
    if (!isNoteDue(state, view, key)) continue;
    oldest = key;
    if (velocities[key] !== 0) {
      logs++;
    } else {
      low = Math.min(low, key >> 3);
      high = Math.max(high, key >> 3);
    }
  }
  if (oldest === NO_SLOT) return at;
  let log = at + HEADER_OCTETS;
  const bits = log + 2 * logs;
  const end = bits + (high < 0 ? 0 : high - low + 1);
  out.fill(0, bits, end);
  for (let key = oldest; key !== NO_SLOT; key = notes.newerThan(key)) {
    if (!isNoteDue(state, view, key)) continue;
    const velocity = velocities[key] as number;
    if (velocity === 0) {
      const octet = bits + (key >> 3) - low;
      out[octet] = (out[octet] as number) | (0x80 >> (key & 7));
      continue;
    }
    out[log] = sBit(view, notes.stamps[key] as number) | key;
    const play = view.at - (state.noteOnAt[key] as number) <= PLAY_HINT;
    out[log + 1] = (play ? 0x80 : 0) | velocity;
    log += 2;
  }
  // B speaks of the NoteOffs in the packet before, whether or not one of them is coded here (A.6.1).
  const b = sBit(view, state.noteOffStamp);
  out[at] = b | Math.min(logs, 127);
  if (high >= 0) out[at + 1] = (low << 4) | high;
  else out[at + 1] = logs === 127 ? 0xf1 : 0xf0;
  return end;
}

function chapterEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at + HEADER_OCTETS > end) return -1;
  const bits = at + HEADER_OCTETS + 2 * logCount(bytes, at);
  const octets = bitOctets(bytes, at);
  if (octets < 0) return -1;
  return bits + octets <= end ? bits + octets : -1;
}

function logCount(bytes: Uint8Array, at: number): number {
  const count = (bytes[at] as number) & 0x7f;
  return count === 127 && bytes[at + 1] === 0xf0 ? 128 : count;
}

/** Octets of NoteOff bits, or -1 for a pair of LOW and HIGH that means nothing. */
function bitOctets(bytes: Uint8Array, at: number): number {
  const range = bytes[at + 1] as number;
  const low = range >> 4;
  const high = range & 0x0f;
  if (low <= high) return high - low + 1;
  return range === 0xf0 || range === 0xf1 ? 0 : -1;
}

function repairNotes(
  bytes: Uint8Array,
  at: number,
  _end: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  const logs = logCount(bytes, at);
  const firstLog = at + HEADER_OCTETS;
  const firstBits = firstLog + 2 * logs;
  const ended =
    repair.single && ((bytes[at] as number) & 0x80) !== 0
      ? false
      : endNotes(bytes, at, firstBits, channel, state, repair);
  // Whether the pedal held those notes isn't known when it moved in the missing packets: silence them (A.6.2).
  if (ended && repair.pedalMoved) liftDamper(channel, state, repair);
  for (let log = firstLog; log < firstBits; log += 2) {
    const first = bytes[log] as number;
    if (repair.single && (first & 0x80) !== 0) continue;
    const second = bytes[log + 1] as number;
    repairLog(bytes, first & 0x7f, second & 0x7f, (second & 0x80) !== 0, channel, state, repair);
  }
}

/** Lets go of what a damper pedal holds that is down. The state doesn't count that as the sender's doing. */
export function liftDamper(channel: number, state: ChannelState, repair: Repair): void {
  if (!state.isOn(DAMPER)) return;
  const toggles = state.toggles[DAMPER] as number;
  const value = state.values[DAMPER] as number;
  repair.emit(channelMessage(STATUS.controlChange | channel, DAMPER, 0));
  repair.emit(channelMessage(STATUS.controlChange | channel, DAMPER, value));
  state.toggles[DAMPER] = toggles;
}

function endNotes(
  bytes: Uint8Array,
  at: number,
  firstBits: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): boolean {
  const low = (bytes[at + 1] as number) >> 4;
  const octets = bitOctets(bytes, at);
  let ended = false;
  for (let octet = 0; octet < octets; octet++) {
    const bits = bytes[firstBits + octet] as number;
    for (let bit = 0; bits !== 0 && bit < 8; bit++) {
      if ((bits & (0x80 >> bit)) === 0) continue;
      if (endNote(bytes, 8 * (low + octet) + bit, channel, state, repair)) ended = true;
    }
  }
  return ended;
}

/** True when a key that was down is up now. */
function endNote(
  bytes: Uint8Array,
  key: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): boolean {
  const held = state.references[key] as number;
  const references = referencesAfter(bytes, repair, key, held, 0);
  const down = state.velocities[key] !== 0;
  if (down || held > references) {
    const release = extraRelease(bytes, repair.extrasAt, key, DEFAULT_RELEASE);
    const noteOff = channelMessage(STATUS.noteOff | channel, key, release);
    const excess = Math.min(held - references, MAX_COUNT);
    for (let i = Math.max(1, excess); i > 0; i--) repair.emit(noteOff);
  }
  // NoteOns that nobody heard count as well: their NoteOffs will come.
  state.references[key] = references;
  return down;
}

/** How many NoteOns of a key wait for their NoteOff, by Chapter E; `otherwise` when it doesn't say. */
function referencesAfter(
  bytes: Uint8Array,
  repair: Repair,
  key: number,
  held: number,
  otherwise: number,
): number {
  const references = extraReference(bytes, repair.extrasAt, key, otherwise);
  // The highest count stands for itself and all above.
  return references === MAX_COUNT ? Math.max(held, references) : references;
}

function repairLog(
  bytes: Uint8Array,
  key: number,
  velocity: number,
  play: boolean,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  // A NoteOn of velocity 0 must not be here; nothing good can come of guessing what was meant.
  if (velocity === 0) return;
  const held = state.references[key] as number;
  const references = Math.max(1, referencesAfter(bytes, repair, key, held, 1));
  const down = state.velocities[key] as number;
  const same = down === velocity && held === references;
  if (same && !isOther(key, play, state, repair)) return;
  // Notes that are over make room for the one that sounds now.
  const excess = held > 0 || down !== 0 ? Math.min(held - references + 1, MAX_COUNT) : 0;
  const noteOff = channelMessage(STATUS.noteOff | channel, key, DEFAULT_RELEASE);
  for (let i = 0; i < excess; i++) repair.emit(noteOff);
  const noteOn = channelMessage(STATUS.noteOn | channel, key, velocity);
  if (play && repair.inTime) {
    const missing = references - (state.references[key] as number);
    // Y = 1 speaks of the newest one; the others may be older than a receiver that joins.
    const strikes = Math.min(missing, repair.joining ? 1 : MAX_STRIKES);
    for (let i = strikes; i > 0; i--) repair.emit(noteOn);
  } else {
    repair.assume(noteOn);
  }
  state.references[key] = references;
}

/** The key is down at the same velocity, and yet it is another NoteOn that holds it. */
function isOther(key: number, play: boolean, state: ChannelState, repair: Repair): boolean {
  if ((state.notes.stamps[key] as number) < repair.checkpoint) return true;
  return play && repair.at - (state.noteOnAt[key] as number) > OLD_NOTE;
}

/** Whether the Chapter N at `at` has a log or a bit for this key; -1: there is no Chapter N. */
export function mentionsKey(bytes: Uint8Array, at: number, key: number): boolean {
  if (at < 0) return false;
  const firstBits = at + HEADER_OCTETS + 2 * logCount(bytes, at);
  for (let log = at + HEADER_OCTETS; log < firstBits; log += 2) {
    if (((bytes[log] as number) & 0x7f) === key) return true;
  }
  const octet = (key >> 3) - ((bytes[at + 1] as number) >> 4);
  if (octet < 0 || octet >= bitOctets(bytes, at)) return false;
  return ((bytes[firstBits + octet] as number) & (0x80 >> (key & 7))) !== 0;
}
