/**
 * What can hang: every key of every channel, and every pedal of every channel. Each is a voice with a number.
 *
 * Takes  a message.
 * Gives  the voice that it starts or ends, and the message that ends a voice.
 * Pure.  Pedals are the controllers that keep something as it is until they are lifted (MIDI 1.0 Detailed
 *        Specification 4.2: 64 and above is down, below is up).
 */
import { STATUS, shortMessage } from './midi-bytes.ts';
import { CONTROLLER, type MidiMessage } from './midi-message.ts';

const CHANNELS = 16;
const KEYS = 128;
const NOTE_VOICES = CHANNELS * KEYS;
const PEDALS: readonly number[] = [
  CONTROLLER.sustain,
  CONTROLLER.sostenuto,
  CONTROLLER.soft,
  CONTROLLER.hold2,
];
const PEDAL_DOWN = 64;
const RELEASE_VELOCITY = 64;

/** Voices are numbered from 0 to VOICES - 1: keys by channel, then pedals by channel. */
export const VOICES: number = NOTE_VOICES + CHANNELS * PEDALS.length;
export const NO_VOICE = -1;

export function isPedal(voice: number): boolean {
  return voice >= NOTE_VOICES;
}

/** The voice that a message starts or ends; NO_VOICE when there is none. */
export function voiceOf(message: MidiMessage): number {
  switch (message.kind) {
    case 'noteOn':
    case 'noteOff':
      return message.channel * KEYS + message.key;
    case 'controlChange': {
      const pedal = PEDALS.indexOf(message.controller);
      return pedal < 0 ? NO_VOICE : NOTE_VOICES + message.channel * PEDALS.length + pedal;
    }
    case 'polyPressure':
    case 'programChange':
    case 'channelPressure':
    case 'pitchBend':
    case 'sysEx':
    case 'mtcQuarterFrame':
    case 'songPosition':
    case 'songSelect':
    case 'tuneRequest':
    case 'timingClock':
    case 'start':
    case 'continue':
    case 'stop':
    case 'activeSensing':
    case 'systemReset':
      return NO_VOICE;
  }
}

/** Of a message that has a voice: does it start it? */
export function startsVoice(message: MidiMessage): boolean {
  if (message.kind === 'noteOn') return true;
  return message.kind === 'controlChange' && message.value >= PEDAL_DOWN;
}

/** The message that ends a voice when nobody says how. */
export function endOf(voice: number): MidiMessage {
  const end = isPedal(voice)
    ? shortMessage(STATUS.controlChange | channelOf(voice), pedalOf(voice), 0)
    : shortMessage(STATUS.noteOff | channelOf(voice), voice % KEYS, RELEASE_VELOCITY);
  if (end === undefined) throw new RangeError(`there is no voice ${voice}`);
  return end;
}

function channelOf(voice: number): number {
  return isPedal(voice)
    ? Math.floor((voice - NOTE_VOICES) / PEDALS.length)
    : Math.floor(voice / KEYS);
}

function pedalOf(voice: number): number {
  return PEDALS[(voice - NOTE_VOICES) % PEDALS.length] ?? 0;
}

/** First voice of the keys of a channel; KEYS_PER_CHANNEL follow. */
export const KEYS_PER_CHANNEL: number = KEYS;
export function firstKeyVoice(channel: number): number {
  return channel * KEYS;
}

/** First voice of the pedals of a channel; PEDALS_PER_CHANNEL follow. */
export const PEDALS_PER_CHANNEL: number = PEDALS.length;
export function firstPedalVoice(channel: number): number {
  return NOTE_VOICES + channel * PEDALS.length;
}
