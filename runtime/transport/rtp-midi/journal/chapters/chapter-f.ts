/**
 * Chapter F: MIDI Time Code, where the tape is.
 *
 * S C P Q D POINT(3), COMPLETE(32) if C, PARTIAL(32) if P. COMPLETE is `hr mn sc fr` of a Full Frame (Q = 0) or eight
 * nibbles of Quarter Frames, two frames on if they ran forward (Q = 1). PARTIAL is the series that has begun, as sent,
 * up to piece POINT; D = 1 in reverse. Neither of the two: the source began a series elsewhere than at its start.
 * Repair: what is missing of a series whose beginning is known here is played, at most seven Quarter Frames, so that who
 * follows stays locked. Where a whole frame value is missing, a Full Frame locks anew, and the series that has begun since
 * is played from its start. Nothing is played where only the direction differs.
 * macOS sends a series as a Full Frame (Q = 0) and without the two frames: such a value is known if the series was heard.
 * Spec   RFC 6295 appendix B.4; MIDI Time Code 1.0.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import { readUint32, writeUint32 } from '../../rtp-header.ts';
import {
  type JournalView,
  type Repair,
  type SystemChapter,
  sBit,
  systemMessage,
} from '../chapter.ts';
import type { SystemState } from '../system-state.ts';
import { fullFrameOf, nibbleOf } from '../time-code-frame.ts';
import type { TimeCodeState } from '../time-code-state.ts';

const COMPLETE = 0x40;
const PARTIAL = 0x20;
const QUARTER_FRAMES = 0x10;
const REVERSE = 0x08;
const PIECES = 8;
/** To all devices. */
const FULL_FRAME: readonly number[] = [0x7f, 0x7f, 0x01, 0x01];
const DATA_BITS = 0x7f7f_7f7f;

export const chapterF: SystemChapter = {
  letter: 'F',
  bit: 0x08,
  write,

  end(bytes, at, end) {
    if (at >= end) return -1;
    const header = bytes[at] as number;
    const after = at + 1 + ((header & COMPLETE) !== 0 ? 4 : 0) + ((header & PARTIAL) !== 0 ? 4 : 0);
    return after <= end ? after : -1;
  },

  repair(bytes, at, _end, { timeCode }, repair) {
    const header = bytes[at] as number;
    if (repair.single && (header & 0x80) !== 0) return;
    const reverse = (header & REVERSE) !== 0;
    const point = header & 0x07;
    const begun = reverse ? PIECES - point : point + 1;
    // All eight pieces are no partial series: nobody sends that.
    const hasSeries = (header & PARTIAL) !== 0 && begun < PIECES;
    let field = at + 1;
    if ((header & COMPLETE) !== 0) {
      const complete = readUint32(bytes, field);
      field += 4;
      if ((header & QUARTER_FRAMES) !== 0) repairSeries(complete, timeCode, repair);
      else repairFullFrame((complete & DATA_BITS) >>> 0, hasSeries, timeCode, repair);
    }
    const series = hasSeries ? readUint32(bytes, field) : 0;
    const length = hasSeries ? begun : 0;
    const known = timeCode.begins(series, length, reverse) ? timeCode.length : 0;
    // The first piece of one direction is the last of the other: it must not end a series that it does not belong to.
    const misleads = timeCode.length === PIECES - 1 && timeCode.reverse !== reverse;
    if (!misleads) playPieces(series, known, length, reverse, repair);
    timeCode.assumeSeries(series, length, reverse);
  },
};

function write({ timeCode }: SystemState, view: JournalView, out: Uint8Array, at: number): number {
  if (timeCode.stamp <= view.anchor) return at;
  let header = sBit(view, timeCode.stamp) | timeCode.point;
  if (timeCode.reverse) header |= REVERSE;
  let next = at + 1;
  if (timeCode.completeStamp > view.anchor) {
    header |= timeCode.fromQuarterFrames ? COMPLETE | QUARTER_FRAMES : COMPLETE;
    writeUint32(out, next, timeCode.complete);
    next += 4;
  }
  if (timeCode.length > 0) {
    header |= PARTIAL;
    writeUint32(out, next, timeCode.series);
    next += 4;
  }
  out[at] = header;
  return next;
}

/** The newest complete value came from Quarter Frames. */
function repairSeries(complete: number, timeCode: TimeCodeState, repair: Repair): void {
  if (timeCode.isAt(complete, true)) return;
  const { reverse, length } = timeCode;
  const series = timeCode.seriesOf(complete);
  if (length > 0 && timeCode.begins(series, PIECES, reverse)) {
    playPieces(series, length, PIECES, reverse, repair);
  } else {
    playFullFrame(fullFrameOf(complete), repair);
  }
  timeCode.assumeComplete(complete);
}

/** The newest complete value was a Full Frame, or comes from macOS. */
function repairFullFrame(
  value: number,
  hasSeries: boolean,
  timeCode: TimeCodeState,
  repair: Repair,
): void {
  // The same Full Frame again after the beginning of a series ends that one.
  const again = !timeCode.fromQuarterFrames && timeCode.length > 0 && !hasSeries;
  if (again || !timeCode.isAt(value, false)) playFullFrame(value, repair);
}

function playPieces(
  series: number,
  from: number,
  to: number,
  reverse: boolean,
  repair: Repair,
): void {
  for (let i = from; i < to; i++) {
    const piece = reverse ? PIECES - 1 - i : i;
    repair.emit(systemMessage(STATUS.mtcQuarterFrame, (piece << 4) | nibbleOf(series, piece)));
  }
}

function playFullFrame(value: number, repair: Repair): void {
  const data = new Uint8Array(FULL_FRAME.length + 4);
  data.set(FULL_FRAME);
  writeUint32(data, FULL_FRAME.length, (value & DATA_BITS) >>> 0);
  repair.emit({ kind: 'sysEx', data });
}
