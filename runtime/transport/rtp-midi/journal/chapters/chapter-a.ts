/**
 * Chapter A: Poly Aftertouch.
 *
 * S LEN(7), then LEN + 1 logs S NOTENUM(7) X PRESSURE(7), oldest first.
 * Spec   RFC 6295 appendix A.9. X = 1: an All Notes Off came after the command, so it matters to a sounding key only.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import { type ChannelChapter, channelMessage, logListEnd, sBit } from '../chapter.ts';
import { NO_SLOT } from '../recency.ts';

export const chapterA: ChannelChapter = {
  letter: 'A',
  bit: 0x01,

  write(state, view, out, at) {
    const { keyPressures, keyPressure, keyPressureStale } = state;
    let due = 0;
    let key = keyPressures.newest;
    let oldest = NO_SLOT;
    for (; key !== NO_SLOT; key = keyPressures.olderThan(key)) {
      if ((keyPressures.stamps[key] as number) <= view.confirmed) break;
      oldest = key;
      due++;
    }
    if (due === 0) return at;
    let s = 0x80;
    let log = at + 1;
    for (key = oldest; key !== NO_SLOT; key = keyPressures.newerThan(key)) {
      const bit = sBit(view, keyPressures.stamps[key] as number);
      s &= bit;
      out[log] = bit | key;
      out[log + 1] = (keyPressureStale[key] ? 0x80 : 0) | (keyPressure[key] as number);
      log += 2;
    }
    out[at] = s | (due - 1);
    return log;
  },

  end: logListEnd,

  repair(bytes, at, _end, channel, state, repair) {
    const header = bytes[at] as number;
    if (repair.single && (header & 0x80) !== 0) return;
    const end = at + 1 + 2 * ((header & 0x7f) + 1);
    for (let log = at + 1; log < end; log += 2) {
      const first = bytes[log] as number;
      if (repair.single && (first & 0x80) !== 0) continue;
      const key = first & 0x7f;
      const second = bytes[log + 1] as number;
      const pressure = second & 0x7f;
      const stale = (second & 0x80) !== 0;
      // Ours may have ended with the notes, and the same pressure have come again.
      if (state.keyPressure[key] === pressure && (stale || state.keyPressureStale[key] === 0)) {
        continue;
      }
      const message = channelMessage(STATUS.polyPressure | channel, key, pressure);
      if (stale && state.velocities[key] === 0) {
        // Known from now on, so that a note that begins later does not get it.
        repair.assume(message);
        state.keyPressureStale[key] = 1;
        continue;
      }
      repair.emit(message);
    }
  },
};
