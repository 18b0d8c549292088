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

export class SystemState {
  /** Of the newest system command of any kind. */
  newest = 0;

  apply(_message: SystemCommonMessage | RealTimeMessage, stamp: number, _at: Instant): void {
    this.newest = stamp;
  }

  /** A Reset State command: nothing before it is active. */
  reset(): void {}

  /** The stream begins anew. */
  forget(): void {
    this.newest = 0;
  }
}
