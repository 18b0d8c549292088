/**
 * What a chapter of the recovery journal is: a writer, a reader and a repair for one class of commands.
 *
 * Each chapter is one file in chapters/; chapter-table.ts lists them in the order of the table of contents. A new one
 * is a file and a line there.
 * Spec   RFC 6295 section 5, appendices A.1 (S bit, log order) and C.2.2 (which commands are due).
 */
import { shortMessage } from '../../../core/midi-bytes.ts';
import type { ChannelMessage, MidiMessage } from '../../../core/midi-message.ts';
import type { Instant } from '../../../core/time.ts';
import type { ChannelState } from './channel-state.ts';
import type { SystemState } from './system-state.ts';

/**
 * From where one packet to one peer sees the stream. Stamps above a limit are due; `anchor` is never above
 * `confirmed`. Filled in again for each packet.
 */
export interface JournalView {
  /** Commands up to this stamp have arrived, or are taken for arrived. */
  confirmed: number;
  /** The same for lasting state (programs, controllers, parameters, wheel, channel pressure): what a receiver can't repair by itself. */
  anchor: number;
  /** The same for notes that sound; left out: `confirmed`. Who has said nothing yet is told of all that sound. */
  sounding?: number;
  /** Commands above this stamp are in the packet before this one: their S bit is 0. */
  previous: number;
  /** The packet's timestamp, for the Y bits of Chapter N. */
  at: Instant;
  /** An element with S = 0 was written since this was last set to false. */
  fresh: boolean;
  /** Octets that Chapter X may take; it leaves something out rather than take more. */
  sysExRoom?: number;
  /** Octets that it took, when it was written. */
  sysExOctets?: number;
}

/** The S bit of an element for a command with this stamp. */
export function sBit(view: JournalView, stamp: number): number {
  if (stamp <= view.previous) return 0x80;
  view.fresh = true;
  return 0;
}

/** One repair in progress: what a chapter may know, and what it may do. */
export interface Repair {
  /** One packet is missing: elements with S = 1 hold nothing new. */
  readonly single: boolean;
  /** The checkpoint packet, as the receiver counts. */
  readonly checkpoint: number;
  /** The packet that holds the journal did not come late: a NoteOn may still be played. */
  readonly inTime: boolean;
  /** The stream is new here: counts are taken over as they are. */
  readonly joining: boolean;
  /** The packet that holds the journal, as the receiver counts. */
  readonly packet?: number;
  /** When the packet arrived. */
  readonly at: Instant;
  /** Where Chapter E of this channel begins, or -1: it completes what Chapter N knows of a note. */
  readonly extrasAt: number;
  /** Where Chapters C and N of this channel begin, or -1: one chapter's repair may depend on what another one holds. */
  readonly controllersAt?: number;
  readonly notesAt?: number;
  /** Chapter C found that the damper pedal moved in the packets that are missing. */
  pedalMoved: boolean;
  /** Plays a message, and the state follows. */
  emit(message: MidiMessage): void;
  /** The state follows as if the message had been played. */
  assume(message: MidiMessage): void;
}

export interface ChannelChapter {
  readonly letter: 'P' | 'C' | 'M' | 'W' | 'N' | 'E' | 'T' | 'A';
  /** Its bit in a channel journal's table of contents. */
  readonly bit: number;
  /** Writes the chapter at `at`, if it is due; returns the offset after it. `out` has the room for any chapter. */
  write(state: ChannelState, view: JournalView, out: Uint8Array, at: number): number;
  /** The offset after the chapter at `at`, or -1 when it is malformed or runs past `end`. */
  end(bytes: Uint8Array, at: number, end: number): number;
  /** Compares a well-formed chapter with the state, and plays what is missing. */
  repair(
    bytes: Uint8Array,
    at: number,
    end: number,
    channel: number,
    state: ChannelState,
    repair: Repair,
  ): void;
}

/** A chapter of the system journal. */
export interface SystemChapter {
  readonly letter: 'D' | 'V' | 'Q' | 'F' | 'X';
  /** Its bit in the first octet of the system journal. */
  readonly bit: number;
  /** Writes the chapter at `at`, if it is due; returns the offset after it. */
  write(state: SystemState, view: JournalView, out: Uint8Array, at: number): number;
  /** The offset after the chapter at `at`, or -1 when it is malformed or runs past `end`. */
  end(bytes: Uint8Array, at: number, end: number): number;
  /** Plays a Reset State command that is missing. Runs before any other repair. */
  repairReset?(
    bytes: Uint8Array,
    at: number,
    end: number,
    state: SystemState,
    repair: Repair,
  ): void;
  /** Compares a well-formed chapter with the state, and plays what is missing. */
  repair(bytes: Uint8Array, at: number, end: number, state: SystemState, repair: Repair): void;
  /** Nothing is missing, but counts were in doubt: they are what the well-formed chapter says. */
  learn?(bytes: Uint8Array, at: number, end: number, state: SystemState): void;
}

/** A system message from its octets, all of which are known to be good. */
export function systemMessage(status: number, data1 = 0, data2 = 0): MidiMessage {
  const message = shortMessage(status, data1, data2);
  if (!message || 'channel' in message) {
    throw new RangeError(`${status} ${data1} ${data2} is no system message`);
  }
  return message;
}

/** A channel message from its octets, all of which are known to be good. */
export function channelMessage(status: number, data1: number, data2: number): ChannelMessage {
  const message = shortMessage(status, data1, data2);
  if (!message || !('channel' in message)) {
    throw new RangeError(`${status} ${data1} ${data2} is no channel message`);
  }
  return message;
}

/** The offset after a list of two-octet logs whose header octet holds their number less one; -1 past `end`. */
export function logListEnd(bytes: Uint8Array, at: number, end: number): number {
  if (at >= end) return -1;
  const after = at + 1 + 2 * (((bytes[at] as number) & 0x7f) + 1);
  return after <= end ? after : -1;
}
