/**
 * What concerns all channels of a stream, as commands so far have left it: what system chapters describe.
 *
 * Takes  every message that is no channel message, with a stamp that grows.
 * Gives  values and stamps to the system chapters' writers and repairs. A stamp of 0 means: nothing active to code.
 * Keeps  what its parts keep; nothing grows. The sender and the receiver have one each.
 * Spec   RFC 6295 appendices A.1 (active commands, Reset State) and B.
 */
import type { RealTimeMessage, SystemCommonMessage } from '../../../core/midi-message.ts';
import type { Instant } from '../../../core/time.ts';
import { UNKNOWN } from './channel-state.ts';
import { ReferenceCount } from './reference-count.ts';
import { SequencerState } from './sequencer-state.ts';
import { SysExHistory } from './sysex-history.ts';
import { TimeCodeState } from './time-code-state.ts';

export class SystemState {
  /** Chapter D. */
  readonly resets: ReferenceCount = new ReferenceCount();
  readonly tuneRequests: ReferenceCount = new ReferenceCount();
  song: number = UNKNOWN;
  songStamp = 0;

  /** Chapter V. */
  readonly activeSensing: ReferenceCount = new ReferenceCount();

  /** Chapter Q. */
  readonly sequencer: SequencerState = new SequencerState();

  /** Chapter F. */
  readonly timeCode: TimeCodeState = new TimeCodeState();

  /** Chapter X. */
  readonly sysEx: SysExHistory = new SysExHistory();

  /** Of the newest system command of any kind. */
  newest = 0;
  /** Reset State commands of all kinds. */
  resetStates = 0;

  apply(message: SystemCommonMessage | RealTimeMessage, stamp: number, _at: Instant): void {
    this.newest = stamp;
    switch (message.kind) {
      case 'mtcQuarterFrame':
        this.timeCode.quarterFrame(message.piece, message.nibble, stamp);
        return;
      case 'songPosition':
        this.sequencer.locate(message.beats, stamp);
        return;
      case 'songSelect':
        this.song = message.song;
        this.songStamp = stamp;
        return;
      case 'tuneRequest':
        this.tuneRequests.add(stamp);
        return;
      case 'timingClock':
        this.sequencer.clock(stamp);
        return;
      case 'start':
        this.sequencer.start(stamp);
        return;
      case 'continue':
        this.sequencer.continue(stamp);
        return;
      case 'stop':
        this.sequencer.stop(stamp);
        return;
      case 'activeSensing':
        this.activeSensing.add(stamp);
        return;
      case 'systemReset':
        this.resets.add(stamp);
        return;
      case 'sysEx':
        this.sysEx.complete(message.data, stamp);
        if (isFullFrame(message.data)) this.timeCode.fullFrame(frameValue(message.data), stamp);
        return;
    }
  }

  /** A Reset State command: nothing before it is active. Counts go on. */
  reset(): void {
    this.resetStates++;
    this.resets.deactivate();
    this.tuneRequests.deactivate();
    this.activeSensing.deactivate();
    this.song = UNKNOWN;
    this.songStamp = 0;
    this.sequencer.reset();
    this.timeCode.reset();
    this.sysEx.reset();
  }

  /** A Reset State command was missing: what came before it may be missing too, and no journal tells. */
  doubt(): void {
    this.resets.doubtful = true;
    this.tuneRequests.doubtful = true;
    this.activeSensing.doubtful = true;
  }

  get inDoubt(): boolean {
    return this.resets.doubtful || this.tuneRequests.doubtful || this.activeSensing.doubtful;
  }

  /** The stream begins anew. */
  forget(): void {
    this.reset();
    this.resets.forget();
    this.tuneRequests.forget();
    this.activeSensing.forget();
    this.sequencer.forget();
    this.sysEx.forget();
    this.newest = 0;
    this.resetStates = 0;
  }
}

/** F0 7F cc 01 01 hr mn sc fr F7: Chapter F's, not Chapter X's. `data` is what lies between F0 and F7. */
function isFullFrame(data: Uint8Array): boolean {
  return data.length === 8 && data[0] === 0x7f && data[2] === 0x01 && data[3] === 0x01;
}

function frameValue(data: Uint8Array): number {
  const [, , , , hours = 0, minutes = 0, seconds = 0, frames = 0] = data;
  return ((hours << 24) | (minutes << 16) | (seconds << 8) | frames) >>> 0;
}
