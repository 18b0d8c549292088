/**
 * AppleMIDI session messages: FFFF, two letters, then fields in network byte order.
 *
 * Takes  octets, gives messages, and back. A message cut short or of another protocol version is a fault.
 * Spec   none is public; as observed (Apple's Network MIDI, the dissector of Wireshark). The name is optional, and its
 *        closing NUL may be missing.
 */
import type { Decoded } from '../../../core/errors.ts';
import { readUint16, readUint32, writeUint16, writeUint32 } from '../rtp-header.ts';
import type { Ticks } from '../ticks.ts';

const PROTOCOL_VERSION = 2;
/** Octets of a name that are kept, and sent. */
export const MAX_NAME_OCTETS = 63;
/** Room that any message fits in. */
export const MESSAGE_OCTETS: number = 16 + MAX_NAME_OCTETS + 1;

export type SessionMessage =
  | {
      /** Invite, accept, refuse, leave. */
      readonly kind: 'IN' | 'OK' | 'NO' | 'BY';
      readonly token: number;
      readonly ssrc: number;
      readonly name: string;
    }
  | {
      /** Clock exchange. `count` 0: t1 is set; 1: t2 too; 2: all three. */
      readonly kind: 'CK';
      readonly ssrc: number;
      readonly count: number;
      readonly t1: Ticks;
      readonly t2: Ticks;
      readonly t3: Ticks;
    }
  | {
      /** Receiver feedback. `lowHalf` are the next two octets, where some put the number. */
      readonly kind: 'RS';
      readonly ssrc: number;
      readonly sequence: number;
      readonly lowHalf: number;
    }
  | {
      /** A limit to the rate at which to send, in bits a second. */
      readonly kind: 'RL';
      readonly ssrc: number;
      readonly limit: number;
    };

export type SessionFault = 'controlMalformed' | 'controlUnknown';

const SIGNATURE = 0xffff;
const CODES: Readonly<Record<SessionMessage['kind'], number>> = {
  IN: 0x494e,
  OK: 0x4f4b,
  NO: 0x4e4f,
  BY: 0x4259,
  CK: 0x434b,
  RS: 0x5253,
  RL: 0x524c,
};
const HIGH = 0x1_0000_0000;
/** What would move a cursor or upset a log. */
const UNPRINTABLE = /[\p{Cc}\p{Zl}\p{Zp}]/gu;
const MALFORMED = { ok: false, fault: 'controlMalformed' } as const;

export function isSessionMessage(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && readUint16(bytes, 0) === SIGNATURE;
}

export function decodeSessionMessage(bytes: Uint8Array): Decoded<SessionMessage, SessionFault> {
  if (bytes.length < 4) return MALFORMED;
  const { length } = bytes;
  const ssrc = readUint32(bytes, 4);
  switch (readUint16(bytes, 2)) {
    case CODES.IN:
      return decodeIntroduction('IN', bytes);
    case CODES.OK:
      return decodeIntroduction('OK', bytes);
    case CODES.NO:
      return decodeIntroduction('NO', bytes);
    case CODES.BY:
      return decodeIntroduction('BY', bytes);
    case CODES.CK: {
      const count = bytes[8] ?? 0;
      if (length < 36 || count > 2) return MALFORMED;
      const t1 = readTicks(bytes, 12);
      const t2 = readTicks(bytes, 20);
      const t3 = readTicks(bytes, 28);
      return { ok: true, value: { kind: 'CK', ssrc, count, t1, t2, t3 }, length };
    }
    case CODES.RS: {
      if (length < 10) return MALFORMED;
      const sequence = readUint16(bytes, 8);
      const lowHalf = readUint16(bytes, 10);
      return { ok: true, value: { kind: 'RS', ssrc, sequence, lowHalf }, length };
    }
    case CODES.RL:
      if (length < 12) return MALFORMED;
      return { ok: true, value: { kind: 'RL', ssrc, limit: readUint32(bytes, 8) }, length };
    default:
      return { ok: false, fault: 'controlUnknown' };
  }
}

function decodeIntroduction(
  kind: 'IN' | 'OK' | 'NO' | 'BY',
  bytes: Uint8Array,
): Decoded<SessionMessage, SessionFault> {
  const { length } = bytes;
  if (length < 16 || readUint32(bytes, 4) !== PROTOCOL_VERSION) return MALFORMED;
  const token = readUint32(bytes, 8);
  const ssrc = readUint32(bytes, 12);
  let end = 16;
  while (end < length && bytes[end] !== 0 && end < 16 + MAX_NAME_OCTETS) end++;
  // A character that is cut in two at the end is left out; what is no UTF-8 is marked as such.
  const text = new TextDecoder().decode(bytes.subarray(16, end), { stream: true });
  return { ok: true, value: { kind, token, ssrc, name: text.replace(UNPRINTABLE, '') }, length };
}

/**
 * Writes the message at the start of `out` and returns its length. A name is cut so that the message takes no more than
 * `room`; a message without name always fits.
 */
export function writeSessionMessage(
  message: SessionMessage,
  out: Uint8Array,
  room: number = MESSAGE_OCTETS,
): number {
  writeUint16(out, 0, SIGNATURE);
  writeUint16(out, 2, CODES[message.kind]);
  switch (message.kind) {
    case 'IN':
    case 'OK':
    case 'NO':
    case 'BY': {
      writeUint32(out, 4, PROTOCOL_VERSION);
      writeUint32(out, 8, message.token);
      writeUint32(out, 12, message.ssrc);
      const spare = Math.min(MAX_NAME_OCTETS, room - 17);
      if (message.kind === 'BY' || message.name === '' || spare < 1) return 16;
      const name = fittingName(message.name, spare);
      out.set(name, 16);
      out[16 + name.length] = 0;
      return 17 + name.length;
    }
    case 'CK':
      writeUint32(out, 4, message.ssrc);
      writeUint32(out, 8, message.count << 24);
      writeTicks(out, 12, message.t1);
      writeTicks(out, 20, message.t2);
      writeTicks(out, 28, message.t3);
      return 36;
    case 'RS':
      writeUint32(out, 4, message.ssrc);
      writeUint16(out, 8, message.sequence);
      writeUint16(out, 10, message.lowHalf);
      return 12;
    case 'RL':
      writeUint32(out, 4, message.ssrc);
      writeUint32(out, 8, message.limit);
      return 12;
  }
}

/** UTF-8, cut between characters. */
function fittingName(name: string, room: number): Uint8Array {
  const octets = new TextEncoder().encode(name.replaceAll('\0', ''));
  let end = Math.min(octets.length, room);
  while (end < octets.length && end > 0 && ((octets[end] as number) & 0xc0) === 0x80) end--;
  return octets.subarray(0, end);
}

function readTicks(bytes: Uint8Array, at: number): Ticks {
  return (readUint32(bytes, at) * HIGH + readUint32(bytes, at + 4)) as Ticks;
}

function writeTicks(out: Uint8Array, at: number, ticks: Ticks): void {
  writeUint32(out, at, Math.floor(ticks / HIGH) >>> 0);
  writeUint32(out, at + 4, (ticks % HIGH) >>> 0);
}
