import { describe, expect, test } from 'vitest';
import { gamma, seededRandomness, uniform } from '../../../sim/seeded-randomness.ts';
import { DejitterBuffer } from './dejitter-buffer.ts';

interface Feed {
  readonly buffer: DejitterBuffer;
  /** Plays on: an event every 100 ms, for so many seconds. Gives D at each. */
  play(seconds: number, base: number, jitter: number, spikes?: number): number[];
}

function openFeed(seed: string): Feed {
  const random = seededRandomness(seed);
  const buffer = new DejitterBuffer();
  let now = 1e6;
  return {
    buffer,
    play(seconds, base, jitter, spikes = 0) {
      return Array.from({ length: seconds * 10 }, () => {
        now += 100_000;
        const spike = uniform(random) < spikes ? uniform(random) * 100_000 : 0;
        return buffer.admit(now, now + base + gamma(random, 2, jitter) + spike);
      });
    },
  };
}

const spread = (delays: readonly number[]): number => Math.max(...delays) - Math.min(...delays);

describe('while the network stays as it is', () => {
  test('the delay settles where 90 to 99.5 of 100 come in time, and mostly stands still', () => {
    const spreads: number[] = [];
    let changes = 0;
    for (let seed = 0; seed < 40; seed++) {
      const { buffer, play } = openFeed(`steady ${seed}`);
      play(30, 60_000, 5_000);
      const delays = play(120, 60_000, 5_000);
      spreads.push(spread(delays));
      changes += buffer.changes;
      const middle = delays.toSorted((a, b) => a - b)[600] ?? 0;
      // The gamma's 90th and 99.5th percentile.
      expect(middle).toBeGreaterThan(69_700);
      expect(middle).toBeLessThan(78_600);
    }
    spreads.sort((a, b) => a - b);
    expect(spreads[20]).toBeLessThan(3_000);
    expect(spreads[36]).toBeLessThan(10_000);
    // An hour and forty minutes of playing.
    expect(changes).toBeLessThan(20);
  });

  test('spikes and losses do not draw it along', () => {
    const { play } = openFeed('spikes');
    play(30, 60_000, 5_000);
    const quiet = play(1, 60_000, 5_000).at(-1) ?? 0;
    const spiky = play(60, 60_000, 5_000, 0.03).at(-1) ?? 0;
    expect(spiky - quiet).toBeLessThan(6_000);
  });
});

describe('when the network changes', () => {
  test('a longer route is followed within a second and a half', () => {
    const { play } = openFeed('longer');
    play(30, 60_000, 5_000);
    const delays = play(10, 85_000, 5_000);
    expect(delays[15]).toBeGreaterThan(90_000);
    expect(Math.max(...delays)).toBeLessThan(115_000);
  });

  test('a shorter route is followed by a glide of a hundredth', () => {
    const { play } = openFeed('shorter');
    play(30, 85_000, 5_000);
    const delays = play(20, 60_000, 5_000);
    expect(delays.at(-1)).toBeLessThan(80_000);
    for (const [i, delay] of delays.entries()) {
      expect((delays[i - 1] ?? delay) - delay).toBeLessThanOrEqual(1_001);
    }
  });

  test('a delay that is far too long, after a stall at the start, is given up within nine seconds', () => {
    const { play } = openFeed('stall');
    expect(play(2, 300_000, 20_000).at(-1)).toBeGreaterThan(300_000);
    const after = play(9, 25_000, 3_000);
    expect(after.at(-1)).toBeLessThan(60_000);
  });

  test('three times the jitter is followed up, and down again', () => {
    const { play } = openFeed('phases');
    const before = play(30, 20_000, 4_000).at(-1) ?? 0;
    const during = play(30, 20_000, 12_000).at(-1) ?? 0;
    const afterwards = play(30, 20_000, 4_000).at(-1) ?? 0;
    expect(during).toBeGreaterThan(before + 8_000);
    expect(afterwards).toBeLessThan(before + 6_000);
  });

  test('a clock that drifts is followed as long as it drifts', () => {
    const { play } = openFeed('drift');
    play(30, 60_000, 3_000);
    let base = 60_000;
    for (let second = 0; second < 600; second++) {
      base -= 100;
      const delay = play(1, base, 3_000).at(-1) ?? 0;
      expect(delay - base).toBeGreaterThan(4_000);
      expect(delay - base).toBeLessThan(18_000);
    }
  });
});

test('notes of one chord share one delay, however it moves', () => {
  const random = seededRandomness('chords');
  const buffer = new DejitterBuffer();
  let now = 1e6;
  for (let chord = 0; chord < 500; chord++) {
    now += 150_000;
    const delays = [0, 5_000, 12_000, 25_000].map((spread) => {
      const at = now + spread;
      return buffer.admit(at, at + (chord < 250 ? 20_000 : 60_000) + gamma(random, 2, 8_000));
    });
    expect(new Set(delays).size).toBe(1);
  }
});

test('events that came together count once', () => {
  const buffer = new DejitterBuffer();
  for (let i = 0; i < 100; i++) buffer.admit(i * 100_000, i * 100_000 + 10_000);
  const before = [buffer.target, buffer.changes];
  // A stall of two seconds: forty notes with one packet are one late arrival, not forty.
  for (let i = 0; i < 40; i++) buffer.admit(10e6 + i * 50_000, 12e6);
  expect([buffer.target, buffer.changes]).toEqual(before);
});
