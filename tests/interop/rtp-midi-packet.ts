/** One datagram taken apart with the runtime's own readers, for tests that compare it with what others make of it. */
import {
  emptyCommandHeader,
  readCommandHeader,
  readCommands,
} from '../../runtime/transport/rtp-midi/command-section.ts';
import {
  CHANNEL_CHAPTERS,
  SYSTEM_CHAPTERS,
} from '../../runtime/transport/rtp-midi/journal/chapter-table.ts';
import {
  journalCheckpoint,
  readJournal,
} from '../../runtime/transport/rtp-midi/journal/journal-reader.ts';
import { emptyRtpHeader, readRtpHeader } from '../../runtime/transport/rtp-midi/rtp-header.ts';

export interface ReadPacket {
  readonly sequence: number;
  readonly timestamp: number;
  readonly ssrc: number;
  readonly journal: boolean;
  readonly checkpoint: number;
  /** Each with its own delta time, as on the wire. */
  readonly commands: readonly { readonly delta: number; readonly midi: string }[];
  readonly faults: readonly string[];
}

/** Undefined when it is no RTP-MIDI packet at all. */
export function readPacket(bytes: Uint8Array): ReadPacket | undefined {
  const header = emptyRtpHeader();
  const section = emptyCommandHeader();
  const faults: string[] = [];
  const rtpFault = readRtpHeader(bytes, header);
  if (rtpFault === 'notRtpMidi') return undefined;
  const commands: { delta: number; midi: string }[] = [];
  let before = 0;
  let checkpoint = -1;
  const add = (sum: number, octets: readonly number[]): void => {
    commands.push({ delta: sum - before, midi: Buffer.from(octets).toString('hex') });
    before = sum;
  };
  if (rtpFault) faults.push(rtpFault);
  else {
    const end = header.payloadEnd;
    const headerFault = readCommandHeader(bytes, header.payloadAt, end, section);
    if (headerFault) faults.push(headerFault);
    if (headerFault !== 'headerTruncated') {
      const fault = readCommands(bytes, section, {
        command: (status, data1, data2, delta) => add(delta, octetsOf(status, data1, data2)),
        sysEx: (head, data, from, to, tail, delta) =>
          add(delta, [head, ...data.subarray(from, to), tail]),
        undefinedCommand: (status, delta) => add(delta, [status]),
      });
      if (fault) faults.push(fault);
      if (section.journal) {
        checkpoint = journalCheckpoint(bytes, section.listEnd, end);
        const journalFault = readJournal(bytes, section.listEnd, end);
        if (journalFault) faults.push(journalFault);
      }
    }
  }
  const { sequence, timestamp, ssrc } = header;
  return { sequence, timestamp, ssrc, journal: section.journal, checkpoint, commands, faults };
}

function octetsOf(status: number, data1: number, data2: number): readonly number[] {
  const high = status & 0xf0;
  if (high === 0xc0 || high === 0xd0 || status === 0xf1 || status === 0xf3) return [status, data1];
  if (status >= 0xf0 && status !== 0xf2) return [status];
  return [status, data1, data2];
}

/** The letters of the chapters in a packet's journal, by its tables of contents. */
export function chaptersOf(bytes: Uint8Array): string {
  const section = emptyCommandHeader();
  if (bytes[0] !== 0x80 || readCommandHeader(bytes, 12, bytes.length, section)) return '';
  if (!section.journal) return '';
  const header = bytes[section.listEnd] ?? 0;
  const lengthAt = (at: number): number => (((bytes[at] ?? 0) & 3) << 8) | (bytes[at + 1] ?? 0);
  let letters = '';
  let at = section.listEnd + 3;
  if ((header & 0x40) !== 0) {
    for (const chapter of SYSTEM_CHAPTERS)
      if (((bytes[at] ?? 0) & chapter.bit) !== 0) letters += chapter.letter;
    at += lengthAt(at);
  }
  if ((header & 0x20) === 0) return letters;
  for (let left = (header & 15) + 1; left > 0; left--) {
    for (const chapter of CHANNEL_CHAPTERS) {
      const isThere = ((bytes[at + 2] ?? 0) & chapter.bit) !== 0;
      if (isThere && !letters.includes(chapter.letter)) letters += chapter.letter;
    }
    at += lengthAt(at);
  }
  return letters;
}
