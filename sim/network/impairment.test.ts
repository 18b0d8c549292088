import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { fromMillis, type Instant, type Micros } from '../../runtime/core/time.ts';
import { seededRandomness } from '../seeded-randomness.ts';
import { openImpairment } from './impairment.ts';
import { NETWORK_PROFILES, type NetworkProfile, PROFILE_NAMES } from './profiles.ts';

const PACKETS = 60_000;
const GAP = 1_000;

interface Run {
  readonly delays: number[];
  readonly lost: number;
  readonly meanBurst: number;
  readonly duplicated: number;
  readonly overtaken: number;
}

function run(profile: NetworkProfile, seed: string, packets: number = PACKETS): Run {
  const impairment = openImpairment({ randomness: seededRandomness(seed), profile });
  const delays: number[] = [];
  let lost = 0;
  let bursts = 0;
  let bursting = false;
  let duplicated = 0;
  let overtaken = 0;
  let latest = Number.NEGATIVE_INFINITY;
  for (let packet = 0; packet < packets; packet++) {
    const now = packet * GAP;
    const fate = impairment.next(now as Instant);
    if (fate === 'lost') {
      lost++;
      if (!bursting) bursts++;
      bursting = true;
      continue;
    }
    bursting = false;
    if (fate.length > 1) duplicated++;
    for (const delay of fate) {
      delays.push(delay);
      if (now + delay < latest) overtaken++;
      latest = Math.max(latest, now + delay);
    }
  }
  return { delays, lost, meanBurst: bursts === 0 ? 0 : lost / bursts, duplicated, overtaken };
}

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('the profiles', () => {
  test.each(PROFILE_NAMES)(
    '%s has the delay, the jitter, the spikes and the loss of its row',
    (name) => {
      const profile = NETWORK_PROFILES[name];
      const { delays, lost, meanBurst } = run(profile, name);
      const { base, jitter, spikes, loss, reordering } = profile;
      expect(Math.min(...delays.slice(0, 10_000))).toBeGreaterThanOrEqual(base);
      const expected =
        base +
        jitter.mean +
        (spikes.probability * spikes.upTo) / 2 +
        reordering.probability * reordering.by;
      expect(Math.abs(mean(delays) - expected)).toBeLessThanOrEqual(jitter.mean * 0.03 + 20);
      // Good packets g and lost ones b: bursts begin at a rate of enter * g, and each loses meanBurst.
      const share = (loss.enter * loss.meanBurst) / (1 + loss.enter * loss.meanBurst);
      expect(Math.abs(lost / PACKETS - share)).toBeLessThanOrEqual(share * 0.2);
      if (lost > 0) expect(Math.abs(meanBurst / loss.meanBurst - 1)).toBeLessThan(0.2);
    },
  );

  test('say exactly what the measurements are defined on', () => {
    const measured = PROFILE_NAMES.filter((name) => name !== 'hostile');
    const rows = measured.map((name) => {
      const { base, jitter, spikes, loss } = NETWORK_PROFILES[name];
      return [
        name,
        base / 1_000,
        [jitter.mean / 1_000, jitter.shape],
        [spikes.probability, spikes.upTo / 1_000],
        [loss.enter, loss.meanBurst],
      ];
    });
    expect(rows).toEqual([
      ['perfect', 0, [0, 1], [0, 0], [0, 1]],
      ['lan', 1, [0.3, 2], [0, 0], [0, 1]],
      ['wifi', 4, [4, 1.5], [0.01, 60], [0.003, 2]],
      ['city', 20, [3, 2], [0.003, 30], [0.002, 2]],
      ['xcountry', 60, [5, 2], [0.005, 40], [0.004, 2]],
      ['transatlantic', 110, [8, 1.5], [0.01, 60], [0.006, 3]],
      ['badwifi60', 60, [15, 1.2], [0.03, 100], [0.02, 3]],
    ]);
  });
});

test('the perfect network loses, delays and changes nothing', () => {
  const { delays, lost, overtaken } = run(NETWORK_PROFILES.perfect, 'any', 1_000);
  expect({ delays: new Set(delays), lost, overtaken }).toEqual({
    delays: new Set([0]),
    lost: 0,
    overtaken: 0,
  });
});

test('loss comes in bursts of the length asked for', () => {
  const loss = { enter: 0.05, meanBurst: 4 };
  const { lost, meanBurst } = run({ ...NETWORK_PROFILES.perfect, loss }, 'bursts');
  expect(Math.abs(meanBurst / 4 - 1)).toBeLessThan(0.07);
  expect(Math.abs(lost / PACKETS - 0.2 / 1.2)).toBeLessThan(0.015);
});

test('duplicates come as often as asked, each copy with a delay of its own', () => {
  const profile = { ...NETWORK_PROFILES.lan, duplicates: 0.1 };
  const { delays, duplicated } = run(profile, 'twice');
  expect(Math.abs(duplicated / PACKETS - 0.1)).toBeLessThan(0.01);
  expect(delays).toHaveLength(PACKETS + duplicated);
});

test('packets are held back as often as asked, and later ones overtake them', () => {
  const calm: NetworkProfile = NETWORK_PROFILES.perfect;
  const reordering = { probability: 0.05, by: fromMillis(5) };
  const { delays, overtaken } = run({ ...calm, reordering }, 'late');
  const held = delays.filter((delay) => delay === 5_000).length;
  expect(Math.abs(held / PACKETS - 0.05)).toBeLessThan(0.01);
  expect(overtaken).toBeGreaterThan(held);
});

test('in order, nothing overtakes, whatever the jitter', () => {
  const { overtaken } = run({ ...NETWORK_PROFILES.badwifi60, inOrder: true }, 'queue');
  expect(overtaken).toBe(0);
  expect(run(NETWORK_PROFILES.badwifi60, 'queue').overtaken).toBeGreaterThan(1_000);
});

test('a new profile takes effect with the next packet', () => {
  const impairment = openImpairment({
    randomness: seededRandomness(1),
    profile: NETWORK_PROFILES.perfect,
  });
  expect(impairment.next(0 as Instant)).toEqual([0]);
  impairment.setProfile({ ...NETWORK_PROFILES.perfect, base: 7 as Micros });
  expect(impairment.next(0 as Instant)).toEqual([7]);
});

test('the same seed gives the same fates, and no profile gives a delay below its base', () => {
  const profiles = fc.record<NetworkProfile>({
    base: fc.integer({ min: 0, max: 200_000 }).map((value) => value as Micros),
    jitter: fc.record({
      mean: fc.integer({ min: 0, max: 50_000 }).map((value) => value as Micros),
      shape: fc.double({ min: 0.2, max: 10, noNaN: true }),
    }),
    spikes: fc.record({
      probability: fc.double({ min: 0, max: 1, noNaN: true }),
      upTo: fc.integer({ min: 0, max: 200_000 }).map((value) => value as Micros),
    }),
    loss: fc.record({
      enter: fc.double({ min: 0, max: 1, noNaN: true }),
      meanBurst: fc.double({ min: 1, max: 20, noNaN: true }),
    }),
    duplicates: fc.double({ min: 0, max: 1, noNaN: true }),
    reordering: fc.record({
      probability: fc.double({ min: 0, max: 1, noNaN: true }),
      by: fc.integer({ min: 0, max: 100_000 }).map((value) => value as Micros),
    }),
    inOrder: fc.boolean(),
  });
  fc.assert(
    fc.property(profiles, fc.string(), (profile, seed) => {
      const first = run(profile, seed, 200);
      expect(run(profile, seed, 200)).toEqual(first);
      for (const delay of first.delays) expect(delay).toBeGreaterThanOrEqual(profile.base);
    }),
    { numRuns: 60 },
  );
});

test('a reliable stream stays in order and pays for a loss with a retransmission', () => {
  const profile: NetworkProfile = {
    ...NETWORK_PROFILES.perfect,
    base: fromMillis(30),
    loss: { enter: 0.1, meanBurst: 1 },
  };
  const impairment = openImpairment({ randomness: seededRandomness('tcp'), profile });
  let latest = 0;
  let late = 0;
  for (let packet = 0; packet < 2_000; packet++) {
    const now = packet * 200_000;
    const delay = impairment.nextReliable(now as Instant);
    expect(now + delay).toBeGreaterThanOrEqual(latest);
    latest = now + delay;
    if (delay > 30_000) {
      late++;
      expect(delay % 30_000).toBe(0);
      expect(delay).toBeGreaterThanOrEqual(90_000);
    }
  }
  expect(late).toBeGreaterThan(100);
});
