/**
 * The RTP header around an RTP-MIDI payload.
 *
 * Takes  octets, fills in a record that is used again; or writes the twelve octets.
 * Spec   RFC 3550 section 5.1, RFC 6295 section 2.1. Payload type 97 is what AppleMIDI peers agree on without saying so.
 */

export const RTP_HEADER_OCTETS = 12;
const PAYLOAD_TYPE = 97;
const VERSION = 2;

export type RtpFault =
  /** Version or payload type is another: not ours, or raw MIDI. */
  | 'notRtpMidi'
  /** CSRC list, extension or padding claim octets that are not there, or there is no payload. */
  | 'rtpTruncated';

/** A header as received. Filled in again for each packet. */
export interface RtpHeader {
  marker: boolean;
  sequence: number;
  timestamp: number;
  ssrc: number;
  /** The payload's octets: from here, up to `payloadEnd`. */
  payloadAt: number;
  payloadEnd: number;
}

export const emptyRtpHeader = (): RtpHeader => ({
  marker: false,
  sequence: 0,
  timestamp: 0,
  ssrc: 0,
  payloadAt: 0,
  payloadEnd: 0,
});

/** Reads the header into `header`; gives a fault, or undefined when all is well. Never reads outside `bytes`. */
export function readRtpHeader(bytes: Uint8Array, header: RtpHeader): RtpFault | undefined {
  const length = bytes.length;
  if (length <= RTP_HEADER_OCTETS) return 'notRtpMidi';
  const first = bytes[0] as number;
  const second = bytes[1] as number;
  if (first >> 6 !== VERSION || (second & 0x7f) !== PAYLOAD_TYPE) return 'notRtpMidi';
  let at = RTP_HEADER_OCTETS + 4 * (first & 0x0f);
  let end = length;
  if ((first & 0x20) !== 0) {
    const padding = bytes[length - 1] as number;
    if (padding === 0) return 'rtpTruncated';
    end -= padding;
  }
  if ((first & 0x10) !== 0) {
    if (at + 4 > end) return 'rtpTruncated';
    at += 4 + 4 * readUint16(bytes, at + 2);
  }
  if (at >= end) return 'rtpTruncated';
  header.marker = (second & 0x80) !== 0;
  header.sequence = readUint16(bytes, 2);
  header.timestamp = readUint32(bytes, 4);
  header.ssrc = readUint32(bytes, 8);
  header.payloadAt = at;
  header.payloadEnd = end;
  return undefined;
}

/** M stays 0: macOS and Windows drop packets that carry it, although RFC 6295 asks for it. */
export function writeRtpHeader(
  out: Uint8Array,
  sequence: number,
  timestamp: number,
  ssrc: number,
): number {
  out[0] = VERSION << 6;
  out[1] = PAYLOAD_TYPE;
  writeUint16(out, 2, sequence);
  writeUint32(out, 4, timestamp);
  writeUint32(out, 8, ssrc);
  return RTP_HEADER_OCTETS;
}

export function readUint16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}

export function readUint32(bytes: Uint8Array, at: number): number {
  return ((readUint16(bytes, at) << 16) | readUint16(bytes, at + 2)) >>> 0;
}

export function writeUint16(out: Uint8Array, at: number, value: number): void {
  out[at] = (value >> 8) & 0xff;
  out[at + 1] = value & 0xff;
}

export function writeUint32(out: Uint8Array, at: number, value: number): void {
  writeUint16(out, at, value >>> 16);
  writeUint16(out, at + 2, value & 0xffff);
}
