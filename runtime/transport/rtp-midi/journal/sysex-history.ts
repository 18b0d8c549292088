/**
 * The SysEx commands of a stream as Chapter X sees them: their numbers, how they ended, and their last octets.
 *
 * Takes  commands whole or piece by piece, each piece with a stamp that grows.
 * Gives  which commands and octets came after a stamp, and whether a command is known.
 * Keeps  COMMANDS commands and OCTETS octets, the newest ones: more than one Chapter X can hold. Made when first needed.
 * Spec   RFC 6295 appendices A.1 (finished, unfinished and active commands), B.4 and B.5.3 (MTC Full Frames are counted,
 *        but not coded in Chapter X).
 */

import { SysExAssembly } from '../sysex-assembly.ts';

export const SYSEX_STATUS = { unfinished: 0, cancelled: 1, droppedEnd: 2, done: 3 } as const;
export type SysExStatus = (typeof SYSEX_STATUS)[keyof typeof SYSEX_STATUS];

/** Powers of two. */
const COMMANDS = 256;
const OCTETS = 1_024;
const FULL_FRAME_OCTETS = 8;
/** Nothing is known: a number of the journal's own can't be this. */
const UNKNOWN = -1;

interface Rings {
  readonly octets: Uint8Array;
  readonly octetStamps: Float64Array;
  /** Position of the first octet; the command ends where the next one begins. */
  readonly starts: Float64Array;
  /** Of the newest octet, or of the end. */
  readonly stamps: Float64Array;
  readonly numbers: Int16Array;
  readonly statuses: Uint8Array;
  /** 1: a finished Full Frame. */
  readonly frames: Uint8Array;
}

export class SysExHistory {
  /** Commands begun: those from `begun - 1` down can be asked for by index. */
  begun = 0;
  /** Number (mod 256) of the newest command that is no finished Full Frame, or -1: not known. */
  number = 0;
  /** Full Frames since then, or -1. */
  framesSince = 0;
  /** Logs that Chapter X had to leave out or cut short. */
  shed = 0;
  /** Commands received in part whose rest will not come. */
  lost = 0;
  /** Octets of the command that is being received may be missing: only Chapter X can tell. */
  doubted = false;
  /** It is doubted, and its end came: it waits for Chapter X. */
  ended = false;
  /** All octets of the command that is being received. A sender has no use for it. */
  readonly partial: SysExAssembly = new SysExAssembly();
  #numberBefore = 0;
  #framesBefore = 0;
  #rings: Rings | undefined;
  #end = 0;
  #activeFrom = 0;
  #open = false;

  /** The newest command has not ended. */
  get open(): boolean {
    return this.#open;
  }

  begin(stamp: number): void {
    if (this.#open) this.finish(SYSEX_STATUS.cancelled, stamp);
    this.#rings ??= makeRings();
    const rings = this.#rings;
    this.#numberBefore = this.number;
    this.#framesBefore = this.framesSince;
    const counted = this.number !== UNKNOWN && this.framesSince !== UNKNOWN;
    this.number = counted ? (this.number + this.framesSince + 1) & 0xff : UNKNOWN;
    this.framesSince = 0;
    this.doubted = false;
    this.ended = false;
    const slot = this.begun++ % COMMANDS;
    rings.starts[slot] = this.#end;
    rings.stamps[slot] = stamp;
    rings.numbers[slot] = this.number;
    rings.statuses[slot] = SYSEX_STATUS.unfinished;
    rings.frames[slot] = 0;
    this.#open = true;
  }

  /** More of the command that is open. */
  append(bytes: Uint8Array, from: number, to: number, stamp: number): void {
    const rings = this.#rings;
    if (!rings || !this.#open || to <= from) return;
    const skipped = Math.max(0, to - from - OCTETS);
    let at = this.#end + skipped;
    for (let i = from + skipped; i < to; i++, at++) {
      rings.octets[at % OCTETS] = (bytes[i] as number) & 0x7f;
      rings.octetStamps[at % OCTETS] = stamp;
    }
    this.#end += to - from;
    rings.stamps[(this.begun - 1) % COMMANDS] = stamp;
  }

  finish(status: SysExStatus, stamp: number): void {
    const rings = this.#rings;
    if (!rings || !this.#open) return;
    this.#open = false;
    const slot = (this.begun - 1) % COMMANDS;
    rings.statuses[slot] = status;
    rings.stamps[slot] = stamp;
    if (status === SYSEX_STATUS.cancelled || !this.#endsInFullFrame(rings, slot)) return;
    rings.frames[slot] = 1;
    this.number = this.#numberBefore;
    this.framesSince = this.#framesBefore === UNKNOWN ? UNKNOWN : this.#framesBefore + 1;
  }

  /** The command is whole: what is missing of it is added, or all of it if it has not begun. */
  complete(data: Uint8Array, stamp: number): void {
    if (!this.#open) this.begin(stamp);
    const known = Math.min(data.length, this.lengthOf(this.begun - 1));
    this.append(data, known, data.length, stamp);
    this.finish(SYSEX_STATUS.done, stamp);
  }

  /** The next command to begin has this number. */
  expect(number: number): void {
    this.number = (number - 1) & 0xff;
    this.framesSince = 0;
  }

  /** The newest command, but for Full Frames, has this number. */
  renumber(number: number): void {
    this.number = number;
    if (this.#open && this.#rings) this.#rings.numbers[(this.begun - 1) % COMMANDS] = number;
  }

  /** Full Frames may have passed unseen. */
  loseFrames(): void {
    this.framesSince = UNKNOWN;
  }

  /** Commands may have passed unseen. */
  loseCount(): void {
    this.number = UNKNOWN;
    this.framesSince = UNKNOWN;
  }

  /** The command that is being received will not be whole. */
  abandon(stamp: number): void {
    this.partial.drop();
    this.finish(SYSEX_STATUS.cancelled, stamp);
  }

  /** A Reset State command: what ended before it is not active. */
  reset(): void {
    this.#activeFrom = this.#open ? this.begun - 1 : this.begun;
  }

  forget(): void {
    this.partial.drop();
    this.#open = false;
    this.begun = 0;
    this.number = 0;
    this.framesSince = 0;
    this.#end = 0;
    this.#activeFrom = 0;
  }

  /** Index of the oldest command that is remembered. */
  get oldestKept(): number {
    return Math.max(0, this.begun - COMMANDS);
  }

  /** Index of the oldest active command of which something came after this stamp; `begun` when none did. */
  oldestAfter(stamp: number): number {
    const rings = this.#rings;
    if (!rings) return this.begun;
    const limit = Math.max(this.#activeFrom, this.begun - COMMANDS);
    let index = this.begun;
    while (index > limit && (rings.stamps[(index - 1) % COMMANDS] as number) > stamp) index--;
    return index;
  }

  isFullFrame(index: number): boolean {
    return this.#rings?.frames[index % COMMANDS] === 1;
  }

  numberOf(index: number): number {
    return this.#rings?.numbers[index % COMMANDS] ?? UNKNOWN;
  }

  statusOf(index: number): number {
    return this.#rings?.statuses[index % COMMANDS] ?? SYSEX_STATUS.cancelled;
  }

  /** Of its newest octet, or of its end. */
  stampOf(index: number): number {
    return this.#rings?.stamps[index % COMMANDS] ?? 0;
  }

  /** Octets of it that came so far. */
  lengthOf(index: number): number {
    return this.#rings ? this.#endOf(index) - this.#startOf(index) : 0;
  }

  /** The first of its octets that came after this stamp and is kept; its length when there is none. */
  firstAfter(index: number, stamp: number): number {
    const rings = this.#rings;
    if (!rings) return 0;
    const start = this.#startOf(index);
    const kept = Math.max(start, this.#end - OCTETS);
    let at = this.#endOf(index);
    while (at > kept && (rings.octetStamps[(at - 1) % OCTETS] as number) > stamp) at--;
    return at - start;
  }

  /** Copies its octets from `first` on to `at`; returns the offset after them. */
  copy(index: number, first: number, out: Uint8Array, at: number): number {
    const rings = this.#rings;
    if (!rings) return at;
    const end = this.#endOf(index);
    for (let from = this.#startOf(index) + first; from < end; from++) {
      out[at++] = rings.octets[from % OCTETS] as number;
    }
    return at;
  }

  /** Whether this finished command, of which these are the octets from `first` on, is the one at `index`. */
  isSame(index: number, first: number, bytes: Uint8Array, from: number, to: number): boolean {
    const rings = this.#rings;
    const status = this.statusOf(index);
    if (!rings || status < SYSEX_STATUS.droppedEnd) return false;
    const start = this.#startOf(index);
    const end = this.#endOf(index);
    if (end - start !== first + to - from) return false;
    const kept = Math.max(start + first, this.#end - OCTETS);
    if (kept >= end && end > start) return false;
    for (let at = kept; at < end; at++) {
      const octet = (bytes[from + at - start - first] as number) & 0x7f;
      if (rings.octets[at % OCTETS] !== octet) return false;
    }
    return true;
  }

  #startOf(index: number): number {
    return this.#rings?.starts[index % COMMANDS] ?? 0;
  }

  #endOf(index: number): number {
    return index + 1 < this.begun ? this.#startOf(index + 1) : this.#end;
  }

  /** 7F cc 01 01 hr mn sc fr. */
  #endsInFullFrame(rings: Rings, slot: number): boolean {
    const start = rings.starts[slot] as number;
    if (this.#end - start !== FULL_FRAME_OCTETS) return false;
    const octet = (i: number): number => rings.octets[(start + i) % OCTETS] as number;
    return octet(0) === 0x7f && octet(2) === 1 && octet(3) === 1;
  }
}

function makeRings(): Rings {
  return {
    octets: new Uint8Array(OCTETS),
    octetStamps: new Float64Array(OCTETS),
    starts: new Float64Array(COMMANDS),
    stamps: new Float64Array(COMMANDS),
    numbers: new Int16Array(COMMANDS),
    statuses: new Uint8Array(COMMANDS),
    frames: new Uint8Array(COMMANDS),
  };
}
