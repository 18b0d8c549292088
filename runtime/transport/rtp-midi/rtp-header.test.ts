import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyRtpHeader, readRtpHeader, writeRtpHeader } from './rtp-header.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

test('a header survives the wire', () => {
  fc.assert(
    fc.property(
      fc.nat(0xffff),
      fc.nat(0xffff_ffff),
      fc.nat(0xffff_ffff),
      (sequence, timestamp, ssrc) => {
        const out = new Uint8Array(13);
        const at = writeRtpHeader(out, sequence, timestamp, ssrc);
        const header = emptyRtpHeader();
        expect(readRtpHeader(out, header)).toBeUndefined();
        expect(header).toEqual({
          marker: false,
          sequence,
          timestamp,
          ssrc,
          payloadAt: at,
          payloadEnd: 13,
        });
      },
    ),
  );
});

test('the marker may be set', () => {
  const header = emptyRtpHeader();
  expect(readRtpHeader(bytesOf('80e1000100000002000000034000'), header)).toBeUndefined();
  expect(header.marker).toBe(true);
});

test('contributing sources, extension and padding lie around the payload', () => {
  const header = emptyRtpHeader();
  // CC = 1, X with one word, P with two octets: the payload is "40".
  const bytes = bytesOf('b1610001000000020000000311111111abcd000122222222400002');
  expect(readRtpHeader(bytes, header)).toBeUndefined();
  expect(header).toMatchObject({ payloadAt: 24, payloadEnd: 25 });
});

test.each([
  ['', 'notRtpMidi'],
  ['806100010000000200000003', 'notRtpMidi'],
  ['40610001000000020000000300', 'notRtpMidi'],
  ['80600001000000020000000300', 'notRtpMidi'],
  ['8f610001000000020000000300', 'rtpTruncated'],
  ['90610001000000020000000300', 'rtpTruncated'],
  ['9061000100000002000000030000ffff40', 'rtpTruncated'],
  ['a0610001000000020000000300', 'rtpTruncated'],
  ['a06100010000000200000003ff', 'rtpTruncated'],
])('%s is refused: %s', (hex, fault) => {
  expect(readRtpHeader(bytesOf(hex), emptyRtpHeader())).toBe(fault);
});

test('arbitrary octets never throw, and a payload lies inside them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), fc.boolean(), (bytes, likely) => {
      if (likely && bytes.length > 2) {
        bytes[0] = 0x80 | ((bytes[0] ?? 0) & 0x3f);
        bytes[1] = 0x61;
      }
      const header = emptyRtpHeader();
      if (readRtpHeader(bytes, header) !== undefined) return;
      expect(header.payloadAt).toBeLessThan(header.payloadEnd);
      expect(header.payloadEnd).toBeLessThanOrEqual(bytes.length);
    }),
  );
});
