/**
 * Chapter V: Active Sense.
 *
 * S COUNT(7): one octet, how many the whole stream had. What it says is soon past, so the checkpoint ends it.
 * Spec   RFC 6295 appendix B.2.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import { type SystemChapter, sBit, systemMessage } from '../chapter.ts';

export const chapterV: SystemChapter = {
  letter: 'V',
  bit: 0x20,

  write({ activeSensing }, view, out, at) {
    if (activeSensing.stamp <= view.confirmed) return at;
    out[at] = sBit(view, activeSensing.stamp) | activeSensing.count;
    return at + 1;
  },

  end(_bytes, at, end) {
    return at < end ? at + 1 : -1;
  },

  repair(bytes, at, _end, { activeSensing }, repair) {
    const log = bytes[at] as number;
    if (repair.single && (log & 0x80) !== 0) return;
    if (activeSensing.misses(log, repair.checkpoint) && !repair.joining) {
      repair.emit(systemMessage(STATUS.activeSensing));
    }
    activeSensing.assume(log);
  },

  learn(bytes, at, _end, { activeSensing }) {
    activeSensing.assume(bytes[at] as number);
  },
};
