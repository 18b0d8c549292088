/**
 * Chapter W: Pitch Wheel.
 *
 * S FIRST(7) · R SECOND(7): two octets, the low seven bits first.
 * Spec   RFC 6295 appendix A.5. CC 121 makes a wheel command inactive, since it puts the wheel to rest.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import { type ChannelChapter, channelMessage, sBit } from '../chapter.ts';

const OCTETS = 2;

export const chapterW: ChannelChapter = {
  letter: 'W',
  bit: 0x10,

  write(state, view, out, at) {
    if (state.wheelStamp <= view.anchor) return at;
    out[at] = sBit(view, state.wheelStamp) | (state.wheel & 0x7f);
    out[at + 1] = state.wheel >> 7;
    return at + OCTETS;
  },

  end(_bytes, at, end) {
    return at + OCTETS <= end ? at + OCTETS : -1;
  },

  repair(bytes, at, _end, channel, state, repair) {
    const first = bytes[at] as number;
    if (repair.single && (first & 0x80) !== 0) return;
    const low = first & 0x7f;
    const high = (bytes[at + 1] as number) & 0x7f;
    if (state.wheel !== ((high << 7) | low))
      repair.emit(channelMessage(STATUS.pitchBend | channel, low, high));
  },
};
