/**
 * Chapter Q: the sequencer, whether it runs and where it is.
 *
 * S N D C T TOP(3), CLOCK(16) if C, TIMETOOLS(24) if T. N = 1: it runs. The position is 65536 * TOP + CLOCK timing clocks;
 * C = 0: the start of the song. D = 1: that position was played, D = 0: the next clock plays it. TIMETOOLS is for
 * sequencers without clocks, is not sent, and is passed over.
 *
 * Repair compares what the next clock would play, here and there, and whether the sequencer runs. The position is exact
 * afterwards, wherever a Song Position can say it:
 * - Up to FEW_CLOCKS behind: the missing clocks are played at once, after a Start or Continue and before a Stop that is
 *   missing too. Who counts clocks is right again, who measures them sees a short jitter. A Song Position would be
 *   worse: it must stop the sequencer (MIDI 1.0: ignored while playing), and at 5 % loss it would do so every second.
 * - Otherwise one jump. Near the start of the song: Start and those clocks. Elsewhere: Stop if it runs, Song Position,
 *   Continue, the clocks between two Song Positions (at most five), and Stop if it is to stand.
 * - Where neither Start nor Song Position was heard, whoever follows may stand anywhere: a jump, unless it runs already,
 *   or what was heard has led to the very state that the chapter tells: then nothing is known to be missing.
 * - Beyond what a Song Position can say, only running and standing are repaired.
 * macOS sets D never, not even in the middle of a song. From a peer that was not seen to set it, a position one clock
 * back is taken for the same.
 * Spec   RFC 6295 appendix B.3; MIDI 1.0 Detailed Specification 4.2, Song Position Pointer.
 */
import { STATUS } from '../../../../core/midi-bytes.ts';
import { readUint16, writeUint16 } from '../../rtp-header.ts';
import { type Repair, type SystemChapter, sBit, systemMessage } from '../chapter.ts';
import { CLOCKS_PER_BEAT, POSITION_SPAN, type SequencerState } from '../sequencer-state.ts';

const RUNNING = 0x40;
const PLAYED = 0x20;
const POSITION = 0x10;
const TIMETOOLS = 0x08;
/** The last clock before the one that would need Song Position 16384. */
const MAX_NEXT = 16_384 * CLOCKS_PER_BEAT - 1;
/** Half a quarter note: a quarter of a second at 120 beats a minute. */
const FEW_CLOCKS = 12;

export const chapterQ: SystemChapter = {
  letter: 'Q',
  bit: 0x10,

  write({ sequencer }, view, out, at) {
    if (sequencer.changed <= view.anchor) return at;
    let header = sBit(view, sequencer.stamp);
    if (sequencer.running) header |= RUNNING;
    if (sequencer.played) header |= PLAYED;
    if (sequencer.atStart) {
      out[at] = header;
      return at + 1;
    }
    out[at] = header | POSITION | (sequencer.position >> 16);
    writeUint16(out, at + 1, sequencer.position & 0xffff);
    return at + 3;
  },

  end(bytes, at, end) {
    if (at >= end) return -1;
    const header = bytes[at] as number;
    const after =
      at + 1 + ((header & POSITION) !== 0 ? 2 : 0) + ((header & TIMETOOLS) !== 0 ? 3 : 0);
    return after <= end ? after : -1;
  },

  repair(bytes, at, _end, { sequencer }, repair) {
    const header = bytes[at] as number;
    if (repair.single && (header & 0x80) !== 0) return;
    const running = (header & RUNNING) !== 0;
    const played = (header & PLAYED) !== 0;
    const atStart = (header & POSITION) === 0;
    const position = atStart ? 0 : ((header & 0x07) << 16) | readUint16(bytes, at + 1);
    const next = (position + (played ? 1 : 0)) % POSITION_SPAN;
    if (played) sequencer.peerMarksPlayed = true;
    if (running) run(next, atStart, sequencer, repair);
    else halt(next, sequencer, repair);
    sequencer.assume(running, played, position, atStart);
  },
};

/** The sequencer is to run, and its next clock to play `next`. */
function run(next: number, atStart: boolean, sequencer: SequencerState, repair: Repair): void {
  const behind = clocksBehind(next, sequencer);
  const isRunning = sequencer.running;
  const starts = atStart || next > 0;
  const isPlaced = sequencer.located || (isRunning && !(atStart && next === 0));
  if (behind <= FEW_CLOCKS && isPlaced) {
    if (!isRunning) play(sequencer.next === 0 && starts ? STATUS.start : STATUS.continue, repair);
    playClocks(behind, repair);
  } else if (next <= FEW_CLOCKS && starts) {
    play(STATUS.start, repair);
    playClocks(next, repair);
  } else if (next <= MAX_NEXT) {
    if (isRunning) play(STATUS.stop, repair);
    playPosition(next, repair);
    play(STATUS.continue, repair);
    playClocks(next % CLOCKS_PER_BEAT, repair);
  } else if (!isRunning) {
    play(STATUS.continue, repair);
  }
}

/** The sequencer is to stand, and the first clock after a Continue to play `next`. */
function halt(next: number, sequencer: SequencerState, repair: Repair): void {
  const behind = clocksBehind(next, sequencer);
  const asHeard = behind === 0 && sequencer.changed > 0 && !repair.joining;
  const isPlaced = sequencer.located || sequencer.running || asHeard;
  const few = behind <= FEW_CLOCKS && isPlaced;
  if (few) moveOn(behind, sequencer, repair);
  if (sequencer.running) play(STATUS.stop, repair);
  if (few || next > MAX_NEXT) return;
  playPosition(next, repair);
  moveOn(next % CLOCKS_PER_BEAT, sequencer, repair);
  if (sequencer.running) play(STATUS.stop, repair);
}

/** Plays clocks to a sequencer that runs then. */
function moveOn(clocks: number, sequencer: SequencerState, repair: Repair): void {
  if (clocks === 0) return;
  if (!sequencer.running) play(STATUS.continue, repair);
  playClocks(clocks, repair);
}

function clocksBehind(next: number, sequencer: SequencerState): number {
  const behind = (next - sequencer.next + POSITION_SPAN) % POSITION_SPAN;
  return behind === POSITION_SPAN - 1 && !sequencer.peerMarksPlayed ? 0 : behind;
}

function play(status: number, repair: Repair): void {
  repair.emit(systemMessage(status));
}

/** The Song Position at this clock or before it. */
function playPosition(clock: number, repair: Repair): void {
  const beats = Math.floor(clock / CLOCKS_PER_BEAT);
  repair.emit(systemMessage(STATUS.songPosition, beats & 0x7f, beats >> 7));
}

function playClocks(count: number, repair: Repair): void {
  for (let left = count; left > 0; left--) play(STATUS.timingClock, repair);
}
