/**
 * What a stream that stops would leave behind: notes and pedals that nobody ends.
 *
 * Takes  the state of a stream. Gives whether something sounds, what ends it, and what to say after that by policy.
 * Spec   RFC 6295 section 4: a session that ends leaves no lasting artifact.
 */
import { STATUS } from '../../core/midi-bytes.ts';
import { CONTROLLER, type MidiMessage } from '../../core/midi-message.ts';
import { DEFAULT_RELEASE } from './journal/channel-state.ts';
import { channelMessage } from './journal/chapter.ts';
import type { StreamState } from './journal/stream-state.ts';

/**
 * After the note-offs: nothing more, or All Notes Off (123) or All Sound Off (120) on each channel that was used, for
 * synthesizers that take a note-off for less than an end.
 */
export type ReleasePolicy = 'notes' | 'allNotesOff' | 'allSoundOff';

const PEDALS: readonly number[] = [CONTROLLER.sustain, CONTROLLER.sostenuto, CONTROLLER.hold2];
const ALL_SOUND_OFF = 120;
const ALL_NOTES_OFF = 123;
const CHANNELS = 16;

/** Whether a key is down, or a pedal that makes notes last. */
export function sounds(state: StreamState): boolean {
  for (let channel = 0; channel < CHANNELS; channel++) {
    const used = state.used(channel);
    if (!used) continue;
    if (used.velocities.some((velocity) => velocity > 0)) return true;
    if (PEDALS.some((pedal) => used.isOn(pedal))) return true;
  }
  return false;
}

/** A note-off for each key that is down, then pedals up. */
export function endings(state: StreamState): MidiMessage[] {
  const messages: MidiMessage[] = [];
  for (let channel = 0; channel < CHANNELS; channel++) {
    const used = state.used(channel);
    if (!used) continue;
    for (let key = 0; key < used.velocities.length; key++) {
      if (used.velocities[key] !== 0)
        messages.push(channelMessage(STATUS.noteOff | channel, key, DEFAULT_RELEASE));
    }
    for (const pedal of PEDALS) {
      if (used.isOn(pedal)) messages.push(channelMessage(STATUS.controlChange | channel, pedal, 0));
    }
  }
  return messages;
}

export function releaseMessages(policy: ReleasePolicy, state: StreamState): MidiMessage[] {
  if (policy === 'notes') return [];
  const controller = policy === 'allNotesOff' ? ALL_NOTES_OFF : ALL_SOUND_OFF;
  const messages: MidiMessage[] = [];
  for (let channel = 0; channel < CHANNELS; channel++) {
    if (state.used(channel))
      messages.push(channelMessage(STATUS.controlChange | channel, controller, 0));
  }
  return messages;
}
