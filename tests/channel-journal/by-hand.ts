/** Journals written and read by hand: commands and journals in hex, one state at a time. */
import { encodeMessage, shortMessage } from '../../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../../runtime/core/midi-message.ts';
import type { Instant } from '../../runtime/core/time.ts';
import type { JournalView } from '../../runtime/transport/rtp-midi/journal/chapter.ts';
import {
  type JournalFault,
  type JournalRepair,
  readJournal,
} from '../../runtime/transport/rtp-midi/journal/journal-reader.ts';
import {
  JOURNAL_OCTETS,
  writeJournal,
} from '../../runtime/transport/rtp-midi/journal/journal-writer.ts';
import { StreamState } from '../../runtime/transport/rtp-midi/journal/stream-state.ts';

/** In all journals here; as a stamp it is beyond all others. */
export const CHECKPOINT = 0x1234;
export const NOW: Instant = 10_000_000 as Instant;
/** Header of a journal for one channel, everything long known. */
export const ONE_CHANNEL = 'a01234';

/** Plays commands, a millisecond apart, the last one now; stamps count from `first`. */
export function played(hex: string, first = 1): StreamState {
  const state = new StreamState();
  play(state, hex, first);
  return state;
}

export function play(state: StreamState, hex: string, first: number): void {
  const messages = hex === '' ? [] : hex.split(' ').map(messageOf);
  for (const [i, message] of messages.entries()) {
    state.apply(message, first + i, (NOW - (messages.length - 1 - i) * 1_000) as Instant);
  }
}

export function messageOf(hex: string): MidiMessage {
  const octets = Buffer.from(hex, 'hex');
  const [status = 0, data1 = 0, data2 = 0] = octets;
  if (status === 0xf0) return { kind: 'sysEx', data: new Uint8Array(octets.subarray(1, -1)) };
  return shortMessage(status, data1, data2) as MidiMessage;
}

export function written(state: StreamState, view: Partial<JournalView> = {}): string {
  const out = new Uint8Array(JOURNAL_OCTETS);
  const full = { confirmed: 0, anchor: 0, previous: 1e9, at: NOW, fresh: false, ...view };
  const end = writeJournal(state, full, CHECKPOINT, out, 0);
  return end < 0 ? 'too long' : Buffer.from(out.subarray(0, end)).toString('hex');
}

/** The journal for commands that were all played. */
export function journalOf(hex: string, view: Partial<JournalView> = {}): string {
  return written(played(hex), view);
}

/** A journal of one channel, number 0, with S = 0 everywhere above its chapters; `contents` in hex. */
export function oneChannel(contents: string, chapters: string): string {
  const length = 3 + chapters.length / 2;
  return `201234${length.toString(16).padStart(4, '0')}${contents}${chapters}`;
}

/** What a receiver in state `heard` plays when it reads the journal. */
export function repaired(
  heard: StreamState,
  journal: string,
  repair: Partial<JournalRepair> = {},
): string[] {
  const { emitted, fault } = tryRepair(heard, journal, repair);
  if (fault) throw new Error(fault);
  return emitted;
}

export function tryRepair(
  heard: StreamState,
  journal: string,
  repair: Partial<JournalRepair> = {},
): { readonly emitted: string[]; readonly fault: JournalFault | undefined } {
  const emitted: string[] = [];
  const take = (message: MidiMessage): void => heard.apply(message, 1_000, NOW);
  const full: JournalRepair = {
    single: false,
    checkpoint: 0,
    inTime: true,
    joining: false,
    at: NOW,
    extrasAt: -1,
    pedalMoved: false,
    emit: (message) => {
      emitted.push(Buffer.from(encodeMessage(message)).toString('hex'));
      take(message);
    },
    assume: take,
    ...repair,
  };
  const bytes = Buffer.from(journal, 'hex');
  const fault = readJournal(bytes, 0, bytes.length, heard, full);
  return { emitted, fault };
}
