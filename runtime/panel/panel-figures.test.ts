import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type EnsembleTime, fromMillis, type Instant, instant, micros } from '../core/time.ts';
import { ActivityMeter } from './activity-meter.ts';
import { barPosition } from './beat.ts';
import { fieldText, type NumberField, turned } from './fields.ts';
import { pixelShift } from './idle.ts';
import { linkLed } from './led-pattern.ts';
import { inMillis, inPercent } from './wording.ts';

const at = (millis: number): Instant => instant(millis * 1_000);

describe('bar and beat', () => {
  const timeline = { origin: 10_000_000 as EnsembleTime, bpm: 120, beatsPerBar: 4 };

  test('the first beat of the first bar begins at the origin', () => {
    expect(barPosition(timeline, instant(4_000_000), micros(6_000_000))).toEqual({
      bar: 1,
      beat: 1,
      nextBeat: 4_500_000,
    });
  });

  test('the last moment of a bar is its last beat', () => {
    expect(barPosition(timeline, instant(11_999_999), micros(0))).toMatchObject({
      bar: 1,
      beat: 4,
    });
    expect(barPosition(timeline, instant(12_000_000), micros(0))).toMatchObject({
      bar: 2,
      beat: 1,
    });
  });

  test('before the origin bars count down and beats still go up', () => {
    expect(barPosition(timeline, instant(9_500_000), micros(0))).toMatchObject({ bar: 0, beat: 4 });
  });

  test('the beat is one of the bar and the next one is ahead, whatever the timeline', () => {
    const any = fc.integer({ min: -1e12, max: 1e12 });
    fc.assert(
      fc.property(
        any,
        any,
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 0, max: 12 }),
        (origin, now, bpm, beatsPerBar) => {
          const odd = { origin: origin as EnsembleTime, bpm, beatsPerBar };
          const { beat, nextBeat } = barPosition(odd, instant(now), micros(0));
          expect(beat).toBeGreaterThanOrEqual(1);
          expect(beat).toBeLessThanOrEqual(Math.max(1, beatsPerBar));
          expect(nextBeat).toBeGreaterThan(now - 1);
        },
      ),
    );
  });
});

describe('values under the knob', () => {
  const field = (change: Partial<NumberField>): NumberField => ({
    ...{ kind: 'number', value: 0, min: 0, max: 10, step: 1, unit: '' },
    effect: (bpm) => ({ kind: 'setTempo', bpm }),
    ...change,
  });

  test('fractions stay whole steps', () => {
    const tenths = field({ step: 0.1, max: 1 });
    let value = 0;
    for (let i = 0; i < 7; i++) value = turned(tenths, value, 1, 8);
    expect(value).toBe(0.7);
    expect(fieldText(tenths, value)).toBe('0.7');
  });

  test('a spun knob runs ahead in long ranges only', () => {
    expect(turned(field({ max: 10 }), 0, 2, 16)).toBe(2);
    expect(turned(field({ max: 1_000 }), 0, 2, 16)).toBe(16);
  });

  test('a step of nothing is taken as one', () => {
    expect(turned(field({ step: 0 }), 3, 1, 1)).toBe(4);
  });
});

describe('activity meters', () => {
  test('a note pushes the level up, harder ones higher, and time lets it fall to nothing', () => {
    const meter = new ActivityMeter();
    meter.note('a', 127, at(0));
    meter.note('b', 20, at(0));
    expect(meter.level('a', at(0))).toBe(1);
    expect(meter.level('b', at(0))).toBeLessThan(0.6);
    expect(meter.level('a', at(300))).toBeCloseTo(0.5);
    expect(meter.level('a', at(700))).toBe(0);
    expect(meter.level('nobody', at(0))).toBe(0);
  });

  test('a soft note does not lower a loud one', () => {
    const meter = new ActivityMeter();
    meter.note('a', 127, at(0));
    meter.note('a', 1, at(30));
    expect(meter.level('a', at(30))).toBeCloseTo(0.95);
  });

  test('with very many sources the one that was silent longest is forgotten', () => {
    const meter = new ActivityMeter();
    for (let i = 0; i < 40; i++) meter.note(`source ${i}`, 100, at(i));
    expect(meter.level('source 7', at(40))).toBe(0);
    expect(meter.level('source 8', at(40))).toBeGreaterThan(0.5);
  });
});

describe('small things', () => {
  test('the picture moves by one pixel a minute and comes back', () => {
    const minutes = [0, 1, 2, 3, 4].map((minute) => pixelShift(at(minute * 60_000)));
    expect(minutes).toEqual([
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
      [0, 0],
    ]);
  });

  test('the link LED is dark, blinks slowly, shines or blinks fast', () => {
    const changes = (link: 'searching' | 'degraded'): number =>
      Array.from({ length: 1_000 }, (_, ms) => linkLed(link, at(ms)).level).filter(
        (level, ms, all) => ms > 0 && level !== all[ms - 1],
      ).length;
    expect(linkLed('none', at(1))).toEqual({ level: 0, until: undefined });
    expect(linkLed('up', at(1))).toEqual({ level: 1, until: undefined });
    expect(linkLed('up', at(1), { level: 1, until: at(60) }), 'dark on a beat').toEqual({
      ...{ level: 0, until: at(60) },
    });
    const lit = Array.from({ length: 1_000 }, (_, ms) => linkLed('guest', at(ms)).level);
    expect(lit.join('')).toBe(`${'1'.repeat(100)}${'0'.repeat(100)}`.repeat(2) + '0'.repeat(600));
    expect([changes('searching'), changes('degraded')]).toEqual([1, 7]);
  });

  test('figures are short, and unknown ones are a dash', () => {
    expect(
      [undefined, 0, 0.4, 9.94, 9.96, 128.4].map((ms) =>
        inMillis(ms === undefined ? ms : fromMillis(ms)),
      ),
    ).toEqual(['–', '0ms', '0.4ms', '9.9ms', '10ms', '128ms']);
    expect([undefined, 0, 0.0002, 0.004, 0.053, 1].map(inPercent)).toEqual([
      '–',
      '0%',
      '<0.1%',
      '0.4%',
      '5.3%',
      '100%',
    ]);
  });
});
