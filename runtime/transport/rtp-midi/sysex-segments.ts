/**
 * SysEx commands as they stand in command lists: whole, or in segments.
 *
 * Takes  segments in stream order. Gives whole commands, and word of what is wrong.
 * Keeps  what is known of the stream's SysEx commands up to date: it counts them as Chapter X does.
 * Spec   RFC 6295 section 3.2: first F0..F0, middle F7..F0, last F7..F7 or F7..F5, cancel F7 F4.
 */
import type { SysExHistory } from './journal/sysex-history.ts';

export type SysExFault =
  /** A middle or last segment without a first one: it was lost. */
  | 'sysExOrphan'
  /** A new command before the last one ended. */
  | 'sysExInterrupted'
  | 'sysExTooLong'
  /** A part of a command had come, and the journal could not say the rest. */
  | 'sysExLost';

/** The data octets of a command that is whole now, in an array of their own; a fault; or nothing yet. */
export function takeSegment(
  history: SysExHistory,
  head: number,
  bytes: Uint8Array,
  from: number,
  to: number,
  tail: number,
  stamp: number,
): Uint8Array | SysExFault | undefined {
  const { partial } = history;
  let fault: SysExFault | undefined;
  if (head === 0xf0) {
    if (history.open) fault = history.ended ? 'sysExLost' : 'sysExInterrupted';
    history.begin(stamp);
    partial.begin();
  } else if (!partial.open || history.ended) {
    return 'sysExOrphan';
  }
  if (tail === 0xf4) {
    history.abandon(stamp);
    return undefined;
  }
  if (!partial.append(bytes, from, to)) {
    history.abandon(stamp);
    return 'sysExTooLong';
  }
  history.append(bytes, from, to, stamp);
  if (tail === 0xf0) return fault;
  if (!history.doubted) return partial.finish();
  history.ended = true;
  return undefined;
}
