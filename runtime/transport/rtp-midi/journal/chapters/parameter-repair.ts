/**
 * Chapter M, the receiver's side: which parameters did the missing packets change, and which one is selected now?
 *
 * Takes  a well-formed Chapter M and the channel's state.
 * Gives  Control Changes: a parameter's number and value where it differs, and at the end the sender's selection.
 * Spec   RFC 6295 appendix A.4.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import type { ChannelState } from '../channel-state.ts';
import { channelMessage, type Repair } from '../chapter.ts';
import {
  DATA_DECREMENT,
  DATA_ENTRY_LSB,
  DATA_ENTRY_MSB,
  DATA_INCREMENT,
  NRPN_LSB,
  NRPN_MSB,
  RPN_LSB,
  RPN_MSB,
} from '../controllers.ts';

/** More lost increments than this aren't made up for one by one. */
const MAX_PRESSES = 127;
const NULL_NUMBER = 127;
const ABSENT = -1;

/** The offset after the parameter log at `at`, or -1. `short`: without its MSB octet. */
export function parameterLogEnd(
  bytes: Uint8Array,
  at: number,
  end: number,
  short: boolean,
): number {
  const contentsAt = at + (short ? 1 : 2);
  if (contentsAt >= end) return -1;
  const contents = bytes[contentsAt] as number;
  const after =
    contentsAt +
    1 +
    ((contents & 0x80) !== 0 ? 1 : 0) +
    ((contents & 0x40) !== 0 ? 1 : 0) +
    ((contents & 0x20) !== 0 ? 2 : 0) +
    ((contents & 0x10) !== 0 ? 2 : 0) +
    ((contents & 0x08) !== 0 ? 1 : 0);
  return after <= end ? after : -1;
}

export function repairParameters(
  bytes: Uint8Array,
  at: number,
  end: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  const first = bytes[at] as number;
  if (repair.single && (first & 0x80) !== 0) return;
  const pending = (first & 0x40) !== 0;
  const open = (first & 0x20) !== 0;
  const allNrpn = (first & 0x08) !== 0;
  const short = (first & 0x04) !== 0 && (first & 0x18) !== 0;
  let next = at + 2 + (pending ? 1 : 0);
  let nrpn = false;
  let msb = ABSENT;
  let lsb = 0;
  while (next < end) {
    const log = next;
    next = parameterLogEnd(bytes, log, end, short);
    if (next < 0) return;
    lsb = (bytes[log] as number) & 0x7f;
    nrpn = short ? allNrpn : ((bytes[log + 1] as number) & 0x80) !== 0;
    msb = short ? 0 : (bytes[log + 1] as number) & 0x7f;
    if (repair.single && ((bytes[log] as number) & 0x80) !== 0) continue;
    repairLog(bytes, log + (short ? 1 : 2), nrpn, msb, lsb, channel, state, repair);
  }
  const { parameters } = state;
  if (open) {
    if (msb !== ABSENT) select(nrpn, msb, lsb, channel, state, repair);
  } else if (pending) {
    const field = bytes[at + 2] as number;
    const pendingNrpn = (field & 0x80) !== 0;
    const same =
      parameters.selection === 'pending' &&
      parameters.nrpn === pendingNrpn &&
      parameters.msb === (field & 0x7f);
    if (!same) control(pendingNrpn ? NRPN_MSB : RPN_MSB, field & 0x7f, channel, repair);
  } else if (parameters.selection === 'open' || parameters.selection === 'pending') {
    control(RPN_MSB, NULL_NUMBER, channel, repair);
    control(RPN_LSB, NULL_NUMBER, channel, repair);
  }
}

function control(controller: number, value: number, channel: number, repair: Repair): void {
  repair.emit(channelMessage(STATUS.controlChange | channel, controller, value));
}

function select(
  nrpn: boolean,
  msb: number,
  lsb: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  const { parameters } = state;
  const same =
    parameters.selection === 'open' &&
    parameters.nrpn === nrpn &&
    parameters.msb === msb &&
    parameters.lsb === lsb;
  if (same) return;
  control(nrpn ? NRPN_MSB : RPN_MSB, msb, channel, repair);
  control(nrpn ? NRPN_LSB : RPN_LSB, lsb, channel, repair);
}

function repairLog(
  bytes: Uint8Array,
  contentsAt: number,
  nrpn: boolean,
  msb: number,
  lsb: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  const contents = bytes[contentsAt] as number;
  let at = contentsAt + 1;
  const entryMsb = (contents & 0x80) !== 0 ? (bytes[at++] as number) & 0x7f : ABSENT;
  const entryLsb = (contents & 0x40) !== 0 ? (bytes[at++] as number) & 0x7f : ABSENT;
  let buttons = 0;
  const pressed = (contents & 0x20) !== 0;
  if (pressed) {
    const high = bytes[at] as number;
    buttons = (((high & 0x3f) << 8) | (bytes[at + 1] as number)) * ((high & 0x80) !== 0 ? -1 : 1);
  }
  const held = state.parameters.find(nrpn, msb, lsb);
  const entered =
    (entryMsb !== ABSENT && entryMsb !== (held?.entryMsb ?? ABSENT)) ||
    (entryLsb !== ABSENT && entryLsb !== (held?.entryLsb ?? ABSENT)) ||
    (entryMsb !== ABSENT && entryLsb === ABSENT && (held?.entryLsb ?? ABSENT) !== ABSENT);
  const presses = pressed ? buttons - (entered ? 0 : (held?.buttons ?? 0)) : 0;
  if (!entered && presses === 0) return;
  select(nrpn, msb, lsb, channel, state, repair);
  if (entered) {
    if (entryMsb !== ABSENT) control(DATA_ENTRY_MSB, entryMsb, channel, repair);
    if (entryLsb !== ABSENT) control(DATA_ENTRY_LSB, entryLsb, channel, repair);
  }
  const count = Math.min(MAX_PRESSES, Math.abs(presses));
  for (let i = 0; i < count; i++) {
    control(presses > 0 ? DATA_INCREMENT : DATA_DECREMENT, 0, channel, repair);
  }
}
