/** Arbitrary MIDI messages for property tests: every kind, every value, SysEx up to a few hundred octets. */
import fc from 'fast-check';
import type { MidiMessage } from '../runtime/core/midi-message.ts';

const channel = fc.integer({ min: 0, max: 15 });
const data7 = fc.integer({ min: 0, max: 127 });
const data14 = fc.integer({ min: 0, max: 16383 });

export const channelMessage: fc.Arbitrary<MidiMessage> = fc.oneof(
  fc.record({ kind: fc.constant('noteOff' as const), channel, key: data7, velocity: data7 }),
  fc.record({
    kind: fc.constant('noteOn' as const),
    channel,
    key: data7,
    velocity: fc.integer({ min: 1, max: 127 }),
  }),
  fc.record({ kind: fc.constant('polyPressure' as const), channel, key: data7, pressure: data7 }),
  fc.record({
    kind: fc.constant('controlChange' as const),
    channel,
    controller: data7,
    value: data7,
  }),
  fc.record({ kind: fc.constant('programChange' as const), channel, program: data7 }),
  fc.record({ kind: fc.constant('channelPressure' as const), channel, pressure: data7 }),
  fc.record({ kind: fc.constant('pitchBend' as const), channel, value: data14 }),
);

export const sysEx: fc.Arbitrary<MidiMessage> = fc.record({
  kind: fc.constant('sysEx' as const),
  data: fc
    .array(data7, { maxLength: 300 })
    .map((values): Uint8Array<ArrayBuffer> => Uint8Array.from(values)),
});

const systemCommon: fc.Arbitrary<MidiMessage> = fc.oneof(
  sysEx,
  fc.record({
    kind: fc.constant('mtcQuarterFrame' as const),
    piece: fc.integer({ min: 0, max: 7 }),
    nibble: fc.integer({ min: 0, max: 15 }),
  }),
  fc.record({ kind: fc.constant('songPosition' as const), beats: data14 }),
  fc.record({ kind: fc.constant('songSelect' as const), song: data7 }),
  fc.record({ kind: fc.constant('tuneRequest' as const) }),
);

export const realTime: fc.Arbitrary<MidiMessage> = fc
  .constantFrom(
    'timingClock' as const,
    'start' as const,
    'continue' as const,
    'stop' as const,
    'activeSensing' as const,
    'systemReset' as const,
  )
  .map((kind): MidiMessage => ({ kind }));

export const anyMessage: fc.Arbitrary<MidiMessage> = fc.oneof(
  { weight: 5, arbitrary: channelMessage },
  { weight: 2, arbitrary: systemCommon },
  { weight: 2, arbitrary: realTime },
);
