import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Ticks } from '../ticks.ts';
import {
  decodeSessionMessage,
  isSessionMessage,
  MAX_NAME_OCTETS,
  MESSAGE_OCTETS,
  type SessionMessage,
  writeSessionMessage,
} from './messages.ts';

const word = fc.nat(0xffff_ffff);
const ticks = fc.nat(2 ** 53 - 1).map((value) => value as Ticks);
const message: fc.Arbitrary<SessionMessage> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('IN', 'OK', 'NO'),
    token: word,
    ssrc: word,
    name: fc
      .string({ maxLength: 15, unit: 'binary' })
      .map((name) => name.replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\ufeff]/gu, '')),
  }),
  fc.record({ kind: fc.constant('BY'), token: word, ssrc: word, name: fc.constant('') }),
  fc.record({
    kind: fc.constant('CK'),
    ssrc: word,
    count: fc.nat(2),
    t1: ticks,
    t2: ticks,
    t3: ticks,
  }),
  fc.record({
    kind: fc.constant('RS'),
    ssrc: word,
    sequence: fc.nat(65_535),
    lowHalf: fc.constant(0),
  }),
  fc.record({ kind: fc.constant('RL'), ssrc: word, limit: word }),
);

function write(value: SessionMessage): Uint8Array {
  const out = new Uint8Array(MESSAGE_OCTETS);
  return out.slice(0, writeSessionMessage(value, out));
}

test('every message survives the wire', () => {
  fc.assert(
    fc.property(message, (value) => {
      const bytes = write(value);
      expect(isSessionMessage(bytes)).toBe(true);
      const length = bytes.length;
      expect(decodeSessionMessage(bytes)).toEqual({ ok: true, value, length });
    }),
  );
});

// Captured from macOS: an invitation and a clock exchange.
test.each([
  [
    'ffff494e000000026633487347d810966d626f6f6b0000',
    { kind: 'IN', token: 0x66334873, ssrc: 0x47d81096, name: 'mbook' },
  ],
  [
    'ffff434bb23dd0b20100000000000000000000050000000000000006000000000000000 0'.replace(' ', ''),
    { kind: 'CK', ssrc: 0xb23dd0b2, count: 1, t1: 5, t2: 6, t3: 0 },
  ],
  ['ffff4259000000020000000047d81096', { kind: 'BY', token: 0, ssrc: 0x47d81096, name: '' }],
  ['ffff525347d81096123400 00'.replace(' ', ''), { kind: 'RS', sequence: 0x1234 }],
])('%s is understood', (hex, value) => {
  const decoded = decodeSessionMessage(Uint8Array.from(Buffer.from(hex, 'hex')));
  expect(decoded).toMatchObject({ ok: true, value });
});

test('a name need not end, nor be there, nor be UTF-8 (item 41)', () => {
  const bare = Buffer.from('ffff494e000000020000000100000002', 'hex');
  expect(decodeSessionMessage(bare)).toMatchObject({ ok: true, value: { name: '' } });
  const open = Buffer.concat([bare, Buffer.from('no end')]);
  expect(decodeSessionMessage(open)).toMatchObject({ ok: true, value: { name: 'no end' } });
  const broken = Buffer.concat([bare, Buffer.from([0x61, 0xff, 0x62, 0xe2, 0x82])]);
  expect(decodeSessionMessage(broken)).toMatchObject({ ok: true, value: { name: 'a\ufffdb' } });
});

test('nothing in a name moves a cursor', () => {
  const sly = write({ kind: 'OK', token: 1, ssrc: 2, name: 'a\u001b[2J\r\nb\u2028c\u0085' });
  expect(decodeSessionMessage(sly)).toMatchObject({ ok: true, value: { name: 'a[2Jbc' } });
});

test('a message made for less room has a shorter name, or none (item 47)', () => {
  const out = new Uint8Array(MESSAGE_OCTETS);
  const answer: SessionMessage = { kind: 'OK', token: 1, ssrc: 2, name: 'brève' };
  for (const [room, name] of [
    [16, ''],
    [17, ''],
    [18, 'b'],
    [19, 'br'],
    [20, 'br'],
    [21, 'brè'],
    [80, 'brève'],
  ] as const) {
    const length = writeSessionMessage(answer, out, room);
    expect(length).toBeLessThanOrEqual(Math.max(16, room));
    expect(decodeSessionMessage(out.slice(0, length))).toMatchObject({ value: { name } });
  }
});

test('a name too long is cut between characters, and no longer one is kept (item 41)', () => {
  const bytes = write({ kind: 'IN', token: 1, ssrc: 2, name: `${'x'.repeat(62)}é and more` });
  expect(decodeSessionMessage(bytes)).toMatchObject({ value: { name: 'x'.repeat(62) } });
  const long = Buffer.concat([bytes.subarray(0, 16), Buffer.alloc(60_000, 'y')]);
  expect(decodeSessionMessage(long)).toMatchObject({
    value: { name: 'y'.repeat(MAX_NAME_OCTETS) },
  });
});

test.each([
  ['ffff', 'controlMalformed'],
  ['ffff494e0000000200000001', 'controlMalformed'],
  ['ffff494e000000030000000100000002', 'controlMalformed'],
  ['ffff434b000000010000000000000000', 'controlMalformed'],
  ['ffff5a5a000000010000000000000000', 'controlUnknown'],
])('%s is refused: %s', (hex, fault) => {
  expect(decodeSessionMessage(Buffer.from(hex, 'hex'))).toEqual({ ok: false, fault });
});

test('arbitrary octets never throw', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 80 }),
      fc.constantFrom(...'IN OK NO BY CK RS RL'.split(' ')),
      (bytes, code) => {
        decodeSessionMessage(bytes);
        decodeSessionMessage(Buffer.concat([Buffer.from([255, 255]), Buffer.from(code), bytes]));
      },
    ),
  );
});
