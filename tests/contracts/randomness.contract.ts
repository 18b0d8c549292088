import { describe, expect, test } from 'vitest';
import type { Randomness } from '../../runtime/ports/randomness.ts';

export function randomnessContract(name: string, open: () => Randomness): void {
  describe(`${name} keeps the Randomness contract`, () => {
    test('numbers are whole, in 0 to 2^32-1, and every bit is set about half the time', () => {
      const randomness = open();
      const ones = new Array<number>(32).fill(0);
      const draws = 4_000;
      for (let draw = 0; draw < draws; draw++) {
        const number = randomness.uint32();
        expect(Number.isInteger(number) && number >= 0 && number <= 0xffff_ffff).toBe(true);
        for (let bit = 0; bit < 32; bit++) {
          if ((number >>> bit) & 1) ones[bit] = (ones[bit] ?? 0) + 1;
        }
      }
      // Seven standard deviations: wrong once in 10^10 runs.
      const tolerance = (7 * Math.sqrt(draws)) / 2;
      for (const count of ones) expect(Math.abs(count - draws / 2)).toBeLessThan(tolerance);
    });

    test('as many octets come as were asked for, each value about equally often', () => {
      const randomness = open();
      expect(randomness.bytes(0)).toHaveLength(0);
      expect(randomness.bytes(7)).toHaveLength(7);
      const counts = new Array<number>(256).fill(0);
      const draws = 65_536;
      for (const octet of randomness.bytes(draws)) counts[octet] = (counts[octet] ?? 0) + 1;
      const expected = draws / 256;
      const chiSquared = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
      // 255 degrees of freedom: mean 255, deviation 22.6.
      expect(chiSquared).toBeLessThan(255 + 8 * 22.6);
    });

    test('the octets belong to the caller', () => {
      const randomness = open();
      const mine = randomness.bytes(32);
      const copy = mine.slice();
      randomness.bytes(32);
      expect(mine).toEqual(copy);
    });
  });
}
