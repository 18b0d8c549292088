/**
 * The MIDI command section as received: its header, then a list of timed commands.
 *
 * Takes  octets. Gives each command to a sink, in order, and the first fault, if there is one; what was decoded before
 *        a fault stands.
 * Spec   RFC 6295 sections 3, 3.1 and 3.2. A list may end with a lone delta time, or be one.
 */
import { DELTA_OVERLONG, deltaTimeLength, deltaTimeValue } from './delta-time.ts';

export type CommandFault =
  | 'headerTruncated'
  /** LEN points beyond the packet. */
  | 'listTruncated'
  /** Octets follow the list although J = 0. */
  | 'trailingOctets'
  | 'deltaTruncated'
  | 'deltaOverlong'
  | 'noRunningStatus'
  | 'commandTruncated'
  | 'badDataOctet'
  | 'sysExUnterminated'
  /** A segment with octets at its ends that figure 5 of the RFC doesn't have. */
  | 'sysExMalformed';

/** A section's header as received. Filled in again for each packet. */
export interface CommandHeader {
  /** A journal follows the list. */
  journal: boolean;
  /** The first command has a delta time. */
  firstDelta: boolean;
  /** The source sent the first channel command without its status octet. */
  phantom: boolean;
  listAt: number;
  listEnd: number;
}

export const emptyCommandHeader = (): CommandHeader => ({
  journal: false,
  firstDelta: false,
  phantom: false,
  listAt: 0,
  listEnd: 0,
});

export interface CommandSink {
  /** Any command but SysEx. `delta` is the sum of delta times so far. `data2`, `data1` are 0 where there is none. */
  command(status: number, data1: number, data2: number, delta: number): void;
  /** A whole SysEx or a segment: `head` F0 or F7, octets `from` to `to`, `tail` F7, F0, F5 or F4. */
  sysEx(
    head: number,
    bytes: Uint8Array,
    from: number,
    to: number,
    tail: number,
    delta: number,
  ): void;
  /** F4, F5, F9 or FD: MIDI defines no meaning for them. */
  undefinedCommand(status: number, delta: number): void;
}

export function readCommandHeader(
  bytes: Uint8Array,
  at: number,
  end: number,
  header: CommandHeader,
): CommandFault | undefined {
  if (at >= end) return 'headerTruncated';
  const first = bytes[at] as number;
  const long = (first & 0x80) !== 0;
  if (long && at + 2 > end) return 'headerTruncated';
  header.journal = (first & 0x40) !== 0;
  header.firstDelta = (first & 0x20) !== 0;
  header.phantom = (first & 0x10) !== 0;
  header.listAt = at + (long ? 2 : 1);
  const length = long ? ((first & 0x0f) << 8) | (bytes[at + 1] as number) : first & 0x0f;
  header.listEnd = header.listAt + length;
  if (header.listEnd > end) {
    // Whole commands before the end are still good; a journal can't be there.
    header.listEnd = end;
    header.journal = false;
    return 'listTruncated';
  }
  if (!header.journal && header.listEnd !== end) return 'trailingOctets';
  return undefined;
}

export function readCommands(
  bytes: Uint8Array,
  header: CommandHeader,
  sink: CommandSink,
): CommandFault | undefined {
  const end = header.listEnd;
  let at = header.listAt;
  let hasDelta = header.firstDelta;
  let delta = 0;
  let running = 0;
  while (at < end) {
    if (hasDelta) {
      const length = deltaTimeLength(bytes, at, end);
      if (length < 0) return length === DELTA_OVERLONG ? 'deltaOverlong' : 'deltaTruncated';
      delta += deltaTimeValue(bytes, at, length);
      at += length;
      if (at >= end) return undefined;
    }
    hasDelta = true;
    let status = bytes[at] as number;
    if (status >= 0x80) at++;
    else if (running === 0) return 'noRunningStatus';
    else status = running;

    if (status === 0xf0 || status === 0xf7 || status === 0xf4 || status === 0xf5) {
      running = 0;
      let to = at;
      while (to < end && (bytes[to] as number) < 0x80) to++;
      if (to >= end) return 'sysExUnterminated';
      const tail = bytes[to] as number;
      if (status === 0xf4 || status === 0xf5) {
        if (tail !== 0xf7) return 'sysExMalformed';
        sink.undefinedCommand(status, delta);
      } else {
        if (!isSegment(status, tail, to - at)) return 'sysExMalformed';
        sink.sysEx(status, bytes, at, to, tail, delta);
      }
      at = to + 1;
      continue;
    }

    const count = dataOctetsOf(status);
    if (status < 0xf0) running = status;
    else if (status < 0xf8) running = 0;
    if (at + count > end) return 'commandTruncated';
    const data1 = count > 0 ? (bytes[at] as number) : 0;
    const data2 = count > 1 ? (bytes[at + 1] as number) : 0;
    if ((data1 | data2) >= 0x80) return 'badDataOctet';
    at += count;
    if (status === 0xf9 || status === 0xfd) sink.undefinedCommand(status, delta);
    else sink.command(status, data1, data2, delta);
  }
  return undefined;
}

/** Figure 5: first F0..F0, middle F7..F0, last F7..F7 (or F5, figure 6's dropped F7), whole F0..F7, cancel F7 F4. */
function isSegment(head: number, tail: number, length: number): boolean {
  if (tail === 0xf7 || tail === 0xf5) return true;
  if (tail === 0xf0) return length > 0;
  return tail === 0xf4 && head === 0xf7 && length === 0;
}

function dataOctetsOf(status: number): number {
  if (status < 0xc0) return 2;
  if (status < 0xe0) return 1;
  if (status < 0xf0) return 2;
  if (status === 0xf2) return 2;
  return status === 0xf1 || status === 0xf3 ? 1 : 0;
}
