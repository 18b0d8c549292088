/** Guards what the bench shows; the figures themselves are in its table. */
import { expect, test } from 'vitest';
import { NETWORK_PROFILES, type NetworkProfile } from '../../sim/network/profiles.ts';
import {
  type HeardClick,
  phaseErrors,
  quantile,
  simulateMetronome,
  slower,
} from './metronome-simulation.ts';

const PPM = [50, -50];

async function play(there: NetworkProfile, back: NetworkProfile, seed: number, seconds: number) {
  const result = await simulateMetronome({ there, back, seed, ppm: PPM, seconds });
  return { ...result, ...phaseErrors(result.clicks[0] ?? [], result.clicks[1] ?? []) };
}

/** From accent to accent as many clicks as a bar has. */
function barsOf(clicks: readonly HeardClick[]): readonly number[] {
  const accents = clicks.flatMap(({ accent }, i) => (accent ? [i] : []));
  return accents.slice(1).map((at, i) => at - (accents[i] ?? 0));
}

test('over transatlantic jitter, with crystals 100 ppm apart, two boxes click within 3 ms, 95 of 100 times', async () => {
  const errors: number[] = [];
  for (const seed of [1, 2, 3]) {
    const { transatlantic } = NETWORK_PROFILES;
    const run = await play(transatlantic, transatlantic, seed, 40);
    errors.push(...run.errors.map(({ error }) => Math.abs(error)));
    expect([run.alone, run.otherBeat, run.missed], `seed ${seed}`).toEqual([0, 0, 0]);
    expect(quantile(errors, 0.95)).toBeLessThan(2 * run.uncertainty);
  }
  expect(quantile(errors, 0.95)).toBeLessThan(3);
});

test('through ways of unequal length they are off by half the difference, as the diagnostics say they may be', async () => {
  const run = await play(slower('transatlantic', 40), slower('transatlantic', 120), 1, 30);
  const off = Math.abs(
    quantile(
      run.errors.map(({ error }) => error),
      0.5,
    ),
  );
  expect(off).toBeGreaterThan(35);
  expect(off).toBeLessThan(run.bound);
  // Half the round trip, and what jitter leaves.
  expect(run.bound).toBeLessThan(95);
});

test('a route that becomes longer and lopsided in the middle of a song is not heard', async () => {
  const { city } = NETWORK_PROFILES;
  const { clicks, bound } = await simulateMetronome({
    there: city,
    back: city,
    seed: 2,
    ppm: PPM,
    seconds: 200,
    during: [
      {
        at: 100,
        act: ({ network }) => {
          network.setProfile(slower('city', 40), '10.0.0.1', '10.0.0.2');
          network.setProfile(slower('city', 120), '10.0.0.2', '10.0.0.1');
        },
      },
    ],
  });
  const { errors } = phaseErrors(clicks[0] ?? [], clicks[1] ?? []);
  const after = errors.filter(({ at }) => at > 100).map(({ error }) => Math.abs(error));
  expect(quantile(after, 1)).toBeLessThan(5);
  errors.forEach(({ error }, i) => {
    expect(Math.abs(error - (errors[i - 1]?.error ?? error))).toBeLessThan(1);
  });
  expect(bound).toBeLessThan(40);
});

test('tempo and metre change at the same beat everywhere, whoever changes them, and no beat is doubled or left out', async () => {
  const { xcountry } = NETWORK_PROFILES;
  const { clicks, missed } = await simulateMetronome({
    there: xcountry,
    back: xcountry,
    seed: 4,
    ppm: [30, -30, 0],
    seconds: 40,
    during: [
      { at: 6, act: (band) => band.box(2).box.session.setTempo(150) },
      { at: 9, act: (band) => band.box(3).box.session.setMetre(3) },
      { at: 14, act: (band) => band.box(1).box.session.setTempo(90) },
      { at: 15, act: (band) => band.box(2).box.session.setMetre(5) },
      { at: 25, act: (band) => band.box(3).box.session.setTempo(200) },
      { at: 34, act: (band) => band.box(2).box.session.setPlaying(false) },
    ],
  });
  const [first = [], ...others] = clicks;
  expect(new Set(barsOf(first))).toEqual(new Set([4, 3, 5]));
  for (const other of others) {
    const { errors, alone, otherBeat } = phaseErrors(first, other);
    expect([alone, otherBeat, errors.length]).toEqual([0, 0, other.length]);
    expect(
      quantile(
        errors.map(({ error }) => Math.abs(error)),
        1,
      ),
    ).toBeLessThan(8);
  }
  for (const list of clicks) {
    list.slice(1).forEach(({ at }, i) => {
      const gap = at - (list[i]?.at ?? 0);
      expect(gap).toBeGreaterThan(60 / 200 - 0.01);
      expect(gap).toBeLessThan(60 / 90 + 0.01);
    });
    // It ended with a bar.
    expect(list.at(-1)?.at).toBeLessThan(34 + 0.5 + (5 * 60) / 200);
  }
  expect(missed).toBe(0);
});

test('the click goes on in time when the box that keeps it is gone, and when it was cut off for ten seconds', async () => {
  const { city } = NETWORK_PROFILES;
  const { clicks } = await simulateMetronome({
    there: city,
    back: city,
    seed: 5,
    ppm: [40, -40, 10],
    seconds: 60,
    during: [
      { at: 15, act: (band) => band.network.partition(['10.0.0.2'], ['10.0.0.1', '10.0.0.3']) },
      { at: 25, act: (band) => band.network.heal() },
      { at: 35, act: (band) => band.box(1).host.disconnect() },
    ],
  });
  for (const list of clicks) {
    list.slice(1).forEach(({ at }, i) => {
      expect(Math.abs(at - (list[i]?.at ?? 0) - 0.5)).toBeLessThan(0.012);
    });
  }
  const { errors, alone, otherBeat } = phaseErrors(clicks[1] ?? [], clicks[2] ?? []);
  expect([alone, otherBeat]).toEqual([0, 0]);
  expect(
    quantile(
      errors.map(({ error }) => Math.abs(error)),
      0.95,
    ),
  ).toBeLessThan(5);
});
