/**
 * What goes over a link's packet lane: RTP packets, told apart by payload type. PACKETS.md.
 *
 * Takes octets, gives kinds and offsets, and writes headers into octets of the caller. Allocates nothing.
 */
import { readUint32, writeUint16, writeUint32 } from '../rtp-midi/rtp-header.ts';

/** What a lane takes at most (PacketLane). */
export const LANE_OCTETS = 1_200;
export const LANE_HEADER_OCTETS = 12;
export const BOX_OCTETS = 16;
/** Ensemble time of a packet's timestamp, in microseconds. */
const TIME_OCTETS = 8;
/** In front of a packet that is passed on: header, destination, source. */
export const FORWARD_HEADER_OCTETS: number = LANE_HEADER_OCTETS + 2 * BOX_OCTETS;
/** In front of a packet for many: header, time, how many are left out; then those. */
export const STREAM_HEADER_OCTETS: number = LANE_HEADER_OCTETS + TIME_OCTETS + 1;
/** More than these can't be left out. */
export const MOST_LEFT_OUT = 4;
/** In front of its copies: header, source, time. */
export const COPY_HEADER_OCTETS: number = LANE_HEADER_OCTETS + BOX_OCTETS + TIME_OCTETS;
/** In front of reports: header, word. */
export const REPORTS_HEADER_OCTETS: number = LANE_HEADER_OCTETS + 1;
/** A box, and the number of a packet. */
export const REPORT_OCTETS: number = BOX_OCTETS + 2;
export const MOST_REPORTS: number = Math.floor(
  (LANE_OCTETS - REPORTS_HEADER_OCTETS) / REPORT_OCTETS,
);

/** Dynamic payload types (RFC 3551 section 6). */
export const PAYLOAD = {
  midi: 97,
  control: 98,
  data: 99,
  forwarded: 100,
  probe: 101,
  stream: 102,
  copy: 103,
  reports: 104,
} as const;

export type LanePacketKind = keyof typeof PAYLOAD;

/** Without padding, extension, contributing sources or marker: what is not MIDI has no use for them. */
const PLAIN = 0x80;
const VERSION_BITS = 0xc0;
const COMMAND = 0xffff;
const WORD = 0x1_0000_0000;
/** The least number of 64 bits. */
const UNKNOWN_TIME = 0x8000_0000;

/** Undefined: nothing that belongs on a lane, or too short for what it says it is. */
export function lanePacketKind(
  packet: Uint8Array,
  at: number,
  end: number,
): LanePacketKind | undefined {
  const octets = end - at;
  if (octets < LANE_HEADER_OCTETS || end > LANE_OCTETS) return undefined;
  const first = packet[at] as number;
  const second = packet[at + 1] as number;
  // The receiver of RTP-MIDI looks at the rest of such a header itself.
  if ((second & 0x7f) === PAYLOAD.midi) {
    return (first & VERSION_BITS) === PLAIN ? 'midi' : undefined;
  }
  if (first !== PLAIN) return undefined;
  switch (second) {
    case PAYLOAD.control:
      return isCommand(packet, at, octets) ? 'control' : undefined;
    case PAYLOAD.data:
      return isCommand(packet, at, octets) ? 'data' : undefined;
    case PAYLOAD.forwarded:
      return octets > FORWARD_HEADER_OCTETS + LANE_HEADER_OCTETS ? 'forwarded' : undefined;
    case PAYLOAD.probe:
      return octets === LANE_HEADER_OCTETS + 1 ? 'probe' : undefined;
    case PAYLOAD.stream:
      return octets > STREAM_HEADER_OCTETS + LANE_HEADER_OCTETS ? 'stream' : undefined;
    case PAYLOAD.copy:
      return octets > COPY_HEADER_OCTETS + LANE_HEADER_OCTETS ? 'copy' : undefined;
    case PAYLOAD.reports:
      return isReports(octets) ? 'reports' : undefined;
    default:
      return undefined;
  }
}

/** The timestamp stays 0: none of these has a time of sampling. */
export function writeLaneHeader(
  out: Uint8Array,
  kind: Exclude<LanePacketKind, 'midi'>,
  sequence: number,
  ssrc: number,
): void {
  out[0] = PLAIN;
  out[1] = PAYLOAD[kind];
  writeUint16(out, 2, sequence);
  writeUint32(out, 4, 0);
  writeUint32(out, 8, ssrc);
}

/** In microseconds; NaN: not known. As whole microseconds, with a sign, of 64 bits. */
export function writeTime(out: Uint8Array, at: number, time: number): void {
  const whole = Math.round(time);
  const isKnown = Number.isSafeInteger(whole);
  writeUint32(out, at, isKnown ? Math.floor(whole / WORD) >>> 0 : UNKNOWN_TIME);
  writeUint32(out, at + 4, isKnown ? whole >>> 0 : 0);
}

export function readTime(packet: Uint8Array, at: number): number {
  const high = readUint32(packet, at);
  const time = (high | 0) * WORD + readUint32(packet, at + 4);
  return Number.isSafeInteger(time) ? time : Number.NaN;
}

/** The first four octets of a box's id, as a key that needs no memory. */
export const boxKey = (octets: Uint8Array, at: number): number => readUint32(octets, at) | 0;

export function sameBox(box: Uint8Array, octets: Uint8Array, at: number): boolean {
  for (let i = 0; i < BOX_OCTETS; i++) if (box[i] !== octets[at + i]) return false;
  return true;
}

function isCommand(packet: Uint8Array, at: number, octets: number): boolean {
  const begin = at + LANE_HEADER_OCTETS;
  return (
    octets >= LANE_HEADER_OCTETS + 4 &&
    (((packet[begin] as number) << 8) | (packet[begin + 1] as number)) === COMMAND
  );
}

const isReports = (octets: number): boolean =>
  octets > REPORTS_HEADER_OCTETS && (octets - REPORTS_HEADER_OCTETS) % REPORT_OCTETS === 0;
