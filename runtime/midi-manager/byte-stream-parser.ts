/**
 * MIDI bytes as they come off a wire, cut anywhere, into messages.
 *
 * Takes  bytes and the instant when they arrived.
 * Gives  whole messages, in the order in which they ended; real-time messages at once, even inside another message.
 * Keeps  running status and an unfinished message. Never throws; garbage is skipped up to the next status octet and
 *        counted. Allocates for SysEx only. Drop policy: a SysEx longer than the bound, or ended by anything but F7, is
 *        dropped whole.
 * Spec   MIDI 1.0 Detailed Specification 4.2, section 2 and appendix "Running Status".
 */
import { dataOctets, STATUS, shortMessage } from '../core/midi-bytes.ts';
import type { MidiMessage } from '../core/midi-message.ts';
import type { Instant } from '../core/time.ts';

export interface ParserFaults {
  /** Data octets that belong to no message. */
  stray: number;
  /** F4, F5, F9, FD, and F7 without an F0. */
  undefinedStatus: number;
  /** Messages cut short by a status octet. */
  truncated: number;
  /** SysEx ended by another status octet than F7. */
  unterminated: number;
  /** SysEx beyond the bound. */
  tooLong: number;
}

export type EmitMessage = (message: MidiMessage, at: Instant) => void;

/** Octets of SysEx data, without F0 and F7. */
const MAX_SYSEX: number = 1 << 20;
const SMALL_SYSEX = 1_024;
const NO_STATUS = 0;
const FIRST_REAL_TIME = 0xf8;
const FIRST_SYSTEM = 0xf0;

export class ByteStreamParser {
  readonly faults: ParserFaults = {
    stray: 0,
    undefinedStatus: 0,
    truncated: 0,
    unterminated: 0,
    tooLong: 0,
  };
  readonly #maxSysEx: number;
  /** Status of the message that data octets belong to. */
  #status: number = NO_STATUS;
  #needed = 0;
  #have = 0;
  #data1 = 0;
  /** The status octet of the unfinished message was there itself: if cut short now, it is a fault. */
  #begun = false;
  #inSysEx = false;
  #sysEx: Uint8Array = new Uint8Array(SMALL_SYSEX);
  #sysExLength = 0;

  constructor(init: { readonly maxSysEx?: number } = {}) {
    this.#maxSysEx = init.maxSysEx ?? MAX_SYSEX;
  }

  get faultCount(): number {
    const { stray, undefinedStatus, truncated, unterminated, tooLong } = this.faults;
    return stray + undefinedStatus + truncated + unterminated + tooLong;
  }

  push(bytes: Uint8Array, at: Instant, emit: EmitMessage): void {
    for (let i = 0; i < bytes.length; i++) {
      const octet = bytes[i] as number;
      if (octet < 0x80) this.#data(octet, at, emit);
      else if (octet >= FIRST_REAL_TIME) this.#realTime(octet, at, emit);
      else if (octet >= FIRST_SYSTEM) this.#system(octet, at, emit);
      else {
        this.#interrupt();
        this.#begin(octet);
      }
    }
  }

  #realTime(octet: number, at: Instant, emit: EmitMessage): void {
    const message = shortMessage(octet, 0, 0);
    if (message === undefined) this.faults.undefinedStatus++;
    else emit(message, at);
  }

  #system(octet: number, at: Instant, emit: EmitMessage): void {
    if (octet === STATUS.endOfSysEx && this.#inSysEx) {
      this.#endSysEx(at, emit);
      return;
    }
    this.#interrupt();
    this.#status = NO_STATUS;
    if (octet === STATUS.sysEx) {
      this.#inSysEx = true;
      this.#sysExLength = 0;
    } else if (octet === STATUS.tuneRequest) {
      const message = shortMessage(octet, 0, 0);
      if (message !== undefined) emit(message, at);
    } else if (dataOctets(octet) > 0) {
      this.#begin(octet);
    } else {
      this.faults.undefinedStatus++;
    }
  }

  #begin(status: number): void {
    this.#status = status;
    this.#needed = dataOctets(status);
    this.#have = 0;
    this.#begun = true;
  }

  /** A status octet came: whatever was unfinished stays so. */
  #interrupt(): void {
    if (this.#inSysEx) {
      this.#inSysEx = false;
      if (this.#sysExLength > this.#maxSysEx) this.faults.tooLong++;
      else this.faults.unterminated++;
    } else if (this.#status !== NO_STATUS && (this.#begun || this.#have > 0)) {
      this.faults.truncated++;
    }
    this.#have = 0;
    this.#begun = false;
  }

  #data(octet: number, at: Instant, emit: EmitMessage): void {
    if (this.#inSysEx) {
      this.#sysExData(octet);
      return;
    }
    if (this.#status === NO_STATUS) {
      this.faults.stray++;
      return;
    }
    this.#have++;
    if (this.#have < this.#needed) {
      this.#data1 = octet;
      return;
    }
    const message =
      this.#needed === 1
        ? shortMessage(this.#status, octet, 0)
        : shortMessage(this.#status, this.#data1, octet);
    this.#have = 0;
    this.#begun = false;
    // Only channel messages have running status.
    if (this.#status >= FIRST_SYSTEM) this.#status = NO_STATUS;
    if (message !== undefined) emit(message, at);
  }

  #sysExData(octet: number): void {
    const at = this.#sysExLength;
    if (at > this.#maxSysEx) return;
    this.#sysExLength = at + 1;
    if (at === this.#maxSysEx) return;
    if (at === this.#sysEx.length) {
      const larger = new Uint8Array(Math.min(this.#maxSysEx, at * 2));
      larger.set(this.#sysEx);
      this.#sysEx = larger;
    }
    this.#sysEx[at] = octet;
  }

  #endSysEx(at: Instant, emit: EmitMessage): void {
    const length = this.#sysExLength;
    this.#inSysEx = false;
    if (length > this.#maxSysEx) {
      this.faults.tooLong++;
    } else {
      emit({ kind: 'sysEx', data: this.#sysEx.slice(0, length) }, at);
    }
    if (this.#sysEx.length > SMALL_SYSEX) this.#sysEx = new Uint8Array(SMALL_SYSEX);
  }
}
