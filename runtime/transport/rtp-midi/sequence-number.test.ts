import fc from 'fast-check';
import { expect, test } from 'vitest';
import { extendSequence, sequenceAhead } from './sequence-number.ts';
import { rtpTimeOf, type Ticks, unwrapRtpTime } from './ticks.ts';

test('a count survives the wrap of its 16 bits, forwards and backwards', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.integer({ min: -32768, max: 32767 }), (near, ahead) => {
      fc.pre(near + ahead >= 0);
      expect(extendSequence((near + ahead) % 65536, near)).toBe(near + ahead);
      expect(sequenceAhead((near + ahead) % 65536, near)).toBe(ahead);
    }),
  );
});

test('ticks survive the wrap of their 32 bits', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 50), fc.integer({ min: -(2 ** 30), max: 2 ** 30 }), (near, ahead) => {
      fc.pre(near + ahead >= 0);
      const ticks = (near + ahead) as Ticks;
      expect(unwrapRtpTime(rtpTimeOf(ticks), near as Ticks)).toBe(ticks);
    }),
  );
});
