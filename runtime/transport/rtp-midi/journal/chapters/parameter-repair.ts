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
import { ABSENT, emptyParameterLog, type ParameterLog, readParameterLog } from './parameter-log.ts';

/** More lost increments than this aren't made up for one by one. */
const MAX_PRESSES = 127;
const NULL_NUMBER = 127;
const HEADER_OCTETS = 2;
const PENDING = 0x40;
const OPEN = 0x20;
const ALL_NRPN = 0x08;
const LOW = 0x04;

/** Whether logs lack the octet with Q and PNUM-MSB, because the header says what is in it. */
export function hasShortLogs(header: number): boolean {
  return (header & LOW) !== 0 && (header & 0x18) !== 0;
}

export function repairParameters(
  bytes: Uint8Array,
  at: number,
  end: number,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  const header = bytes[at] as number;
  if (repair.single && (header & 0x80) !== 0) return;
  const short = hasShortLogs(header);
  const log = emptyParameterLog();
  log.nrpn = (header & ALL_NRPN) !== 0;
  let hasLog = false;
  let next = at + HEADER_OCTETS + ((header & PENDING) !== 0 ? 1 : 0);
  while (next < end) {
    next = readParameterLog(bytes, next, end, short, log);
    if (next < 0) return;
    hasLog = true;
    if (!(repair.single && log.settled)) repairLog(log, channel, state, repair);
  }
  if ((header & OPEN) !== 0) {
    if (hasLog) select(log.nrpn, log.msb, log.lsb, channel, state, repair);
  } else if ((header & PENDING) !== 0) {
    const field = bytes[at + HEADER_OCTETS] as number;
    selectHalf((field & 0x80) !== 0, field & 0x7f, channel, state, repair);
  } else {
    deselect(channel, state, repair);
  }
}

/** Selects the null parameter, unless none is selected. */
export function deselect(channel: number, state: ChannelState, repair: Repair): void {
  const { selection } = state.parameters;
  if (selection !== 'open' && selection !== 'pending') return;
  control(RPN_MSB, NULL_NUMBER, channel, repair);
  control(RPN_LSB, NULL_NUMBER, channel, repair);
}

function control(controller: number, value: number, channel: number, repair: Repair): void {
  repair.emit(channelMessage(STATUS.controlChange | channel, controller, value));
}

function selectHalf(
  nrpn: boolean,
  msb: number,
  channel: number,
  { parameters }: ChannelState,
  repair: Repair,
): void {
  const { selection } = parameters;
  const same = selection === 'pending' && parameters.nrpn === nrpn && parameters.msb === msb;
  if (!same) control(nrpn ? NRPN_MSB : RPN_MSB, msb, channel, repair);
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
  selectHalf(nrpn, msb, channel, state, repair);
  control(nrpn ? NRPN_LSB : RPN_LSB, lsb, channel, repair);
}

function repairLog(log: ParameterLog, channel: number, state: ChannelState, repair: Repair): void {
  const { nrpn, msb, lsb, entryMsb, entryLsb } = log;
  const held = state.parameters.find(nrpn, msb, lsb);
  const heldMsb = held?.entryMsb ?? ABSENT;
  const heldLsb = held?.entryLsb ?? ABSENT;
  const missing = log.buttons - (held?.buttons ?? 0);
  const hasEntry = entryMsb !== ABSENT || entryLsb !== ABSENT;
  const entered =
    (entryMsb !== ABSENT && entryMsb !== heldMsb) ||
    (entryLsb !== ABSENT && entryLsb !== heldLsb) ||
    // An MSB alone has cleared the LSB.
    (entryMsb !== ABSENT && entryLsb === ABSENT && heldLsb !== ABSENT) ||
    // The value was entered again, and fewer increments than ours have come since.
    (hasEntry && Math.abs(log.buttons) < Math.abs(missing));
  const presses = entered || !log.telling ? log.buttons : missing;
  if (entered || presses !== 0) {
    select(nrpn, msb, lsb, channel, state, repair);
    if (entered && entryMsb !== ABSENT) control(DATA_ENTRY_MSB, entryMsb, channel, repair);
    if (entered && entryLsb !== ABSENT) control(DATA_ENTRY_LSB, entryLsb, channel, repair);
    const count = Math.min(MAX_PRESSES, Math.abs(presses));
    for (let i = 0; i < count; i++) {
      control(presses > 0 ? DATA_INCREMENT : DATA_DECREMENT, 0, channel, repair);
    }
  } else if (!log.telling && log.count !== ABSENT && log.count !== (held?.transactions ?? 0)) {
    // Nothing is known of the missing transactions but that there were some.
    select(nrpn, msb, lsb, channel, state, repair);
  }
  const now = state.parameters.find(nrpn, msb, lsb);
  if (now && log.count !== ABSENT) now.transactions = log.count;
}
