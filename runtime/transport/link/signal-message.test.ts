import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeSignal, encodeSignal, MAX_ATTEMPTS, type SignalMessage } from './signal-message.ts';
import { SignalBounds } from './signal-path.ts';

const attempt = fc.nat(MAX_ATTEMPTS - 1);
const message: fc.Arbitrary<SignalMessage> = fc.oneof(
  fc.record({
    kind: fc.constant('signal'),
    attempt,
    signal: fc.oneof(
      fc.record({
        kind: fc.constant('description'),
        type: fc.constantFrom('offer', 'answer'),
        sdp: fc.string({ maxLength: 2_000 }),
      }),
      fc.record({
        kind: fc.constant('candidate'),
        candidate: fc.string({ maxLength: 100 }),
        mid: fc.string({ maxLength: 4 }),
      }),
    ),
  }) as fc.Arbitrary<SignalMessage>,
  fc.record({ kind: fc.constant('opened'), attempt }),
  fc.record({ kind: fc.constant('refuse'), code: fc.constantFrom('version', 'busy', 'closed') }),
  fc.constant<SignalMessage>({ kind: 'givenUp' }),
);

test('a message that is written is read as it was; with an octet more or fewer it is none', () => {
  fc.assert(
    fc.property(message, (written) => {
      const octets = encodeSignal(written);
      expect(decodeSignal(octets)).toEqual(written);
      expect(decodeSignal(Uint8Array.from([...octets, 0]))).toBeUndefined();
      expect(decodeSignal(octets.slice(0, -1))).toBeUndefined();
    }),
  );
});

test('octets of chance are a message or none, and never throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 64 }), (octets) => {
      const read = decodeSignal(octets);
      if (read) expect(decodeSignal(encodeSignal(read))).toEqual(read);
    }),
    { numRuns: 5_000 },
  );
});

test('descriptions and candidates beyond their bounds are refused', () => {
  const description = (length: number): Uint8Array =>
    encodeSignal({
      kind: 'signal',
      attempt: 0,
      signal: { kind: 'description', type: 'offer', sdp: 'x'.repeat(length) },
    });
  expect(decodeSignal(description(8_192))).toBeDefined();
  expect(decodeSignal(description(8_193))).toBeUndefined();
  const candidate = (length: number): SignalMessage => ({
    kind: 'signal',
    attempt: 0,
    signal: { kind: 'candidate', candidate: 'x'.repeat(length), mid: '0' },
  });
  expect(decodeSignal(encodeSignal(candidate(512)))).toBeDefined();
  expect(decodeSignal(encodeSignal(candidate(513)))).toBeUndefined();
});

test('each side says what is its to say, once, and 64 candidates at most', () => {
  const offer: SignalMessage = {
    kind: 'signal',
    attempt: 0,
    signal: { kind: 'description', type: 'offer', sdp: '' },
  };
  const candidate: SignalMessage = {
    kind: 'signal',
    attempt: 0,
    signal: { kind: 'candidate', candidate: '', mid: '' },
  };
  const dialer = new SignalBounds('dialer');
  expect(dialer.takes(offer, 10)).toBe(true);
  expect(dialer.takes(offer, 10)).toBe(false);
  for (let count = 0; count < 64; count++) expect(dialer.takes(candidate, 10)).toBe(true);
  expect(dialer.takes(candidate, 10)).toBe(false);
  expect(new SignalBounds('acceptor').takes(offer, 10)).toBe(false);
  expect(new SignalBounds('acceptor').takes({ kind: 'opened', attempt: 0 }, 3)).toBe(false);
  expect(new SignalBounds('dialer').takes({ kind: 'refuse', code: 'busy' }, 3)).toBe(false);
  const chatty = new SignalBounds('dialer');
  expect(chatty.takes({ ...offer, attempt: 1 }, 65_536)).toBe(true);
  expect(chatty.takes(candidate, 1)).toBe(false);
  const ended = new SignalBounds('dialer');
  expect(ended.takes({ kind: 'opened', attempt: 0 }, 3)).toBe(true);
  expect(ended.takes(candidate, 10)).toBe(false);
});
