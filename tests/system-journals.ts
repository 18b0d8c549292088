/** For tests of the system journal: messages from hex, journals written and repaired, and tests/vectors/rtp-midi/system-journals.txt. */
import { readFileSync } from 'node:fs';
import { decodeMessage, encodeMessage } from '../runtime/core/midi-bytes.ts';
import type { MidiMessage } from '../runtime/core/midi-message.ts';
import type { Instant } from '../runtime/core/time.ts';
import type { JournalView } from '../runtime/transport/rtp-midi/journal/chapter.ts';
import { readJournal } from '../runtime/transport/rtp-midi/journal/journal-reader.ts';
import {
  JOURNAL_OCTETS,
  writeJournal,
} from '../runtime/transport/rtp-midi/journal/journal-writer.ts';
import { StreamState } from '../runtime/transport/rtp-midi/journal/stream-state.ts';

export const NOW = 10_000_000 as Instant;
const CHECKPOINT = 0x1234;
const HEADER_DIGITS = 6;
const HAS_SYSTEM = 0x40;
const LENGTH_BITS = 0x03ff;

/** Words of hex; `f8x24` is 24 times f8. */
export function messagesOf(words: string): MidiMessage[] {
  return words
    .split(' ')
    .filter((word) => word !== '')
    .flatMap((word) => {
      const [octets = '', times = '1'] = word.split('x');
      const decoded = decodeMessage(Uint8Array.from(Buffer.from(octets, 'hex')));
      if (!decoded.ok) throw new RangeError(`${word}: ${decoded.fault}`);
      return new Array<MidiMessage>(Number(times)).fill(decoded.value);
    });
}

export function hexOf(message: MidiMessage): string {
  return Buffer.from(encodeMessage(message)).toString('hex');
}

/** Plays words of hex, each message with a stamp of its own. */
export function played(words: string, first = 1): StreamState {
  const state = new StreamState();
  for (const [i, message] of messagesOf(words).entries()) state.apply(message, first + i, NOW);
  return state;
}

/** The whole journal in hex; by default nothing is confirmed, and nothing is in the packet before. */
export function journalOf(
  state: StreamState,
  view: Partial<JournalView> = {},
  checkpoint = CHECKPOINT,
): string {
  const out = new Uint8Array(JOURNAL_OCTETS);
  const full = { confirmed: 0, anchor: 0, previous: 1e9, at: NOW, fresh: false, ...view };
  const end = writeJournal(state, full, checkpoint, out, 0);
  return Buffer.from(out.subarray(0, end)).toString('hex');
}

/** Only the system journal; empty when there is none. */
export function systemJournalOf(state: StreamState, view: Partial<JournalView> = {}): string {
  const whole = journalOf(state, view);
  if ((Number.parseInt(whole.slice(0, 2), 16) & HAS_SYSTEM) === 0) return '';
  const journal = whole.slice(HEADER_DIGITS);
  return journal.slice(0, 2 * (Number.parseInt(journal.slice(0, 4), 16) & LENGTH_BITS));
}

/** A journal that holds this system journal and nothing else, all S bits of its header as given. */
export function journalWith(system: string, skips = true): string {
  return `${skips ? 'c0' : '40'}1234${system.replaceAll(' ', '')}`;
}

export function journalFault(journal: string): string | undefined {
  const bytes = Uint8Array.from(Buffer.from(journal.replaceAll(' ', ''), 'hex'));
  return readJournal(bytes, 0, bytes.length);
}

export interface SystemJournal {
  readonly name: string;
  readonly messages: string;
  /** Without spaces; empty when nothing is due. */
  readonly journal: string;
}

export function systemJournals(): readonly SystemJournal[] {
  return readFileSync(new URL('./vectors/rtp-midi/system-journals.txt', import.meta.url), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [name = '', messages = '', journal = ''] = line.split(' | ');
      return { name, messages, journal: journal === '-' ? '' : journal.replaceAll(' ', '') };
    });
}
