/**
 * A MIDI command list to send: short commands with running status, SysEx whole or in segments.
 *
 * Takes  messages and their ticks, in order. Gives the list's octets and the section header for them.
 * Keeps  one buffer. Adding allocates nothing.
 * Spec   RFC 6295 sections 3.1 and 3.2. The first command's time is the packet's timestamp, so Z = 0. P = 0: the
 *        source's own use of running status isn't known here.
 */
import { encodeMessageInto } from '../../core/midi-bytes.ts';
import type { MidiMessage } from '../../core/midi-message.ts';
import { deltaTimeSize, MAX_DELTA_TIME, writeDeltaTime } from './delta-time.ts';
import type { Ticks } from './ticks.ts';

/** Octets that a list of short commands may take, so that a packet holds it and its journal. */
const SHORT_LIST_OCTETS = 512;
/** Octets that a list may take with SysEx in it, where who adds it knows that there is room. */
export const LIST_OCTETS = 1_024;
/** A segment smaller than this waits for the next packet. */
const SMALLEST_SEGMENT = 16;
const SHORT_OCTETS = 3;
/** F7 F4, and the delta time before it. */
const CANCEL_OCTETS = 2 + 4;

export class CommandList {
  readonly bytes: Uint8Array = new Uint8Array(LIST_OCTETS);
  length = 0;
  /** Of the first command: the packet's timestamp. */
  first = 0 as Ticks;
  #last = 0 as Ticks;
  #running = 0;

  clear(): void {
    this.length = 0;
    this.#running = 0;
  }

  /**
   * Adds a message, or the part of a SysEx from data octet `from` that fits. Returns how far it got: the number of data
   * octets of a SysEx that are sent now, 1 for another message, or -1 when nothing fits. `isWhole` tells whether it is
   * done. `ticks` earlier than the last command's are taken for that. With a SysEx the list may grow to `most` octets.
   */
  add(message: MidiMessage, from: number, ticks: Ticks, most: number = SHORT_LIST_OCTETS): number {
    const at = this.length === 0 ? ticks : (Math.max(ticks, this.#last) as Ticks);
    const delta = this.length === 0 ? 0 : at - this.#last;
    if (delta > MAX_DELTA_TIME) return -1;
    const used = this.length + (this.length === 0 ? 0 : deltaTimeSize(delta));
    if (message.kind === 'sysEx') {
      const room = Math.min(most, LIST_OCTETS) - used;
      const left = message.data.length - from;
      if (left + 2 > room && room < SMALLEST_SEGMENT) return -1;
      this.#begin(at, delta);
      return this.#addSysEx(message.data, from, Math.min(left, room - 2));
    }
    if (SHORT_LIST_OCTETS - used < SHORT_OCTETS) return -1;
    this.#begin(at, delta);
    this.#addShort(message);
    return 1;
  }

  /** Ends a SysEx of which segments were sent, as if it had never been. False when there is no room. */
  addCancel(ticks: Ticks): boolean {
    if (this.length + CANCEL_OCTETS > LIST_OCTETS) return false;
    const at = this.length === 0 ? ticks : (Math.max(ticks, this.#last) as Ticks);
    this.#begin(at, this.length === 0 ? 0 : at - this.#last);
    this.bytes[this.length++] = 0xf7;
    this.bytes[this.length++] = 0xf4;
    this.#running = 0;
    return true;
  }

  /** Whether `sent` of `add` finishes the message. */
  static isWhole(message: MidiMessage, sent: number): boolean {
    return message.kind !== 'sysEx' || sent >= message.data.length;
  }

  /** Writes the section header and the list at `at`; returns the offset after them. */
  writeInto(out: Uint8Array, at: number, journal: boolean): number {
    const flags = journal ? 0x40 : 0;
    if (this.length > 15) {
      out[at++] = 0x80 | flags | (this.length >> 8);
      out[at++] = this.length & 0xff;
    } else {
      out[at++] = flags | this.length;
    }
    const bytes = this.bytes;
    for (let i = 0; i < this.length; i++) out[at + i] = bytes[i] as number;
    return at + this.length;
  }

  get last(): Ticks {
    return this.#last;
  }

  #begin(at: Ticks, delta: number): void {
    if (this.length === 0) this.first = at;
    else this.length += writeDeltaTime(delta, this.bytes, this.length);
    this.#last = at;
  }

  #addShort(message: MidiMessage): void {
    const at = this.length;
    const octets = encodeMessageInto(message, this.bytes, at);
    const status = this.bytes[at] as number;
    if (status < 0xf0 && status === this.#running) {
      this.bytes.copyWithin(at, at + 1, at + octets);
      this.length = at + octets - 1;
      return;
    }
    this.length = at + octets;
    // System common cancels running status, real-time leaves it alone (section 3.2).
    if (status < 0xf0) this.#running = status;
    else if (status < 0xf8) this.#running = 0;
  }

  #addSysEx(data: Uint8Array, from: number, count: number): number {
    const bytes = this.bytes;
    let at = this.length;
    bytes[at++] = from === 0 ? 0xf0 : 0xf7;
    for (let i = 0; i < count; i++) bytes[at++] = (data[from + i] as number) & 0x7f;
    bytes[at++] = from + count >= data.length ? 0xf7 : 0xf0;
    this.length = at;
    this.#running = 0;
    return from + count;
  }
}
