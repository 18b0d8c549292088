/**
 * One MIDI Time Code frame value as eight nibbles, Message Type 0 in the highest of 32 bits: the form of Chapter F's fields.
 *
 * Takes  such a value. Gives  the value some frames on or back, and the four data octets of a Full Frame command.
 * Spec   MIDI Time Code 1.0: frame, second, minute, hour with the rate, low nibble first; drop-frame at rate 2.
 *        RFC 6295 appendix B.4, figure B.4.2.
 */
const RATES: readonly number[] = [24, 25, 30, 30];
const DROP_FRAME = 2;
/** What lies beside hours, minutes, seconds and frames: the rate, and bits kept for the future. */
const RESERVED = 0x0e0c_0c0e;

export function nibbleOf(nibbles: number, piece: number): number {
  return (nibbles >>> (28 - 4 * piece)) & 0x0f;
}

export function withNibble(nibbles: number, piece: number, nibble: number): number {
  return (nibbles | ((nibble & 0x0f) << (28 - 4 * piece))) >>> 0;
}

/** The same instant as `hr mn sc fr` of a Full Frame command, first octet highest. */
export function fullFrameOf(nibbles: number): number {
  const hours = ((nibbleOf(nibbles, 7) & 0x07) << 4) | nibbleOf(nibbles, 6);
  return pack(hours, minutesOf(nibbles), secondsOf(nibbles), framesOf(nibbles));
}

/** Later or, with a negative count, earlier. Bits that the frame value has no use for stay as they are. */
export function movedBy(nibbles: number, count: number): number {
  let moved = nibbles;
  for (let left = Math.abs(count); left > 0; left--)
    moved = count < 0 ? earlier(moved) : later(moved);
  return moved;
}

function later(nibbles: number): number {
  let frames = framesOf(nibbles) + 1;
  let seconds = secondsOf(nibbles);
  let minutes = minutesOf(nibbles);
  let hours = hoursOf(nibbles);
  if (frames >= rateOf(nibbles)) {
    frames = 0;
    seconds++;
  }
  if (seconds >= 60) {
    seconds = 0;
    minutes++;
  }
  if (minutes >= 60) {
    minutes = 0;
    hours = (hours + 1) % 24;
  }
  if (frames === 0 && seconds === 0 && drops(nibbles, minutes)) frames = 2;
  return withTime(nibbles, hours, minutes, seconds, frames);
}

function earlier(nibbles: number): number {
  let frames = framesOf(nibbles) - 1;
  let seconds = secondsOf(nibbles);
  let minutes = minutesOf(nibbles);
  let hours = hoursOf(nibbles);
  if (frames < (seconds === 0 && drops(nibbles, minutes) ? 2 : 0)) {
    frames = rateOf(nibbles) - 1;
    seconds--;
  }
  if (seconds < 0) {
    seconds = 59;
    minutes--;
  }
  if (minutes < 0) {
    minutes = 59;
    hours = (hours + 23) % 24;
  }
  return withTime(nibbles, hours, minutes, seconds, frames);
}

/** Frames 0 and 1 don't exist in this minute. */
function drops(nibbles: number, minutes: number): boolean {
  return rateIndex(nibbles) === DROP_FRAME && minutes % 10 !== 0;
}

function withTime(
  nibbles: number,
  hours: number,
  minutes: number,
  seconds: number,
  frames: number,
): number {
  let moved = nibbles & RESERVED;
  moved = withNibble(moved, 0, frames);
  moved = withNibble(moved, 1, (frames >> 4) & 1);
  moved = withNibble(moved, 2, seconds);
  moved = withNibble(moved, 3, (seconds >> 4) & 3);
  moved = withNibble(moved, 4, minutes);
  moved = withNibble(moved, 5, (minutes >> 4) & 3);
  moved = withNibble(moved, 6, hours);
  return withNibble(moved, 7, (hours >> 4) & 1);
}

function framesOf(nibbles: number): number {
  return ((nibbleOf(nibbles, 1) & 1) << 4) | nibbleOf(nibbles, 0);
}

function secondsOf(nibbles: number): number {
  return ((nibbleOf(nibbles, 3) & 3) << 4) | nibbleOf(nibbles, 2);
}

function minutesOf(nibbles: number): number {
  return ((nibbleOf(nibbles, 5) & 3) << 4) | nibbleOf(nibbles, 4);
}

function hoursOf(nibbles: number): number {
  return ((nibbleOf(nibbles, 7) & 1) << 4) | nibbleOf(nibbles, 6);
}

function rateIndex(nibbles: number): number {
  return (nibbleOf(nibbles, 7) >> 1) & 3;
}

function rateOf(nibbles: number): number {
  return RATES[rateIndex(nibbles)] as number;
}

function pack(first: number, second: number, third: number, fourth: number): number {
  return ((first << 24) | (second << 16) | (third << 8) | fourth) >>> 0;
}
