/**
 * Chapter M: registered and non-registered parameters.
 *
 * S P E U W Z LENGTH(10), Q PENDING(7) if P, then logs, oldest transaction first: S PNUM-LSB(7) Q PNUM-MSB(7), a table
 * of contents J K L M N T V R and its fields. Sent with the value tool only; with U, W and Z never set.
 * Spec   RFC 6295 appendix A.4.
 */
import type { ChannelState } from '../channel-state.ts';
import { type ChannelChapter, type JournalView, sBit } from '../chapter.ts';
import type { Parameter } from '../parameters.ts';
import { parameterLogEnd, repairParameters } from './parameter-repair.ts';

const HEADER_OCTETS = 2;
const VALUE_TOOL = 0x02;

export const chapterM: ChannelChapter = {
  letter: 'M',
  bit: 0x20,
  write,
  end,
  repair: repairParameters,
};

function write(state: ChannelState, view: JournalView, out: Uint8Array, at: number): number {
  const { parameters } = state;
  const { list, selection, selectionStamp } = parameters;
  let first = list.length;
  while (first > 0 && (list[first - 1]?.stamp ?? 0) > view.anchor) first--;
  const lone = (selection === 'pending' || selection === 'null') && selectionStamp > view.anchor;
  if (first === list.length && !lone) return at;

  const pending = selection === 'pending';
  let s = selectionStamp > view.previous ? sBit(view, selectionStamp) : 0x80;
  let next = at + HEADER_OCTETS;
  if (pending) out[next++] = (parameters.nrpn ? 0x80 : 0) | parameters.msb;
  for (let i = first; i < list.length; i++) {
    const parameter = list[i] as Parameter;
    const bit = sBit(view, parameter.stamp);
    s &= bit;
    next = writeLog(parameter, bit, out, next);
  }
  const length = next - at;
  out[at] = s | (pending ? 0x40 : 0) | (selection === 'open' ? 0x20 : 0) | (length >> 8);
  out[at + 1] = length & 0xff;
  return next;
}

function writeLog(parameter: Parameter, bit: number, out: Uint8Array, at: number): number {
  out[at] = bit | parameter.lsb;
  out[at + 1] = (parameter.nrpn ? 0x80 : 0) | parameter.msb;
  let contents = VALUE_TOOL;
  let next = at + 3;
  if (parameter.entryMsb >= 0) {
    contents |= 0x80;
    out[next++] = (parameter.entryMsbBeforeReset ? 0x80 : 0) | parameter.entryMsb;
  }
  if (parameter.entryLsb >= 0) {
    contents |= 0x40;
    out[next++] = (parameter.entryLsbBeforeReset ? 0x80 : 0) | parameter.entryLsb;
  }
  if (parameter.pressed) {
    contents |= 0x20;
    next = writeButtons(parameter.buttons, parameter.buttonsBeforeReset, out, next);
    if (!parameter.buttonsBeforeReset && parameter.buttons !== parameter.buttonsSinceReset) {
      contents |= 0x10;
      next = writeButtons(parameter.buttonsSinceReset, false, out, next);
    }
  }
  out[at + 2] = contents;
  return next;
}

/** G X and a magnitude of 14 bits. */
function writeButtons(sum: number, beforeReset: boolean, out: Uint8Array, at: number): number {
  const magnitude = Math.abs(sum);
  out[at] = (sum < 0 ? 0x80 : 0) | (beforeReset ? 0x40 : 0) | (magnitude >> 8);
  out[at + 1] = magnitude & 0xff;
  return at + 2;
}

function end(bytes: Uint8Array, at: number, limit: number): number {
  if (at + HEADER_OCTETS > limit) return -1;
  const first = bytes[at] as number;
  const after = at + (((first & 0x03) << 8) | (bytes[at + 1] as number));
  let next = at + HEADER_OCTETS + ((first & 0x40) !== 0 ? 1 : 0);
  if (after > limit || next > after) return -1;
  const short = (first & 0x04) !== 0 && (first & 0x18) !== 0;
  while (next < after) {
    next = parameterLogEnd(bytes, next, after, short);
    if (next < 0) return -1;
  }
  return after;
}
