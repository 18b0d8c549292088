/**
 * Chapter C: Control Change, but for the parameter system (Chapter M).
 *
 * S LEN(7), then LEN + 1 logs S NUMBER(7) A VALUE/ALT(7), oldest first. A = 0 a value; A = 1, T = 0 a toggle count;
 * A = 1, T = 1 a command count, both modulo 64. Several logs of one command stand as count, value, toggle.
 * Spec   RFC 6295 appendix A.3; RFC 4696 section 7.3 for the repair.
 */
import { CONTROLLER } from '../../../../core/midi-message.ts';
import type { ChannelState } from '../channel-state.ts';
import { UNKNOWN } from '../channel-state.ts';
import { type ChannelChapter, type JournalView, logListEnd, sBit } from '../chapter.ts';
import { controllerTool } from '../controllers.ts';
import { NO_SLOT } from '../recency.ts';
import { repairControllers } from './controller-repair.ts';

const MAX_LOGS = 128;
const BANK_MSB = CONTROLLER.bankSelect;
const BANK_LSB = BANK_MSB + 32;

export const chapterC: ChannelChapter = {
  letter: 'C',
  bit: 0x40,
  write,
  end: logListEnd,
  repair: repairControllers,
};

function write(state: ChannelState, view: JournalView, out: Uint8Array, at: number): number {
  const { controllers } = state;
  // A program change that is due sets the receiver's bank back to what was in force at it. A Bank Select that is
  // not part of that must be coded too, however old it is.
  const bank = state.programStamp > view.anchor && state.programBankMsb !== UNKNOWN;
  let due = 0;
  let extra = 0;
  let slot = controllers.newest;
  let oldest = NO_SLOT;
  for (; slot !== NO_SLOT; slot = controllers.olderThan(slot)) {
    if ((controllers.stamps[slot] as number) <= view.anchor) {
      if (!bank) break;
      if (slot !== BANK_MSB && slot !== BANK_LSB) continue;
    }
    oldest = slot;
    due++;
    extra += toolLogs(slot) - 1;
  }
  if (due === 0) return at;
  const single = due + extra > MAX_LOGS;
  let s = 0x80;
  let log = at + 1;
  for (slot = oldest; slot !== NO_SLOT; slot = controllers.newerThan(slot)) {
    const stamp = controllers.stamps[slot] as number;
    if (stamp <= view.anchor && slot !== BANK_MSB && slot !== BANK_LSB) continue;
    const bit = sBit(view, stamp);
    s &= bit;
    log = writeLogs(state, slot, bit, single, out, log);
  }
  out[at] = s | ((log - at - 1) / 2 - 1);
  return log;
}

function toolLogs(controller: number): number {
  const tool = controllerTool(controller);
  return tool === 'switch' || tool === 'countAndValue' ? 2 : 1;
}

function writeLogs(
  state: ChannelState,
  controller: number,
  bit: number,
  single: boolean,
  out: Uint8Array,
  log: number,
): number {
  const tool = controllerTool(controller);
  if (tool === 'count' || tool === 'countAndValue') {
    out[log++] = bit | controller;
    out[log++] = 0xc0 | (state.counts[controller] as number);
    if (tool === 'count' || single) return log;
  }
  out[log++] = bit | controller;
  out[log++] = state.values[controller] as number;
  if (tool !== 'switch' || single) return log;
  out[log++] = bit | controller;
  out[log++] = 0x80 | (state.toggles[controller] as number);
  return log;
}
