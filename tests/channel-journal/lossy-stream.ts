/**
 * A stream of packets that loses some: journals are written and read back as octets, and a synthesizer stands at each end.
 *
 * Takes  packets of commands, each lost or not; reports. Gives both synthesizers, and what the last repair played.
 */
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
import { Synthesizer } from './synthesizer.ts';

/** Status, first and second data octet. */
export type Octets = readonly [number, number, number];

const FIRST_PACKET = 0x1_0000 + 7;
const START = 1_000_000_000;
/** All journals are written here; a big one for each run would cost most of its time. */
const out = new Uint8Array(JOURNAL_OCTETS);

export class LossyStream {
  readonly sent: Synthesizer = new Synthesizer();
  readonly heard: Synthesizer = new Synthesizer();
  readonly sender: StreamState = new StreamState();
  readonly receiver: StreamState = new StreamState();
  /** Number of the packet to send next, and of the checkpoint. */
  next: number = FIRST_PACKET;
  checkpoint: number = FIRST_PACKET;
  /** The journal that was read last, in hex, what it made the receiver play, and what was wrong with it. */
  journal = '';
  repaired: string[] = [];
  fault: JournalFault | undefined;
  /** How a sender of another make sees things, and what it makes of a journal. */
  habits: Partial<JournalView> = {};
  rewrite: (journal: string) => string = (journal) => journal;
  /** The newest command's stamp after each packet; that of the packet before the first is 0. */
  readonly #stamps: number[] = [0];
  readonly #anchored: boolean;
  #now: number = START;
  #highest: number;
  #joined: boolean;
  #count = 0;

  /** `anchored`: lasting state stays in the journal. `joins`: the first packet heard is as after a loss. */
  constructor(anchored = false, joins = false) {
    this.#anchored = anchored;
    this.#joined = !joins;
    this.#highest = FIRST_PACKET - 1;
  }

  wait(millis: number): void {
    this.#now += millis * 1_000;
  }

  /** `check` is called when the journal was read, before the packet's own commands. */
  send(commands: readonly Octets[], lost: boolean, check?: () => void): void {
    const sequence = this.next++;
    const missing = sequence - this.#highest - 1;
    const reads = !lost && (missing > 0 || !this.#joined);
    if (reads) {
      this.#repair(sequence, missing);
      check?.();
    }
    for (const octets of commands) {
      const message = messageOf(octets);
      this.sender.apply(message, ++this.#count, this.#now as Instant);
      this.sent.message(octets);
      if (lost) continue;
      this.receiver.apply(message, sequence, this.#now as Instant);
      this.heard.message(octets);
    }
    if (!lost) this.#highest = sequence;
    this.#stamps.push(this.#count);
  }

  /** The sender learns of what had been received `ago` packets ago. */
  report(ago = 0): void {
    const packet = Math.min(this.#highest, this.next - 1 - ago);
    if (this.#joined) this.checkpoint = Math.max(this.checkpoint, packet + 1);
  }

  /** The journal that the next packet would have. */
  write(view: Partial<JournalView> = {}): string {
    const confirmed = this.#stampAfter(this.checkpoint - 1);
    const full: JournalView = {
      confirmed,
      anchor: this.#anchored ? 0 : confirmed,
      previous: this.#stampAfter(this.next - 2),
      at: this.#now as Instant,
      fresh: false,
      ...this.habits,
      ...view,
    };
    const end = writeJournal(this.sender, full, this.checkpoint, out, 0);
    return Buffer.from(out.subarray(0, end)).toString('hex');
  }

  #repair(sequence: number, missing: number): void {
    this.next = sequence;
    this.journal = this.rewrite(this.write());
    this.next = sequence + 1;
    const covered = !this.#joined || this.checkpoint <= this.#highest + 1;
    if (!covered) this.#release(sequence);
    this.read(sequence, this.#joined && covered && missing === 1, !this.#joined || !covered);
    this.#joined = true;
  }

  /** The journal doesn't reach back to the loss: all notes end, and pedals go up. */
  #release(sequence: number): void {
    const play = (octets: Octets): void => {
      this.heard.message(octets);
      this.receiver.apply(messageOf(octets), sequence, this.#now as Instant);
    };
    for (let channel = 0; channel < 16; channel++) {
      const state = this.receiver.channel(channel);
      for (let key = 0; key < 128; key++) {
        while ((state.references[key] as number) > 0) play([0x80 | channel, key, 64]);
      }
      for (const pedal of [64, 66, 69]) {
        if (state.isOn(pedal)) play([0xb0 | channel, pedal, 0]);
      }
    }
  }

  /** The sender gives up all but so many packets of the history. */
  giveUp(packets: number): void {
    this.checkpoint = Math.max(this.checkpoint, this.next - packets);
  }

  /** Reads the last journal, as in packet `sequence`. */
  read(sequence: number, single: boolean, joining: boolean): void {
    this.repaired = [];
    const at = this.#now as Instant;
    const repair: JournalRepair = {
      single,
      checkpoint: this.checkpoint,
      inTime: true,
      joining,
      packet: sequence,
      at,
      extrasAt: -1,
      pedalMoved: false,
      emit: (message) => {
        const octets = encodeMessage(message);
        this.repaired.push(Buffer.from(octets).toString('hex'));
        this.heard.message(octets);
        this.receiver.apply(message, sequence, at);
      },
      assume: (message) => this.receiver.apply(message, sequence, at),
    };
    const bytes = Buffer.from(this.journal, 'hex');
    this.fault = readJournal(bytes, 0, bytes.length, this.receiver, repair);
  }

  #stampAfter(packet: number): number {
    return this.#stamps[Math.max(0, packet - FIRST_PACKET + 1)] as number;
  }
}

function messageOf([status, data1, data2]: Octets): MidiMessage {
  return shortMessage(status, data1, data2) as MidiMessage;
}

/** Commands from hex words: `903c64 b0407f`. */
export function commandsOf(hex: string): Octets[] {
  if (hex === '') return [];
  return hex.split(' ').map((word): Octets => {
    const [status = 0, data1 = 0, data2 = 0] = Buffer.from(word, 'hex');
    return [status, data1, data2];
  });
}
