import fc from 'fast-check';
import { expect, test } from 'vitest';
import { emptyRtpHeader, readRtpHeader, writeRtpHeader } from './rtp-header.ts';

const bytesOf = (hex: string): Uint8Array => Uint8Array.from(Buffer.from(hex, 'hex'));

test('a header survives the wire; sent are version 2, type 97 and no marker, extension, padding or contributor (item 1)', () => {
  fc.assert(
    fc.property(
      fc.nat(0xffff),
      fc.nat(0xffff_ffff),
      fc.nat(0xffff_ffff),
      (sequence, timestamp, ssrc) => {
        const out = new Uint8Array(13);
        const at = writeRtpHeader(out, sequence, timestamp, ssrc);
        expect([out[0], out[1], at]).toEqual([0x80, 0x61, 12]);
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

test('the marker may be set (item 1)', () => {
  const header = emptyRtpHeader();
  expect(readRtpHeader(bytesOf('80e1000100000002000000034000'), header)).toBeUndefined();
  expect(header.marker).toBe(true);
});

test('contributing sources, extension and padding lie around the payload (item 1)', () => {
  const header = emptyRtpHeader();
  // CC = 1, X with one word, P with two octets: the payload is "40".
  const bytes = bytesOf('b1610001000000020000000311111111abcd000122222222400002');
  expect(readRtpHeader(bytes, header)).toBeUndefined();
  expect(header).toMatchObject({ payloadAt: 24, payloadEnd: 25 });
});

test('whatever there is around it, the payload is found, and one octet less of it all is refused or shortens it (item 1)', () => {
  fc.assert(
    fc.property(
      fc.nat(15),
      fc.option(fc.nat(20)),
      fc.option(fc.integer({ min: 1, max: 40 })),
      fc.boolean(),
      fc.uint8Array({ minLength: 1, maxLength: 40 }),
      (contributors, words, padding, marker, payload) => {
        const bytes: number[] = [
          0x80 | (padding ? 0x20 : 0) | (words === null ? 0 : 0x10) | contributors,
          0x61 | (marker ? 0x80 : 0),
          ...[0, 1, 0, 0, 0, 2, 0, 0, 0, 3],
          ...new Array<number>(4 * contributors).fill(0x11),
        ];
        if (words !== null) bytes.push(0xab, 0xcd, 0, words, ...new Array(4 * words).fill(0x22));
        const payloadAt = bytes.length;
        bytes.push(...payload);
        const payloadEnd = bytes.length;
        if (padding) bytes.push(...new Array<number>(padding - 1).fill(0), padding);
        const header = emptyRtpHeader();
        expect(readRtpHeader(Uint8Array.from(bytes), header)).toBeUndefined();
        expect(header).toMatchObject({ marker, payloadAt, payloadEnd, sequence: 1, ssrc: 3 });
        for (let length = 0; length < payloadAt; length++) {
          const cut = Uint8Array.from(bytes.slice(0, length));
          if (readRtpHeader(cut, header) !== undefined) continue;
          expect(header.payloadEnd).toBeLessThanOrEqual(length);
          expect(header.payloadAt).toBeLessThan(header.payloadEnd);
        }
      },
    ),
  );
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
])('%s is refused: %s (item 1)', (hex, fault) => {
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
