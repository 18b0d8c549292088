import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  DELTA_OVERLONG,
  DELTA_TRUNCATED,
  deltaTimeLength,
  deltaTimeSize,
  deltaTimeValue,
  MAX_DELTA_TIME,
  writeDeltaTime,
} from './delta-time.ts';

// Standard MIDI Files 1.0, table of variable-length quantities.
test.each([
  [0x00, '00'],
  [0x7f, '7f'],
  [0x80, '8100'],
  [0x2000, 'c000'],
  [0x3fff, 'ff7f'],
  [0x4000, '818000'],
  [0x1fffff, 'ffff7f'],
  [0x200000, '81808000'],
  [0x0fffffff, 'ffffff7f'],
])('%i travels as %s', (ticks, hex) => {
  const out = new Uint8Array(4);
  const size = writeDeltaTime(ticks, out, 0);
  expect(Buffer.from(out.subarray(0, size)).toString('hex')).toBe(hex);
  expect(size).toBe(deltaTimeSize(ticks));
  expect(deltaTimeValue(out, 0, deltaTimeLength(out, 0, size))).toBe(ticks);
});

test('every delta time survives the wire, wherever it lies in the packet (item 6)', () => {
  fc.assert(
    fc.property(fc.nat(MAX_DELTA_TIME), fc.nat(8), (ticks, at) => {
      const packet = new Uint8Array(16);
      const size = writeDeltaTime(ticks, packet, at);
      expect(deltaTimeLength(packet, at, 16)).toBe(size);
      expect(deltaTimeValue(packet, at, size)).toBe(ticks);
    }),
  );
});

test('the four forms of zero in the RFC are all zero', () => {
  for (const hex of ['00', '8000', '808000', '80808000']) {
    const bytes = Buffer.from(hex, 'hex');
    expect(deltaTimeLength(bytes, 0, bytes.length)).toBe(bytes.length);
    expect(deltaTimeValue(bytes, 0, bytes.length)).toBe(0);
  }
});

test('a fifth octet is a fault, and so is an end in the middle', () => {
  const bytes = Uint8Array.of(0x81, 0x80, 0x80, 0x80, 0x00);
  expect(deltaTimeLength(bytes, 0, 5)).toBe(DELTA_OVERLONG);
  expect(deltaTimeLength(bytes, 0, 3)).toBe(DELTA_TRUNCATED);
  expect(deltaTimeLength(bytes, 3, 4)).toBe(DELTA_TRUNCATED);
  expect(deltaTimeLength(bytes, 3, 99)).toBe(2);
});

test('what does not fit in four octets is our own mistake', () => {
  for (const ticks of [-1, 0.5, MAX_DELTA_TIME + 1, Number.NaN]) {
    expect(() => writeDeltaTime(ticks, new Uint8Array(8), 0)).toThrow(RangeError);
  }
});
