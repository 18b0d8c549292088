import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { BoxId, SessionId } from '../../core/ensemble.ts';
import { fromSeconds, type WallTime } from '../../core/time.ts';
import type { MembershipProof } from '../../privacy/membership-proof.ts';
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

const octets = (length: number): Uint8Array => new Uint8Array(length).map((_, at) => at);
const GREETING = { hello: HELLO, publicKey: octets(32), nonce: octets(16) };
const MEMBERSHIP: MembershipProof = {
  creator: octets(32),
  nonce: octets(16),
  grants: [
    { admitted: octets(32), at: 1_800_000_000_000 as WallTime, signature: octets(64) },
    { admitted: octets(32).reverse(), at: 0 as WallTime, signature: octets(64) },
  ],
};

test.each<LinkMessage>([
  { kind: 'hello', ...GREETING },
  { kind: 'refuse', code: 'session', text: 'not here' },
  { kind: 'refuse', code: 'notProven', text: 'no' },
  { kind: 'refuse', code: 'codeLocked', text: 'later', wait: fromSeconds(30) },
  { kind: 'ping' },
  { kind: 'pong' },
  { kind: 'bye', code: 'leaving', text: '' },
  { kind: 'bye', code: 'replaced', text: '' },
  { kind: 'prove', signature: octets(64) },
  { kind: 'enter', prompts: false, knowsYou: false, membership: undefined, invitation: undefined },
  { kind: 'enter', prompts: true, knowsYou: true, membership: MEMBERSHIP, invitation: octets(32) },
  { kind: 'code', triesLeft: 3, lifetime: fromSeconds(120) },
  { kind: 'try', share: octets(32) },
  { kind: 'answer', share: octets(32), tag: octets(64) },
  { kind: 'confirm', tag: octets(64) },
  { kind: 'welcome', membership: { ...MEMBERSHIP, grants: [] }, invitation: undefined },
  { kind: 'welcome', membership: MEMBERSHIP, invitation: octets(32) },
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
  const bytes = encodeLinkMessage({ kind: 'hello', ...GREETING, hello: { ...HELLO, ...patch } });
  expect(decodeLinkMessage(bytes)).toBeUndefined();
});

test('names and sentences come without control characters, and short', () => {
  const hello = { ...HELLO, name: `a\n\u0007b\u202ec\u200b${'x'.repeat(100)}` };
  const read = decodeLinkMessage(encodeLinkMessage({ kind: 'hello', ...GREETING, hello }));
  expect(read?.kind === 'hello' && read.hello.name).toBe(`a bc${'x'.repeat(57)}`);
});

test('of a hello of another version only the version is read', () => {
  const bytes = Uint8Array.of(0, 9, 255, 255, 255);
  expect(decodeLinkMessage(bytes)).toMatchObject({ kind: 'hello', hello: { protocol: 9 } });
});

test.each<[string, readonly number[]]>([
  ['an unknown message', [12]],
  ['an unknown refusal', [1, 16, 0]],
  ['no refusal', [1, 0, 0]],
  ['a wait of no time', [1, 11, 0, 0]],
  ['a wait of more than an hour', [1, 11, 0, 0x91, 0x1c]],
  ['an unknown flag', [6, 4, 0, 0]],
  ['a membership that is none', [6, 0, 1, 1, 0]],
  ['an invitation of another length', [6, 0, 0, 1, 0]],
  ['no membership to be welcome by', [11, 0, 0]],
  ['four tries', [7, 4, 10]],
  ['no tries', [7, 0, 10]],
  ['a code for longer than two minutes', [7, 3, 0xc1, 0xa9, 0x07]],
  ['a signature that ends early', [5, ...new Array(63).fill(0)]],
])('%s is malformed', (_name, bytes) => {
  expect(decodeLinkMessage(Uint8Array.from(bytes))).toBeUndefined();
});

test('a message that ends early takes no octets from behind it', () => {
  const whole = Uint8Array.from([5, ...octets(64), ...octets(64)]);
  expect(decodeLinkMessage(whole.subarray(0, 60))).toBeUndefined();
});

test('the octets of a message outlive the buffer that it came in', () => {
  const bytes = encodeLinkMessage({ kind: 'prove', signature: octets(64) });
  const message = decodeLinkMessage(bytes);
  bytes.fill(0xff);
  expect(message).toEqual({ kind: 'prove', signature: octets(64) });
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
