/**
 * MIDI 1.0 messages, by the names of the specification (MIDI 1.0 Detailed Specification 4.2).
 *
 * `channel` is 0 to 15, data values are 0 to 127, `pitchBend.value` is 0 to 16383 with 8192 at rest.
 * A note-on with velocity 0 is a `noteOff` with velocity 64 by the time it is a message: one way to end a note.
 * Messages are immutable; short ones are interned (midi-bytes.ts), so compare them freely and keep them.
 */
export type MidiMessage = ChannelMessage | SystemCommonMessage | RealTimeMessage;

export type ChannelMessage =
  | {
      readonly kind: 'noteOff';
      readonly channel: number;
      readonly key: number;
      readonly velocity: number;
    }
  | {
      readonly kind: 'noteOn';
      readonly channel: number;
      readonly key: number;
      readonly velocity: number;
    }
  | {
      readonly kind: 'polyPressure';
      readonly channel: number;
      readonly key: number;
      readonly pressure: number;
    }
  | {
      readonly kind: 'controlChange';
      readonly channel: number;
      readonly controller: number;
      readonly value: number;
    }
  | { readonly kind: 'programChange'; readonly channel: number; readonly program: number }
  | { readonly kind: 'channelPressure'; readonly channel: number; readonly pressure: number }
  | { readonly kind: 'pitchBend'; readonly channel: number; readonly value: number };

export type SystemCommonMessage =
  /** `data` is what lies between F0 and F7: octets 0 to 127, without the two. Any length. */
  | { readonly kind: 'sysEx'; readonly data: Uint8Array }
  /** `piece` 0 to 7, `nibble` 0 to 15 (MIDI Time Code 1.0). */
  | { readonly kind: 'mtcQuarterFrame'; readonly piece: number; readonly nibble: number }
  /** In MIDI beats (six timing clocks each), 0 to 16383. */
  | { readonly kind: 'songPosition'; readonly beats: number }
  | { readonly kind: 'songSelect'; readonly song: number }
  | { readonly kind: 'tuneRequest' };

export type RealTimeMessage =
  | { readonly kind: 'timingClock' }
  | { readonly kind: 'start' }
  | { readonly kind: 'continue' }
  | { readonly kind: 'stop' }
  | { readonly kind: 'activeSensing' }
  | { readonly kind: 'systemReset' };

export type MidiKind = MidiMessage['kind'];

/** Controllers that the runtime itself needs by name. */
export const CONTROLLER = {
  bankSelect: 0,
  modulation: 1,
  volume: 7,
  sustain: 64,
  sostenuto: 66,
  soft: 67,
  hold2: 69,
  allSoundOff: 120,
  resetAllControllers: 121,
  localControl: 122,
  allNotesOff: 123,
} as const;

/** What makes a sequencer run, and where: MIDI clock, its transport and song position. */
export function isClockMessage(message: MidiMessage): boolean {
  switch (message.kind) {
    case 'timingClock':
    case 'start':
    case 'continue':
    case 'stop':
    case 'songPosition':
      return true;
    default:
      return false;
  }
}
