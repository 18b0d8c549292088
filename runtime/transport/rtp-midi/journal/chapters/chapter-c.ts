/**
 * Chapter C: Control Change, but for the parameter system (Chapter M).
 *
 * S LEN(7), then LEN + 1 logs, oldest first (controller-logs.ts). Every controller that is due is coded, also an LSB
 * older than its MSB and both of a pair that exclude each other; left out is what CC 121 has reset, but for the toggles of
 * switches, which a receiver would lose count of.
 * Spec   RFC 6295 appendix A.3; RFC 4696 section 7.3 for the repair.
 */
import { CONTROLLER } from '../../../../core/midi-message.ts';
import type { ChannelState } from '../channel-state.ts';
import { UNKNOWN } from '../channel-state.ts';
import { type ChannelChapter, type JournalView, logListEnd, sBit } from '../chapter.ts';
import { controllerTool, MONO_MODE } from '../controllers.ts';
import { NO_SLOT } from '../recency.ts';
import { repairControllers } from './controller-repair.ts';

const MAX_LOGS = 128;
const BANK_MSB = CONTROLLER.bankSelect;
const BANK_LSB = BANK_MSB + 32;
/** From here on, paired controllers exclude each other. */
const MODES = 124;

export const chapterC: ChannelChapter = {
  letter: 'C',
  bit: 0x40,
  write,
  end: logListEnd,
  repair: repairControllers,
};

function write(state: ChannelState, view: JournalView, out: Uint8Array, at: number): number {
  const { controllers } = state;
  const { stamps } = controllers;
  const { anchor } = view;
  let logs = 0;
  let oldest = NO_SLOT;
  let slot = controllers.newest;
  while (slot !== NO_SLOT && (stamps[slot] as number) > anchor) {
    oldest = slot;
    logs += logsOf(state, slot);
    slot = controllers.olderThan(slot);
  }
  const bank = undoesBank(state, anchor);
  const withMsb = bank && (stamps[BANK_MSB] as number) <= anchor;
  if (bank) logs += withMsb ? 2 : 1;
  if (logs === 0) return at;
  // Only if nearly all controllers are in use: what can be told less exactly is.
  const tight = logs > MAX_LOGS;
  let s = 0x80;
  let log = at + 1;
  for (slot = BANK_LSB; bank && slot >= BANK_MSB; slot -= BANK_LSB) {
    if (slot === BANK_MSB && !withMsb) break;
    const bit = sBit(view, stamps[slot] as number);
    s &= bit;
    log = writeLogs(state, slot, bit, tight, out, log);
  }
  for (slot = oldest; slot !== NO_SLOT; slot = controllers.newerThan(slot)) {
    if (tight && slot >= MODES && state.younger[slot] === 0) continue;
    const bit = sBit(view, stamps[slot] as number);
    s &= bit;
    log = writeLogs(state, slot, bit, tight, out, log);
  }
  out[at] = s | ((log - at - 1) / 2 - 1);
  return log;
}

/**
 * A program change that is due sets the receiver's bank back to what was in force at it. A CC 32 from before the CC 0 of
 * that bank is no part of it and must be coded too, however old it is.
 */
function undoesBank(state: ChannelState, anchor: number): boolean {
  const stamp = state.controllers.stamps[BANK_LSB] as number;
  return (
    state.programStamp > anchor &&
    state.programBankMsb !== UNKNOWN &&
    stamp !== 0 &&
    stamp <= anchor &&
    state.younger[BANK_LSB] === 0 &&
    state.values[BANK_LSB] !== state.programBankLsb
  );
}

function logsOf(state: ChannelState, controller: number): number {
  switch (controllerTool(controller)) {
    case 'value':
      return 1;
    case 'switch':
      return state.rests[controller] === 0 ? 2 : 1;
    case 'count':
      return hasValue(state, controller) ? 2 : 1;
  }
}

/** A counted command whose value says something. */
function hasValue(state: ChannelState, controller: number): boolean {
  return controller === MONO_MODE || state.values[controller] !== 0;
}

function writeLogs(
  state: ChannelState,
  controller: number,
  bit: number,
  tight: boolean,
  out: Uint8Array,
  log: number,
): number {
  const tool = controllerTool(controller);
  const first = bit | controller;
  if (tool === 'count') {
    out[log++] = first;
    out[log++] = 0xc0 | (state.counts[controller] as number);
    if (!hasValue(state, controller) || (tight && controller !== MONO_MODE)) return log;
  }
  const rests = state.rests[controller] !== 0;
  const toggleOnly = tool === 'switch' && (rests || (tight && controller !== CONTROLLER.sustain));
  if (!toggleOnly) {
    out[log++] = first;
    out[log++] = state.values[controller] as number;
  }
  if (tool !== 'switch') return log;
  out[log++] = first;
  out[log++] = 0x80 | state.ownToggles(controller);
  return log;
}
