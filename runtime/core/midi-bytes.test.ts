import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anyMessage } from '../../tests/midi-arbitraries.ts';
import {
  dataOctets,
  decodeMessage,
  encodedLength,
  encodeMessage,
  encodeMessageInto,
  shortMessage,
} from './midi-bytes.ts';
import type { MidiMessage } from './midi-message.ts';

/** From MIDI 1.0 Detailed Specification 4.2, tables II to VI. */
const GOLDEN: readonly (readonly [string, MidiMessage])[] = [
  ['80 3c 40', { kind: 'noteOff', channel: 0, key: 60, velocity: 64 }],
  ['9f 3c 7f', { kind: 'noteOn', channel: 15, key: 60, velocity: 127 }],
  ['a1 3c 05', { kind: 'polyPressure', channel: 1, key: 60, pressure: 5 }],
  ['b0 40 7f', { kind: 'controlChange', channel: 0, controller: 64, value: 127 }],
  ['c9 05', { kind: 'programChange', channel: 9, program: 5 }],
  ['d2 11', { kind: 'channelPressure', channel: 2, pressure: 17 }],
  ['e0 00 40', { kind: 'pitchBend', channel: 0, value: 8192 }],
  ['e3 7f 7f', { kind: 'pitchBend', channel: 3, value: 16383 }],
  ['f0 7e 7f 06 01 f7', { kind: 'sysEx', data: Uint8Array.of(0x7e, 0x7f, 6, 1) }],
  ['f0 f7', { kind: 'sysEx', data: new Uint8Array(0) }],
  ['f1 35', { kind: 'mtcQuarterFrame', piece: 3, nibble: 5 }],
  ['f2 01 02', { kind: 'songPosition', beats: 257 }],
  ['f3 07', { kind: 'songSelect', song: 7 }],
  ['f6', { kind: 'tuneRequest' }],
  ['f8', { kind: 'timingClock' }],
  ['fa', { kind: 'start' }],
  ['fb', { kind: 'continue' }],
  ['fc', { kind: 'stop' }],
  ['fe', { kind: 'activeSensing' }],
  ['ff', { kind: 'systemReset' }],
];

const octets = (hex: string): Uint8Array =>
  Uint8Array.from(hex.split(' '), (octet) => Number.parseInt(octet, 16));

describe('MIDI messages as octets', () => {
  test.each(GOLDEN)('%s is read and written as the specification says', (hex, message) => {
    expect(encodeMessage(message)).toEqual(octets(hex));
    const decoded = decodeMessage(octets(hex));
    expect(decoded).toEqual({ ok: true, value: message, length: octets(hex).length });
  });

  test('a note-on of velocity 0 is a note-off of velocity 64', () => {
    const decoded = decodeMessage(octets('93 3c 00'));
    expect(decoded).toEqual({
      ok: true,
      value: { kind: 'noteOff', channel: 3, key: 60, velocity: 64 },
      length: 3,
    });
    expect(shortMessage(0x93, 60, 0)).toBe(shortMessage(0x83, 60, 64));
  });

  test.each([
    ['', 'truncated'],
    ['90 3c', 'truncated'],
    ['f0 01 02', 'truncated'],
    ['40 40', 'noStatus'],
    ['f4', 'undefinedStatus'],
    ['f5', 'undefinedStatus'],
    ['f7', 'undefinedStatus'],
    ['f9', 'undefinedStatus'],
    ['fd', 'undefinedStatus'],
    ['90 80 40', 'badData'],
    ['f0 01 90 f7', 'badData'],
  ])('the malformed octets "%s" are the fault %s', (hex, fault) => {
    const bytes = hex === '' ? new Uint8Array(0) : octets(hex);
    expect(decodeMessage(bytes)).toEqual({ ok: false, fault });
  });

  test('every message comes back from its octets, and says its length', () => {
    fc.assert(
      fc.property(anyMessage, (message) => {
        const bytes = encodeMessage(message);
        expect(bytes.length).toBe(encodedLength(message));
        expect(decodeMessage(bytes)).toEqual({ ok: true, value: message, length: bytes.length });
      }),
    );
  });

  test('any octets are a message or a fault, never an exception, and a message takes no octet it was not given', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), (bytes) => {
        const decoded = decodeMessage(bytes);
        if (decoded.ok) expect(decoded.length).toBeLessThanOrEqual(bytes.length);
      }),
    );
  });

  test('data beyond its range is masked, so that nothing malformed is ever written', () => {
    const bytes = encodeMessage({ kind: 'noteOn', channel: 17, key: 200, velocity: 300 });
    expect([...bytes]).toEqual([0x91, 200 & 127, 300 & 127]);
    expect([...encodeMessage({ kind: 'sysEx', data: Uint8Array.of(0xf7) })]).toEqual([
      0xf0, 0x77, 0xf7,
    ]);
  });

  test('a message is written where it is told to, and nothing around it is touched', () => {
    const out = new Uint8Array(6).fill(0xaa);
    expect(encodeMessageInto({ kind: 'programChange', channel: 0, program: 1 }, out, 2)).toBe(2);
    expect([...out]).toEqual([0xaa, 0xaa, 0xc0, 1, 0xaa, 0xaa]);
  });
});

describe('the table of short messages', () => {
  test('equal octets give the same object, frozen', () => {
    for (let status = 0x80; status <= 0xff; status++) {
      const message = shortMessage(status, 5, 6);
      expect(message).toBe(shortMessage(status, 5, 6));
      expect(message === undefined).toBe(dataOctets(status) < 0);
      if (message) expect(Object.isFrozen(message)).toBe(true);
    }
  });

  test('octets that a message does not have make no difference', () => {
    expect(shortMessage(0xc0, 5, 99)).toBe(shortMessage(0xc0, 5, 0));
    expect(shortMessage(0xf8, 200, 200)).toBe(shortMessage(0xf8, 0, 0));
  });

  test('octets out of range give nothing', () => {
    expect(shortMessage(0x90, 128, 1)).toBeUndefined();
    expect(shortMessage(0x90, 1, -1)).toBeUndefined();
    expect(shortMessage(0x7f, 1, 1)).toBeUndefined();
    expect(shortMessage(0x100, 1, 1)).toBeUndefined();
  });
});
