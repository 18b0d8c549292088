/**
 * Chapter T: Channel Aftertouch.
 *
 * S PRESSURE(7): one octet.
 * Spec   RFC 6295 appendix A.8. Only a command that is both N-active and C-active is coded.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import { type ChannelChapter, channelMessage, sBit } from '../chapter.ts';

export const chapterT: ChannelChapter = {
  letter: 'T',
  bit: 0x02,

  write(state, view, out, at) {
    if (state.pressureStamp <= view.anchor) return at;
    out[at] = sBit(view, state.pressureStamp) | state.pressure;
    return at + 1;
  },

  end(_bytes, at, end) {
    return at + 1 <= end ? at + 1 : -1;
  },

  repair(bytes, at, _end, channel, state, repair) {
    const first = bytes[at] as number;
    if (repair.single && (first & 0x80) !== 0) return;
    const pressure = first & 0x7f;
    if (state.pressure !== pressure)
      repair.emit(channelMessage(STATUS.channelPressure | channel, pressure, 0));
  },
};
