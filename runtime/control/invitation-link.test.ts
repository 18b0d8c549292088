import { sha256 } from '@noble/hashes/sha2.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandomness } from '../../sim/seeded-randomness.ts';
import {
  codeFrom,
  isCode,
  newInvitationSecret,
  readInvitationLink,
  writeInvitationLink,
  writeShortLink,
} from './invitation-link.ts';

const octets = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const SECRET = Uint8Array.from({ length: 16 }, (_, at) => at * 16);
const LINK = 'togthr://jam.example.org/i/0123456789ABC#ABAgMEBQYHCAkKCwwNDg8A';

test('a link is as written, long and short', () => {
  const parts = { server: 'https://jam.example.org', code: '0123456789ABC', secret: SECRET };
  expect(writeInvitationLink(parts)).toBe(LINK);
  const seed = SECRET.slice(0, 12);
  const short = writeShortLink({ ...parts, seed });
  expect(short).toBe('https://jam.example.org/AEQyFMdCVLY#ABAgMEBQYHCAkKCw');
  // 29 modules: version 3 at level L has room for 53 octets.
  expect(short.length).toBeLessThanOrEqual(53);
  expect(readInvitationLink(short).secret).toEqual(
    sha256(new Uint8Array([...Buffer.from('jam.togthr invitation secret 1'), ...seed])).slice(
      0,
      16,
    ),
  );
});

test('links as they were written before are read', () => {
  const web = LINK.replace('togthr', 'https');
  expect(readInvitationLink(web)).toEqual(readInvitationLink(LINK));
  expect(readInvitationLink(web).secret).toEqual(SECRET);
});

test('what is written is read, whatever the server, code and secret', () => {
  const server = fc.constantFrom(
    'https://jam.example.org',
    'https://[2001:db8::1]:8443',
    'http://127.0.0.1:8443',
  );
  fc.assert(
    fc.property(server, octets(9), fc.nat(), (url, random, number) => {
      const { seed, secret } = newInvitationSecret(seededRandomness(number));
      const parts = { server: url, code: codeFrom(random), secret };
      expect(isCode(parts.code)).toBe(true);
      expect(readInvitationLink(writeInvitationLink(parts))).toEqual(parts);
      const short = writeShortLink({ ...parts, seed });
      expect(readInvitationLink(short)).toEqual(parts);
      expect(
        readInvitationLink(short.replace('http', 'togthr+http').replace('togthr+https', 'togthr')),
      ).toEqual(parts);
    }),
  );
});

test('all 65 bits of a code come from the octets, and nothing of the last seven', () => {
  const codes = new Set<string>();
  for (let bit = 0; bit < 72; bit++) {
    const random = new Uint8Array(9);
    random[bit >> 3] = 0x80 >> (bit & 7);
    codes.add(codeFrom(random));
  }
  expect(codes.size).toBe(66);
  expect(codes.has('0000000000000')).toBe(true);
});

test('a code that was typed with look-alikes, in small letters and with blanks around is read', () => {
  const typed = ' togthr://JAM.example.org/i/oI23456789abc#ABAgMEBQYHCAkKCwwNDg8A\n';
  expect(readInvitationLink(typed)).toEqual(readInvitationLink(LINK.replace('0123', '0123')));
});

test.each([
  ['nothing', ''],
  ['no secret', LINK.split('#')[0] ?? ''],
  ['half a secret', LINK.slice(0, -4)],
  ['a secret with bits too many', `${LINK.slice(0, -1)}B`],
  ['a short code', LINK.replace('0123', '012')],
  ['a letter that is no digit', LINK.replace('0123', 'U123')],
  ['another scheme', LINK.replace('togthr', 'javascript')],
  ['somebody before the host', LINK.replace('jam', 'eve@jam')],
  ['another path', LINK.replace('/i/', '/j/')],
])('%s is refused with words', (_what, link) => {
  expect(() => readInvitationLink(link)).toThrow(
    expect.objectContaining({ code: 'invalid', message: expect.stringMatching(/link/) }),
  );
});

test('arbitrary text never throws anything but a PortError', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 100 }), (text) => {
      expect(() => readInvitationLink(text)).toThrow(expect.objectContaining({ code: 'invalid' }));
    }),
  );
});
