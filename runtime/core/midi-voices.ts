/**
 * What can hang: every key, pedal and wheel of every channel. Each is a voice with a number.
 *
 * Takes  a message.
 * Gives  the voice that it starts or ends, and the message that ends a voice.
 * Pure.  A pedal is down from 64 on (MIDI 1.0 Detailed Specification 4.2). A wheel (pitch bend, modulation, channel
 *        pressure) is held while it is not at rest: who leaves with a bent note leaves the instrument out of tune.
 */
import { STATUS, shortMessage } from './midi-bytes.ts';
import { CONTROLLER, type MidiMessage } from './midi-message.ts';

const CHANNELS = 16;
const KEYS = 128;
const KEY_VOICES = CHANNELS * KEYS;
/** In the order of their voices. */
const PEDALS: readonly number[] = [
  CONTROLLER.sustain,
  CONTROLLER.sostenuto,
  CONTROLLER.soft,
  CONTROLLER.hold2,
];
const MODULATION: number = PEDALS.length;
const PRESSURE: number = MODULATION + 1;
const BEND: number = PRESSURE + 1;
const CONTROLS: number = BEND + 1;
const PEDAL_DOWN = 64;
const RELEASE_VELOCITY = 64;
const BEND_AT_REST = 8_192;

/** Voices are numbered from 0 to VOICES - 1: keys by channel, then pedals and wheels by channel. */
export const VOICES: number = KEY_VOICES + CHANNELS * CONTROLS;
export const NO_VOICE = -1;

export function isKey(voice: number): boolean {
  return voice < KEY_VOICES;
}

/** First voice of the keys of a channel; KEYS_PER_CHANNEL follow. */
export const KEYS_PER_CHANNEL: number = KEYS;
export function firstKeyVoice(channel: number): number {
  return channel * KEYS;
}

/** First voice of the pedals and wheels of a channel; CONTROLS_PER_CHANNEL follow. */
export const CONTROLS_PER_CHANNEL: number = CONTROLS;
export function firstControlVoice(channel: number): number {
  return KEY_VOICES + channel * CONTROLS;
}

/** The voice that a message starts or ends; NO_VOICE when there is none. */
export function voiceOf(message: MidiMessage): number {
  switch (message.kind) {
    case 'noteOn':
    case 'noteOff':
      return firstKeyVoice(message.channel) + message.key;
    case 'controlChange': {
      const first = firstControlVoice(message.channel);
      if (message.controller === CONTROLLER.modulation) return first + MODULATION;
      const pedal = PEDALS.indexOf(message.controller);
      return pedal < 0 ? NO_VOICE : first + pedal;
    }
    case 'channelPressure':
      return firstControlVoice(message.channel) + PRESSURE;
    case 'pitchBend':
      return firstControlVoice(message.channel) + BEND;
    case 'polyPressure':
    case 'programChange':
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

/** Of a message that has a voice: does it start it, or keep it going? */
export function startsVoice(message: MidiMessage): boolean {
  if (message.kind === 'noteOn') return true;
  if (message.kind === 'pitchBend') return message.value !== BEND_AT_REST;
  if (message.kind === 'channelPressure') return message.pressure > 0;
  if (message.kind !== 'controlChange') return false;
  return message.value >= (message.controller === CONTROLLER.modulation ? 1 : PEDAL_DOWN);
}

/** The message that ends a voice when nobody says how. */
export function endOf(voice: number): MidiMessage {
  if (voice < 0 || voice >= VOICES) throw new RangeError(`there is no voice ${voice}`);
  const end = isKey(voice) ? endOfKey(voice) : endOfControl(voice - KEY_VOICES);
  if (end === undefined) throw new RangeError(`voice ${voice} has no end`);
  return end;
}

function endOfKey(voice: number): MidiMessage | undefined {
  return shortMessage(STATUS.noteOff | Math.floor(voice / KEYS), voice % KEYS, RELEASE_VELOCITY);
}

function endOfControl(control: number): MidiMessage | undefined {
  const channel = Math.floor(control / CONTROLS);
  const which = control % CONTROLS;
  if (which === BEND) {
    return shortMessage(STATUS.pitchBend | channel, BEND_AT_REST & 0x7f, BEND_AT_REST >> 7);
  }
  if (which === PRESSURE) return shortMessage(STATUS.channelPressure | channel, 0, 0);
  const controller = which === MODULATION ? CONTROLLER.modulation : (PEDALS[which] ?? 0);
  return shortMessage(STATUS.controlChange | channel, controller, 0);
}
