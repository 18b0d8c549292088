/**
 * MIDI Time Code: counting frames, and the messages that carry them.
 *
 * Takes  frame counts since midnight, or the fields of messages. Gives the other. Pure.
 * Spec   MIDI 1.0 Detailed Specification 4.2, MIDI Time Code: quarter frame pieces, Full Frame, drop frame (SMPTE 12M: two
 *        frame numbers are left out at the start of each minute but every tenth).
 */
import { isFullFrame } from '../core/full-frame.ts';
import type { MidiMessage } from '../core/midi-message.ts';

/** As coded in messages: 24, 25, 29.97 drop frame, 30 frames a second. */
export type FrameRate = 0 | 1 | 2 | 3;

/** Frame numbers to a second. */
const NUMBERS: readonly number[] = [24, 25, 30, 30];
const DROP: FrameRate = 2;
export const QUARTERS: number = 4;
/** A time takes eight quarter frames, two frames, to tell. */
export const PIECES: number = 8;
export const FRAMES_TOLD: number = PIECES / QUARTERS;

function numbersPerSecond(rate: FrameRate): number {
  return NUMBERS[rate] ?? 30;
}

/** Frames from one midnight to the next. */
export function framesPerDay(rate: FrameRate): number {
  return rate === DROP ? 24 * 6 * 17_982 : 24 * 3_600 * numbersPerSecond(rate);
}

/** The count of the frame with these numbers; undefined when there is no such frame. */
export function frameCount(
  rate: FrameRate,
  hours: number,
  minutes: number,
  seconds: number,
  frames: number,
): number | undefined {
  const numbers = numbersPerSecond(rate);
  if (hours > 23 || minutes > 59 || seconds > 59 || frames >= numbers) return undefined;
  const count = ((hours * 60 + minutes) * 60 + seconds) * numbers + frames;
  if (rate !== DROP) return count;
  if (seconds === 0 && frames < 2 && minutes % 10 !== 0) return undefined;
  const passed = hours * 60 + minutes;
  return count - 2 * (passed - Math.floor(passed / 10));
}

/** Hours, minutes, seconds and frames in one number of four octets, hours first. */
function numbersOf(rate: FrameRate, frame: number): number {
  const day = framesPerDay(rate);
  let count = ((frame % day) + day) % day;
  if (rate === DROP) {
    const tens = Math.floor(count / 17_982);
    const rest = count % 17_982;
    count += 18 * tens + (rest < 2 ? 0 : 2 * Math.floor((rest - 2) / 1_798));
  }
  const numbers = numbersPerSecond(rate);
  const seconds = Math.floor(count / numbers);
  const minutes = Math.floor(seconds / 60);
  return (
    (Math.floor(minutes / 60) << 24) |
    ((minutes % 60) << 16) |
    ((seconds % 60) << 8) |
    (count % numbers)
  );
}

/** The nibble that piece 0 to 7 carries for a frame. */
export function nibbleOf(rate: FrameRate, frame: number, piece: number): number {
  const field = (numbersOf(rate, frame) >> (8 * (piece >> 1))) & 0xff;
  if (piece === PIECES - 1) return (field >> 4) | (rate << 1);
  return (piece & 1) === 0 ? field & 0x0f : field >> 4;
}

export interface CodedFrame {
  frame: number;
  rate: FrameRate;
}

/** What eight nibbles say, written into `into`. False when there is no such frame. */
export function readNibbles(nibbles: Uint8Array, into: CodedFrame): boolean {
  const of = (piece: number, bits: number): number =>
    ((((nibbles[piece + 1] ?? 0) & bits) << 4) | (nibbles[piece] ?? 0)) & 0xff;
  const rate = (((nibbles[7] ?? 0) >> 1) & 3) as FrameRate;
  const frame = frameCount(rate, of(6, 1), of(4, 3), of(2, 3), of(0, 1));
  if (frame === undefined) return false;
  into.frame = frame;
  into.rate = rate;
  return true;
}

/** What a Full Frame says, written into `into`. False when it is none, or there is no such frame. */
export function readFullFrame(message: MidiMessage, into: CodedFrame): boolean {
  if (message.kind !== 'sysEx' || !isFullFrame(message)) return false;
  const [, , , , hours = 0, minutes = 0, seconds = 0, frames = 0] = message.data;
  const rate = ((hours >> 5) & 3) as FrameRate;
  const frame = frameCount(rate, hours & 0x1f, minutes, seconds, frames);
  if (frame === undefined) return false;
  into.frame = frame;
  into.rate = rate;
  return true;
}

export function fullFrame({ frame, rate }: Readonly<CodedFrame>): MidiMessage {
  const numbers = numbersOf(rate, frame);
  const hours = (numbers >> 24) | (rate << 5);
  const data = [
    0x7f,
    0x7f,
    1,
    1,
    hours,
    (numbers >> 16) & 0xff,
    (numbers >> 8) & 0xff,
    numbers & 0xff,
  ];
  return { kind: 'sysEx', data: Uint8Array.from(data) };
}
