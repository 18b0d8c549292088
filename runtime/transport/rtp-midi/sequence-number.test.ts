import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extendCheckpoint, extendSequence, sequenceAhead } from './sequence-number.ts';
import { rtpTimeOf, type Ticks, unwrapRtpTime } from './ticks.ts';

test('a count survives the wrap of its 16 bits, forwards and backwards (item 2)', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.integer({ min: -32768, max: 32767 }), (near, ahead) => {
      fc.pre(near + ahead >= 0);
      expect(extendSequence((near + ahead) % 65536, near)).toBe(near + ahead);
      expect(sequenceAhead((near + ahead) % 65536, near)).toBe(ahead);
    }),
  );
});

test('a checkpoint is behind its packet, up to one turn less what would be a new stream (items 18, 35a)', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 2 ** 16, max: 2 ** 40 }),
      fc.integer({ min: -3_000, max: 65_535 - 3_000 }),
      (at, behind) => {
        expect(extendCheckpoint((at - behind) & 0xffff, at)).toBe(at - behind);
      },
    ),
  );
});

test('ticks survive the wrap of their 32 bits (items 2, 3)', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 50), fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), (near, ahead) => {
      fc.pre(near + ahead >= 0);
      const ticks = (near + ahead) as Ticks;
      expect(unwrapRtpTime(rtpTimeOf(ticks), near as Ticks)).toBe(ticks);
    }),
  );
});
