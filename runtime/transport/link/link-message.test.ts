import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BoxId, SessionId } from '../../core/ensemble.ts';
import { type Hello, LINK_PROTOCOL } from './hello.ts';
import { decodeLinkMessage, encodeLinkMessage, type LinkMessage } from './link-message.ts';

const HELLO: Hello = {
  protocol: LINK_PROTOCOL,
  box: 'ab'.repeat(16) as BoxId,
  session: '01'.repeat(16) as SessionId,
  name: 'Lëa’s piano',
  rtpPort: 5004,
  ssrc: 0xdead_beef,
  linkPort: 5008,
  boot: 0xffff_ffff,
  seenAs: 'fe80::1%eth0',
};

test.each<LinkMessage>([
  { kind: 'hello', hello: HELLO },
  { kind: 'refuse', code: 'session', text: 'not here' },
  { kind: 'ping' },
  { kind: 'pong' },
  { kind: 'bye', code: 'leaving', text: '' },
])('$kind is read as it was written', (message) => {
  expect(decodeLinkMessage(encodeLinkMessage(message))).toEqual(message);
});

test.each([
  ['an upper-case box id', { box: 'AB'.repeat(16) as BoxId }],
  ['a short session id', { session: '01' as SessionId }],
  ['an address that is none', { seenAs: 'a b' }],
  ['a port beyond 65535', { rtpPort: 65_536 }],
  ['an ssrc beyond 32 bits', { ssrc: 2 ** 32 }],
])('a hello with %s is malformed', (_name, patch) => {
  const bytes = encodeLinkMessage({ kind: 'hello', hello: { ...HELLO, ...patch } });
  expect(decodeLinkMessage(bytes)).toBeUndefined();
});

test('names and sentences come without control characters, and short', () => {
  const hello = { ...HELLO, name: `a\n\u0007b${'x'.repeat(100)}` };
  const read = decodeLinkMessage(encodeLinkMessage({ kind: 'hello', hello }));
  expect(read?.kind === 'hello' && read.hello.name).toBe(`a b${'x'.repeat(60)}`);
});

test('of a hello of another version only the version is read', () => {
  const bytes = Uint8Array.of(0, 9, 255, 255, 255);
  expect(decodeLinkMessage(bytes)).toMatchObject({ kind: 'hello', hello: { protocol: 9 } });
});

test('octets after the last field are malformed', () => {
  const bytes = encodeLinkMessage({ kind: 'ping' });
  expect(decodeLinkMessage(Uint8Array.of(...bytes, 0))).toBeUndefined();
});

test('arbitrary bytes never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
      decodeLinkMessage(bytes);
    }),
    { numRuns: 5_000 },
  );
});
