/**
 * Counts what peers send that isn't as it should be, by kind. On stage nobody reads a log.
 */
import type { CommandFault } from './command-section.ts';
import type { JournalFault } from './journal/journal-reader.ts';
import type { RtpFault } from './rtp-header.ts';
import type { SysExFault } from './sysex-segments.ts';

export type FaultKind =
  | RtpFault
  | CommandFault
  | JournalFault
  | SysExFault
  /** AppleMIDI: cut short, an unknown command, another protocol version. */
  | 'controlMalformed'
  | 'controlUnknown'
  /** From an address or SSRC that is no peer's. */
  | 'stranger'
  | 'duplicate'
  | 'undefinedCommand'
  /** A loss that the journal of the next packet doesn't reach back to. */
  | 'uncoveredLoss'
  | 'streamRestart'
  /** Receiver feedback about packets that were never sent. */
  | 'badFeedback';

export class FaultCounters {
  readonly counts: Record<FaultKind, number> = {
    notRtpMidi: 0,
    rtpTruncated: 0,
    headerTruncated: 0,
    listTruncated: 0,
    trailingOctets: 0,
    deltaTruncated: 0,
    deltaOverlong: 0,
    noRunningStatus: 0,
    commandTruncated: 0,
    badDataOctet: 0,
    sysExUnterminated: 0,
    sysExMalformed: 0,
    journalTruncated: 0,
    journalLength: 0,
    chapterLength: 0,
    channelOrder: 0,
    journalTrailing: 0,
    sysExOrphan: 0,
    sysExInterrupted: 0,
    sysExTooLong: 0,
    sysExLost: 0,
    controlMalformed: 0,
    controlUnknown: 0,
    stranger: 0,
    duplicate: 0,
    undefinedCommand: 0,
    uncoveredLoss: 0,
    streamRestart: 0,
    badFeedback: 0,
  };

  count(kind: FaultKind): void {
    this.counts[kind]++;
  }
}
