/**
 * Chapter P: Program Change, with the bank that was in force at it.
 *
 * S PROGRAM(7) · B BANK-MSB(7) · X BANK-LSB(7): three octets. B = 1: a CC 0 came before it; the LSB is that of a CC 32
 * between the two. X = 1: so did a CC 121, which leaves banks alone.
 * Spec   RFC 6295 appendix A.2; RFC 4696 section 7.4 for the repair.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import { CONTROLLER } from '../../../../core/midi-message.ts';
import { type ChannelState, UNKNOWN } from '../channel-state.ts';
import { type ChannelChapter, channelMessage, type Repair, sBit } from '../chapter.ts';
import { hasController } from './controller-logs.ts';

const OCTETS = 3;
const BANK_MSB = CONTROLLER.bankSelect;
const BANK_LSB = BANK_MSB + 32;

export const chapterP: ChannelChapter = {
  letter: 'P',
  bit: 0x80,

  write(state, view, out, at) {
    if (state.programStamp <= view.anchor) return at;
    out[at] = sBit(view, state.programStamp) | state.program;
    if (state.programBankMsb === UNKNOWN) {
      out[at + 1] = 0;
      out[at + 2] = 0;
    } else {
      out[at + 1] = 0x80 | state.programBankMsb;
      out[at + 2] = (state.programAfterReset ? 0x80 : 0) | state.programBankLsb;
    }
    return at + OCTETS;
  },

  end(_bytes, at, end) {
    return at + OCTETS <= end ? at + OCTETS : -1;
  },

  repair(bytes, at, _end, channel, state, repair) {
    const first = bytes[at] as number;
    if (repair.single && (first & 0x80) !== 0) return;
    const program = first & 0x7f;
    const hasBank = ((bytes[at + 1] as number) & 0x80) !== 0;
    const msb = (bytes[at + 1] as number) & 0x7f;
    const lsb = (bytes[at + 2] as number) & 0x7f;
    const sameProgram =
      state.program === program &&
      (!hasBank || (state.programBankMsb === msb && state.programBankLsb === lsb));
    const otherMsb = state.bankMsb !== msb;
    const otherLsb = Math.max(0, state.bankLsb) !== lsb;
    if (hasBank && (otherMsb || otherLsb)) {
      // What Chapter C doesn't log as newer is also the bank that waits for the next program.
      const logsMsb = hasController(bytes, repair.controllersAt ?? -1, BANK_MSB);
      const logsLsb = hasController(bytes, repair.controllersAt ?? -1, BANK_LSB);
      const waits = !logsMsb && (otherMsb || !logsLsb);
      if (!sameProgram || waits) selectBank(msb, lsb, logsLsb, channel, state, repair);
    }
    if (!sameProgram) repair.emit(channelMessage(STATUS.programChange | channel, program, 0));
  },
};

function selectBank(
  msb: number,
  lsb: number,
  logsLsb: boolean,
  channel: number,
  state: ChannelState,
  repair: Repair,
): void {
  repair.emit(channelMessage(STATUS.controlChange | channel, BANK_MSB, msb));
  // An LSB of 0 may also mean that none came; a synthesizer that has none yet need not hear of it.
  const known = state.values[BANK_LSB] !== UNKNOWN;
  if (lsb !== 0 || known || logsLsb) {
    repair.emit(channelMessage(STATUS.controlChange | channel, BANK_LSB, lsb));
  }
}
