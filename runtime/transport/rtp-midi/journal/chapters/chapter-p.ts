/**
 * Chapter P: Program Change, with the bank that was in force at it.
 *
 * S PROGRAM(7) · B BANK-MSB(7) · X BANK-LSB(7): three octets.
 * Spec   RFC 6295 appendix A.2.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import { UNKNOWN } from '../channel-state.ts';
import { type ChannelChapter, channelMessage, sBit } from '../chapter.ts';

const OCTETS = 3;

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
    const sameBank = !hasBank || (state.programBankMsb === msb && state.programBankLsb === lsb);
    if (state.program === program && sameBank) return;
    if (hasBank) {
      repair.emit(channelMessage(STATUS.controlChange | channel, 0, msb));
      repair.emit(channelMessage(STATUS.controlChange | channel, 32, lsb));
    }
    repair.emit(channelMessage(0xc0 | channel, program, 0));
  },
};
