import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ClientMessage, MAX_CLIENT_MESSAGE, parseClientMessage } from './client-messages.ts';

const accepted: readonly ClientMessage[] = [
  { kind: 'turn', box: 1, detents: -3 },
  { kind: 'press', box: 8 },
  { kind: 'release', box: 2 },
  { kind: 'midi', box: 1, bytes: '903c64803C40' },
  { kind: 'profile', name: 'transatlantic' },
  { kind: 'profile', name: 'lan', from: 1, to: 2 },
  { kind: 'player', box: 1, action: 'play', piece: 'canon', track: 0, loop: true },
  { kind: 'player', box: 1, action: 'stop' },
  { kind: 'together', action: 'play', piece: 'canon', loop: false },
  { kind: 'together', action: 'stop' },
  { kind: 'panic' },
  { kind: 'panic', box: 2 },
  { kind: 'subscribe', displays: false, notes: true, stats: false, watch: null },
  { kind: 'subscribe', displays: true, notes: true, stats: true, watch: 2 },
  { kind: 'hear', box: 1, participant: 'ab'.repeat(16), mode: 'tight' },
  { kind: 'hear', box: 1, participant: 'ab'.repeat(16), mode: null, wet: 0.5 },
];

describe('what a page says', () => {
  test.each(accepted)('is understood: %j', (message) => {
    expect(parseClientMessage(JSON.stringify(message))).toEqual({ ok: true, message });
  });

  test.each([
    ['no JSON', 'turn 3'],
    ['no object', '[]'],
    ['an unknown kind', '{"kind":"reboot"}'],
    ['a box that can not be', '{"kind":"press","box":9}'],
    ['box 0', '{"kind":"press","box":0}'],
    ['half a detent', '{"kind":"turn","box":1,"detents":0.5}'],
    ['a wild turn', '{"kind":"turn","box":1,"detents":1000000}'],
    ['half an octet', '{"kind":"midi","box":1,"bytes":"903"}'],
    ['no hexadecimal', '{"kind":"midi","box":1,"bytes":"90zz"}'],
    ['no MIDI', '{"kind":"midi","box":1,"bytes":""}'],
    ['an unknown field', '{"kind":"panic","now":true}'],
    ['a mode that there is not', '{"kind":"hear","box":1,"participant":"a","mode":"dream"}'],
    ['more than all', '{"kind":"hear","box":1,"participant":"a","wet":1.5}'],
    ['a long name', JSON.stringify({ kind: 'profile', name: 'x'.repeat(81) })],
  ])('is refused: %s', (_what, text) => {
    expect(parseClientMessage(text).ok).toBe(false);
  });

  test('is refused unread when it is longer than allowed', () => {
    const text = JSON.stringify({ kind: 'panic' }).padEnd(MAX_CLIENT_MESSAGE + 1);
    expect(parseClientMessage(text)).toEqual({ ok: false, fault: 'longer than allowed' });
  });

  test('never throws, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json(), fc.string({ unit: 'binary' })), (text) => {
        parseClientMessage(text);
      }),
      { numRuns: 500 },
    );
  });

  test('never throws when a good message is bent, and takes only its own kinds', () => {
    const kinds = new Set<string>(accepted.map((message) => message.kind));
    fc.assert(
      fc.property(
        fc.constantFrom(...accepted),
        fc.constantFrom('kind', 'box', 'bytes', 'detents', 'name', 'track', '__proto__'),
        fc.jsonValue(),
        (message, field, value) => {
          const parsed = parseClientMessage(JSON.stringify({ ...message, [field]: value }));
          if (parsed.ok) expect(kinds).toContain(parsed.message.kind);
        },
      ),
      { numRuns: 500 },
    );
  });
});
