/**
 * MIDI 1.0 messages as octets and back, and the table of short messages.
 *
 * Takes  octets of one whole message, or a MidiMessage.
 * Gives  the other. Nothing malformed is written: data values are masked to seven bits.
 * Keeps  one object for each short message that was ever seen, so that a message seen before costs no allocation and
 *        equal short messages are the same object. There are 1.3 million of them (90 MB if all occurred); an evening
 *        of playing uses some tens of thousands (3 MB).
 * Spec   MIDI 1.0 Detailed Specification 4.2, tables I to VI.
 */
import type { Decoded } from './errors.ts';
import type { MidiMessage } from './midi-message.ts';

export type MidiFault =
  /** The first octet is no status octet. */
  | 'noStatus'
  /** F4, F5, F9, FD, or F7 that ends nothing. */
  | 'undefinedStatus'
  /** A status octet where a data octet belongs. */
  | 'badData'
  /** Octets are missing at the end. */
  | 'truncated';

export const STATUS = {
  noteOff: 0x80,
  noteOn: 0x90,
  polyPressure: 0xa0,
  controlChange: 0xb0,
  programChange: 0xc0,
  channelPressure: 0xd0,
  pitchBend: 0xe0,
  sysEx: 0xf0,
  mtcQuarterFrame: 0xf1,
  songPosition: 0xf2,
  songSelect: 0xf3,
  tuneRequest: 0xf6,
  endOfSysEx: 0xf7,
  timingClock: 0xf8,
  start: 0xfa,
  continue: 0xfb,
  stop: 0xfc,
  activeSensing: 0xfe,
  systemReset: 0xff,
} as const;

/** What a note-on of velocity 0 becomes (the specification's value for keyboards without release velocity). */
const DEFAULT_RELEASE_VELOCITY = 64;

/** Data octets after each status octet from 80 to FF; -1 where it begins no message of fixed length. */
const DATA_OCTETS: readonly number[] = Array.from({ length: 128 }, (_, low) => {
  const status = 0x80 | low;
  if (status < 0xc0) return 2;
  if (status < 0xe0) return 1;
  if (status < 0xf0) return 2;
  if (status === STATUS.songPosition) return 2;
  if (status === STATUS.mtcQuarterFrame || status === STATUS.songSelect) return 1;
  if (status === STATUS.tuneRequest) return 0;
  if (status < STATUS.timingClock || status === 0xf9 || status === 0xfd) return -1;
  return 0;
});

/** How many data octets follow `status` (0x80 to 0xFF); -1 for SysEx, its end, and undefined status octets. */
export function dataOctets(status: number): number {
  return DATA_OCTETS[status & 0x7f] ?? -1;
}

/** Pages of 128 by `status` and `data1`, made when first needed. */
const pages: ((MidiMessage | undefined)[] | undefined)[] = new Array(128 * 128).fill(undefined);

/**
 * The short message of these octets; `data2` and `data1` are ignored where the message has none. Undefined for SysEx,
 * undefined status octets and data octets above 127. Equal octets give the same object.
 */
export function shortMessage(
  status: number,
  data1: number,
  data2: number,
): MidiMessage | undefined {
  if (status < 0x80 || status > 0xff) return undefined;
  const count = dataOctets(status);
  if (count < 0) return undefined;
  const first = count > 0 ? data1 : 0;
  const second = count > 1 ? data2 : 0;
  if (first < 0 || first > 127 || second < 0 || second > 127) return undefined;
  const pageAt = ((status & 0x7f) << 7) | first;
  let page = pages[pageAt];
  if (page === undefined) {
    page = new Array<MidiMessage | undefined>(128).fill(undefined);
    pages[pageAt] = page;
  }
  const held = page[second];
  if (held !== undefined) return held;
  const made = makeShort(status, first, second);
  if (made !== undefined) page[second] = made;
  return made;
}

function makeShort(status: number, data1: number, data2: number): MidiMessage | undefined {
  const channel = status & 0x0f;
  switch (status < 0xf0 ? status & 0xf0 : status) {
    case STATUS.noteOff:
      return Object.freeze({ kind: 'noteOff', channel, key: data1, velocity: data2 });
    case STATUS.noteOn:
      if (data2 > 0) return Object.freeze({ kind: 'noteOn', channel, key: data1, velocity: data2 });
      return shortMessage(STATUS.noteOff | channel, data1, DEFAULT_RELEASE_VELOCITY);
    case STATUS.polyPressure:
      return Object.freeze({ kind: 'polyPressure', channel, key: data1, pressure: data2 });
    case STATUS.controlChange:
      return Object.freeze({ kind: 'controlChange', channel, controller: data1, value: data2 });
    case STATUS.programChange:
      return Object.freeze({ kind: 'programChange', channel, program: data1 });
    case STATUS.channelPressure:
      return Object.freeze({ kind: 'channelPressure', channel, pressure: data1 });
    case STATUS.pitchBend:
      return Object.freeze({ kind: 'pitchBend', channel, value: (data2 << 7) | data1 });
    case STATUS.mtcQuarterFrame:
      return Object.freeze({ kind: 'mtcQuarterFrame', piece: data1 >> 4, nibble: data1 & 0x0f });
    case STATUS.songPosition:
      return Object.freeze({ kind: 'songPosition', beats: (data2 << 7) | data1 });
    case STATUS.songSelect:
      return Object.freeze({ kind: 'songSelect', song: data1 });
    case STATUS.tuneRequest:
      return Object.freeze({ kind: 'tuneRequest' });
    case STATUS.timingClock:
      return Object.freeze({ kind: 'timingClock' });
    case STATUS.start:
      return Object.freeze({ kind: 'start' });
    case STATUS.continue:
      return Object.freeze({ kind: 'continue' });
    case STATUS.stop:
      return Object.freeze({ kind: 'stop' });
    case STATUS.activeSensing:
      return Object.freeze({ kind: 'activeSensing' });
    case STATUS.systemReset:
      return Object.freeze({ kind: 'systemReset' });
    default:
      return undefined;
  }
}

/** The message that begins at the first octet; `length` tells how many octets it took. Copies what it keeps. */
export function decodeMessage(bytes: Uint8Array): Decoded<MidiMessage, MidiFault> {
  const status = bytes[0];
  if (status === undefined) return { ok: false, fault: 'truncated' };
  if (status < 0x80) return { ok: false, fault: 'noStatus' };
  if (status === STATUS.sysEx) return decodeSysEx(bytes);
  const count = dataOctets(status);
  if (count < 0) return { ok: false, fault: 'undefinedStatus' };
  if (bytes.length < count + 1) return { ok: false, fault: 'truncated' };
  const value = shortMessage(status, bytes[1] ?? 0, bytes[2] ?? 0);
  if (value === undefined) return { ok: false, fault: 'badData' };
  return { ok: true, value, length: count + 1 };
}

function decodeSysEx(bytes: Uint8Array): Decoded<MidiMessage, MidiFault> {
  for (let at = 1; at < bytes.length; at++) {
    const octet = bytes[at] as number;
    if (octet < 0x80) continue;
    if (octet !== STATUS.endOfSysEx) return { ok: false, fault: 'badData' };
    return { ok: true, value: { kind: 'sysEx', data: bytes.slice(1, at) }, length: at + 1 };
  }
  return { ok: false, fault: 'truncated' };
}

/** Octets that `encodeMessage` gives: 1 to 3, or the data of a SysEx and two. */
export function encodedLength(message: MidiMessage): number {
  switch (message.kind) {
    case 'sysEx':
      return message.data.length + 2;
    case 'noteOff':
    case 'noteOn':
    case 'polyPressure':
    case 'controlChange':
    case 'pitchBend':
    case 'songPosition':
      return 3;
    case 'programChange':
    case 'channelPressure':
    case 'mtcQuarterFrame':
    case 'songSelect':
      return 2;
    case 'tuneRequest':
    case 'timingClock':
    case 'start':
    case 'continue':
    case 'stop':
    case 'activeSensing':
    case 'systemReset':
      return 1;
  }
}

/** The whole message in an array of its own; SysEx with its F0 and F7. */
export function encodeMessage(message: MidiMessage): Uint8Array {
  const out = new Uint8Array(encodedLength(message));
  encodeMessageInto(message, out, 0);
  return out;
}

/** Writes the whole message at `at`, allocating nothing, and returns how many octets it took. `out` must have the room. */
export function encodeMessageInto(message: MidiMessage, out: Uint8Array, at: number): number {
  switch (message.kind) {
    case 'noteOff':
      return put3(out, at, STATUS.noteOff | (message.channel & 15), message.key, message.velocity);
    case 'noteOn':
      return put3(out, at, STATUS.noteOn | (message.channel & 15), message.key, message.velocity);
    case 'polyPressure':
      return put3(
        out,
        at,
        STATUS.polyPressure | (message.channel & 15),
        message.key,
        message.pressure,
      );
    case 'controlChange':
      return put3(
        out,
        at,
        STATUS.controlChange | (message.channel & 15),
        message.controller,
        message.value,
      );
    case 'programChange':
      return put2(out, at, STATUS.programChange | (message.channel & 15), message.program);
    case 'channelPressure':
      return put2(out, at, STATUS.channelPressure | (message.channel & 15), message.pressure);
    case 'pitchBend':
      return put3(
        out,
        at,
        STATUS.pitchBend | (message.channel & 15),
        message.value,
        message.value >> 7,
      );
    case 'sysEx':
      return putSysEx(out, at, message.data);
    case 'mtcQuarterFrame':
      return put2(
        out,
        at,
        STATUS.mtcQuarterFrame,
        ((message.piece & 7) << 4) | (message.nibble & 15),
      );
    case 'songPosition':
      return put3(out, at, STATUS.songPosition, message.beats, message.beats >> 7);
    case 'songSelect':
      return put2(out, at, STATUS.songSelect, message.song);
    case 'tuneRequest':
    case 'timingClock':
    case 'start':
    case 'continue':
    case 'stop':
    case 'activeSensing':
    case 'systemReset':
      out[at] = STATUS[message.kind];
      return 1;
  }
}

function put2(out: Uint8Array, at: number, status: number, data1: number): number {
  out[at] = status;
  out[at + 1] = data1 & 0x7f;
  return 2;
}

function put3(out: Uint8Array, at: number, status: number, data1: number, data2: number): number {
  out[at] = status;
  out[at + 1] = data1 & 0x7f;
  out[at + 2] = data2 & 0x7f;
  return 3;
}

function putSysEx(out: Uint8Array, at: number, data: Uint8Array): number {
  out[at] = STATUS.sysEx;
  for (let i = 0; i < data.length; i++) out[at + 1 + i] = (data[i] as number) & 0x7f;
  out[at + 1 + data.length] = STATUS.endOfSysEx;
  return data.length + 2;
}
