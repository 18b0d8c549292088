/**
 * RTP-MIDI delta times: 1 to 4 octets, seven bits each, most significant first.
 *
 * Takes  octets, gives numbers, touches and allocates nothing. Unit: ticks of the RTP clock, not milliseconds.
 * Spec   RFC 6295 section 3.1 (the coding of Standard MIDI File quantities). Padded forms are legal to receive.
 */

export const MAX_DELTA_TIME = 0x0fff_ffff;
const MAX_OCTETS = 4;
const CONTINUES = 0x80;

/** What `deltaTimeLength` gives when there is no delta time. */
export const DELTA_TRUNCATED = -1;
export const DELTA_OVERLONG = -2;

/** Octets that the delta time at `at` takes, 1 to 4, or one of the two faults. Reads nothing at or past `end`. */
export function deltaTimeLength(bytes: Uint8Array, at: number, end: number): number {
  const stop = Math.min(end, bytes.length);
  for (let length = 1; length <= MAX_OCTETS; length++) {
    if (at + length > stop) return DELTA_TRUNCATED;
    if (((bytes[at + length - 1] as number) & CONTINUES) === 0) return length;
  }
  return DELTA_OVERLONG;
}

/** The value of a delta time whose length is known. */
export function deltaTimeValue(bytes: Uint8Array, at: number, length: number): number {
  let value = 0;
  for (let i = 0; i < length; i++) value = (value << 7) | ((bytes[at + i] ?? 0) & 0x7f);
  return value;
}

/** Octets of the shortest form. */
export function deltaTimeSize(ticks: number): number {
  if (ticks < 0x80) return 1;
  if (ticks < 0x4000) return 2;
  return ticks < 0x20_0000 ? 3 : 4;
}

/** Writes the shortest form at `at`; returns how many octets it took. */
export function writeDeltaTime(ticks: number, out: Uint8Array, at: number): number {
  if (!Number.isInteger(ticks) || ticks < 0 || ticks > MAX_DELTA_TIME) {
    throw new RangeError(`delta time ${ticks} does not fit in four octets`);
  }
  const size = deltaTimeSize(ticks);
  for (let i = size - 1, rest = ticks; i >= 0; i--, rest >>>= 7) {
    out[at + i] = (rest & 0x7f) | (i === size - 1 ? 0 : CONTINUES);
  }
  return size;
}
