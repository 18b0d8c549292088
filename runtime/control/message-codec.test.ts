import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BoxId, SessionId } from '../core/ensemble.ts';
import type { BoxMessage, ServerMessage } from './message.ts';
import { MAX_TEXT, parseBoxMessage, parseServerMessage, writeMessage } from './message-codec.ts';
import { decodeTunnelFrame, encodeTunnelFrame, MAX_BINARY } from './tunnel-frame.ts';

const BOX = 'ab'.repeat(16) as BoxId;
const SESSION = '5e'.repeat(16) as SessionId;
const TUNNEL = '0123456789abcdef';
const ENTRY = {
  session: SESSION,
  name: 'Jam "1" \\ ü',
  host: BOX,
  hostName: 'Ada',
  members: [BOX],
  tempo: 120.5,
  participants: 2,
};

const FROM_BOX: readonly BoxMessage[] = [
  {
    type: 'sign-in',
    key: new Uint8Array(32).fill(1),
    signature: new Uint8Array(64).fill(2),
    software: 'togthr 0.1.0',
  },
  { type: 'signal', id: 1, to: BOX, message: new Uint8Array(16_384).fill(255) },
  { type: 'ice', id: 0x7fff_ffff },
  { type: 'publish', id: 2, entry: ENTRY },
  { type: 'publish', id: 2, entry: { ...ENTRY, members: new Array<BoxId>(64).fill(BOX) } },
  { type: 'publish', id: 3, entry: null },
  { type: 'invite', id: 4 },
  { type: 'revoke', id: 5, code: '0123456789ABC' },
  { type: 'open', id: 6, code: '0123456789ABC' },
  { type: 'find', id: 7, session: SESSION },
  { type: 'tunnel', id: 8, to: BOX },
  { type: 'accept', tunnel: TUNNEL },
  { type: 'close', tunnel: TUNNEL, reason: 'no more' },
  { type: 'credit', tunnel: TUNNEL, octets: 32_768 },
  { type: 'ping' },
];
const FROM_SERVER: readonly ServerMessage[] = [
  { type: 'challenge', protocol: 1, server: 'jam.example.org', nonce: new Uint8Array(32) },
  { type: 'welcome', box: BOX, software: 'togthr 0.1.0' },
  { type: 'done', id: 1 },
  { type: 'refused', id: 1, code: 'busy', reason: 'too many' },
  {
    type: 'ice',
    id: 1,
    lasts: 3_600,
    servers: [{ url: 'stun:a' }, { url: 'turn:b', username: 'c', credential: 'd' }],
  },
  { type: 'invitation', id: 1, code: '0123456789ABC', expiresAt: 1_800_000_000_000 },
  { type: 'entry', id: 1, entry: ENTRY },
  { type: 'entry', id: 1, entry: null },
  { type: 'opened', id: 1, tunnel: TUNNEL },
  { type: 'signal', from: BOX, message: Uint8Array.of(1) },
  { type: 'asked', tunnel: TUNNEL, from: BOX },
  { type: 'close', tunnel: TUNNEL, reason: '' },
  { type: 'credit', tunnel: TUNNEL, octets: 1 },
  { type: 'pong' },
];

test.each(FROM_BOX.map((message) => [message.type, message] as const))(
  'a box says %s, and the server reads it',
  (_type, message) => {
    const text = writeMessage(message);
    expect(text.length).toBeLessThanOrEqual(MAX_TEXT);
    expect(parseBoxMessage(text)).toEqual({ ok: true, value: message });
  },
);

test.each(FROM_SERVER.map((message) => [message.type, message] as const))(
  'the server says %s, and a box reads it, with fields that it does not know too',
  (_type, message) => {
    const text = writeMessage(message);
    expect(parseServerMessage(text)).toEqual({ ok: true, value: message });
    if (message.type === 'close' || message.type === 'credit') return;
    const newer = text.replace(/}$/, ',"newer":1}');
    expect(parseServerMessage(newer)).toEqual({ ok: true, value: message });
  },
);

test('of a box nothing is taken that is not in the protocol', () => {
  for (const message of FROM_BOX) {
    const more = writeMessage(message).replace(/}$/, ',"newer":1}');
    expect(parseBoxMessage(more)).toEqual({ ok: false, fault: 'unknown' });
  }
});

test.each([
  ['tooLong', ' '.repeat(MAX_TEXT + 1)],
  ['tooDeep', '['.repeat(7)],
  ['noJson', ''],
  ['noJson', '{"type":'],
  ['unknown', 'null'],
  ['unknown', '{"type":"signal","id":1}'],
  ['unknown', `{"type":"find","id":-1,"session":"${SESSION}"}`],
  ['unknown', `{"type":"find","id":1.5,"session":"${SESSION}"}`],
  ['unknown', `{"type":"find","id":1,"session":"${SESSION.toUpperCase()}"}`],
  ['unknown', `{"type":"signal","id":1,"to":"${BOX}","message":""}`],
  ['unknown', `{"type":"signal","id":1,"to":"${BOX}","message":"A"}`],
])('%s: %j', (fault, text) => {
  expect(parseBoxMessage(text)).toEqual({ ok: false, fault });
});

test('brackets within text are no depth', () => {
  const text = writeMessage({ type: 'close', tunnel: TUNNEL, reason: '[[[[[[[[{{{{"\\[[' });
  expect(parseBoxMessage(text)).toMatchObject({ ok: true });
});

test('arbitrary and mutated text never throws', () => {
  const mutated = fc
    .tuple(fc.constantFrom(...FROM_BOX), fc.nat(), fc.string({ maxLength: 3 }))
    .map(([message, at, patch]) => {
      const text = writeMessage(message);
      const cut = at % text.length;
      return text.slice(0, cut) + patch + text.slice(cut + patch.length);
    });
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json(), mutated), (text) => {
      expect(typeof parseBoxMessage(text).ok).toBe('boolean');
      expect(typeof parseServerMessage(text).ok).toBe('boolean');
    }),
    { numRuns: 1_000 },
  );
});

test('frames of tunnels hold one octet or more, and not too many', () => {
  const octets = Uint8Array.of(1, 2, 3);
  const frame = encodeTunnelFrame({ tunnel: TUNNEL, octets });
  expect(Array.from(frame)).toEqual([0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 1, 2, 3]);
  expect(decodeTunnelFrame(frame)).toEqual({ tunnel: TUNNEL, octets });
  expect(decodeTunnelFrame(frame.subarray(0, 8))).toBeUndefined();
  expect(decodeTunnelFrame(new Uint8Array(MAX_BINARY))).toBeDefined();
  expect(decodeTunnelFrame(new Uint8Array(MAX_BINARY + 1))).toBeUndefined();
});
