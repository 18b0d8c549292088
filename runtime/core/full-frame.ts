import type { MidiMessage } from './midi-message.ts';

const OCTETS = 8;
const REAL_TIME = 0x7f;
const TIME_CODE = 1;
const FULL_MESSAGE = 1;

/** A Full Frame of MIDI Time Code, F0 7F cc 01 01 hr mn sc fr F7: where the tape is (MIDI Time Code 1.0). */
export function isFullFrame(message: MidiMessage): boolean {
  if (message.kind !== 'sysEx' || message.data.length !== OCTETS) return false;
  const { data } = message;
  return data[0] === REAL_TIME && data[2] === TIME_CODE && data[3] === FULL_MESSAGE;
}
