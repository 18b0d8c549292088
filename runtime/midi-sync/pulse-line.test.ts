import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { normal, seededRandomness } from '../../sim/seeded-randomness.ts';
import { PulseLine } from './pulse-line.ts';

const PERIOD = 20_833;

function fed(count: number, timeOf: (pulse: number) => number): PulseLine {
  const line = new PulseLine();
  for (let pulse = 0; pulse < count; pulse++) line.add(pulse, timeOf(pulse));
  return line;
}

test('even pulses are foretold exactly, at any number', () => {
  const line = fed(10, (pulse) => 5e9 + pulse * PERIOD);
  expect(line.steady).toBe(true);
  expect(line.period).toBeCloseTo(PERIOD, 3);
  expect(line.timeOf(50)).toBeCloseTo(5e9 + 50 * PERIOD, 1);
  expect(line.numberAt(5e9 + 12.5 * PERIOD)).toBeCloseTo(12.5, 6);
});

test('missing pulses bend nothing', () => {
  const line = new PulseLine();
  for (const pulse of [0, 1, 2, 7, 8, 30, 31]) line.add(pulse, pulse * PERIOD);
  expect(line.timeOf(32)).toBeCloseTo(32 * PERIOD, 1);
  expect(line.changes).toBe(0);
});

test('a source that strays by a millisecond is foretold to a quarter of that', () => {
  const randomness = seededRandomness(1);
  const line = new PulseLine();
  const errors: number[] = [];
  for (let pulse = 0; pulse < 1_000; pulse++) {
    line.add(pulse, pulse * PERIOD + normal(randomness) * 1_000);
    if (pulse > 100) errors.push(line.timeOf(pulse + 1) - (pulse + 1) * PERIOD);
  }
  const rms = Math.sqrt(errors.reduce((sum, error) => sum + error ** 2, 0) / errors.length);
  expect(rms).toBeLessThan(250);
  expect(line.stray).toBeGreaterThan(700);
  expect(line.stray).toBeLessThan(1_300);
});

test('one pulse that was held up for ten milliseconds moves the next by less than a tenth of one', () => {
  const line = fed(60, (pulse) => pulse * PERIOD + (pulse === 58 ? 10_000 : 0));
  expect(Math.abs(line.timeOf(60) - 60 * PERIOD)).toBeLessThan(100);
  expect(line.changes).toBe(0);
});

describe.each([
  [120, 126],
  [120, 119],
  [60, 200],
  [174, 90],
])('from %s to %s quarter notes a minute', (from, to) => {
  const [before, after] = [60e6 / from / 24, 60e6 / to / 24];
  const timeOf = (pulse: number): number =>
    pulse <= 100 ? pulse * before : 100 * before + (pulse - 100) * after;

  test('the new tempo is known within half a beat', () => {
    const line = fed(113, timeOf);
    expect(line.changes).toBeGreaterThan(0);
    expect(line.period).toBeCloseTo(after, 0);
    expect(Math.abs(line.timeOf(113) - timeOf(113))).toBeLessThan(200);
  });

  test('so it is when the source strays by a millisecond, to five percent', () => {
    const randomness = seededRandomness(2);
    const line = fed(125, (pulse) => timeOf(pulse) + normal(randomness) * 1_000);
    expect(Math.abs(line.period / after - 1)).toBeLessThan(0.05);
  });
});

test('pulses that come all at once leave the period as it was', () => {
  const line = fed(40, (pulse) => pulse * PERIOD);
  for (let pulse = 40; pulse < 50; pulse++) line.add(pulse, 40 * PERIOD);
  expect(line.period).toBeGreaterThan(0);
  expect(Number.isFinite(line.timeOf(51))).toBe(true);
});

test('whatever the times, there is a finite line with a period that is not negative', () => {
  const steps = fc.array(fc.double({ min: -1e5, max: 1e6, noNaN: true }), { maxLength: 200 });
  fc.assert(
    fc.property(steps, (intervals) => {
      const line = new PulseLine();
      let time = 0;
      intervals.forEach((interval, pulse) => {
        time += interval;
        line.add(pulse, time);
        expect(line.period).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(line.timeOf(pulse + 10))).toBe(true);
        expect(Number.isFinite(line.numberAt(time + 1e5))).toBe(true);
      });
    }),
    { examples: [[[0, 5e-324]]] },
  );
});
