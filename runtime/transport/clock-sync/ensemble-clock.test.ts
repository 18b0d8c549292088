import fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandomness, uniform } from '../../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../../sim/virtual-clock.ts';
import { after, type EnsembleTime, instant, micros } from '../../core/time.ts';
import { openEnsembleClock } from './ensemble-clock.ts';
import { openPeerClock, type PeerClock } from './peer-clock.ts';

function openPeer(clock: VirtualClock, offset: number): PeerClock {
  const peer = openPeerClock({ clock });
  exchange(clock, peer, offset);
  return peer;
}

function exchange(clock: VirtualClock, peer: PeerClock, offset: number): void {
  const sentAt = clock.now();
  const receivedAt = after(sentAt, micros(2_000));
  clock.advanceTo(receivedAt);
  peer.add({ sentAt, remoteAt: instant(sentAt + 1_000 + offset), receivedAt });
}

test('alone, ensemble time is our time with a shift', () => {
  const clock = new VirtualClock();
  const ensemble = openEnsembleClock({ clock });
  expect(ensemble.synced).toBe(true);
  ensemble.follow('self', micros(5e6));
  expect(ensemble.toEnsemble(instant(2e6))).toBe(7e6);
  expect(ensemble.toLocal(7e6 as EnsembleTime)).toBe(2e6);
});

test('a change of reference within a session is slewed in, without a step', () => {
  const clock = new VirtualClock();
  const ensemble = openEnsembleClock({ clock });
  ensemble.follow('self', micros(0));
  const peer = openPeer(clock, 30_000);
  const before = ensemble.toEnsemble(clock.now());
  ensemble.follow(peer, micros(0));
  expect(ensemble.toEnsemble(clock.now())).toBe(before);
  let last = before;
  for (let i = 0; i < 200; i++) {
    clock.advance(micros(100_000));
    const now = ensemble.toEnsemble(clock.now());
    expect(now).toBeGreaterThan(last);
    expect(Math.abs(now - last - 100_000)).toBeLessThanOrEqual(5_001);
    last = now;
  }
  expect(ensemble.toEnsemble(clock.now())).toBeCloseTo(clock.now() + 30_000, 0);
  expect(ensemble.toLocal(last)).toBeCloseTo(clock.now(), 3);
});

test('another session is another time: the clock jumps', () => {
  const clock = new VirtualClock();
  const ensemble = openEnsembleClock({ clock });
  const peer = openPeer(clock, 4e9);
  ensemble.follow(peer, micros(-1e9));
  expect(ensemble.toEnsemble(clock.now())).toBeCloseTo(clock.now() + 3e9, 0);
});

test('an unknown reference leaves the clock running, and is taken up when it is known', () => {
  const clock = new VirtualClock();
  const ensemble = openEnsembleClock({ clock });
  const peer = openPeerClock({ clock });
  ensemble.follow(peer, micros(0));
  expect(ensemble.synced).toBe(false);
  expect(ensemble.toEnsemble(clock.now())).toBe(clock.now());
  exchange(clock, peer, 9e9);
  expect(ensemble.synced).toBe(true);
  clock.advance(micros(60_000));
  expect(ensemble.toEnsemble(clock.now())).toBeCloseTo(clock.now() + 9e9, 0);
});

test('a reference that rebooted is not followed into its new time', () => {
  const clock = new VirtualClock();
  const ensemble = openEnsembleClock({ clock });
  const peer = openPeer(clock, 9e9);
  ensemble.follow(peer, micros(0));
  clock.advance(micros(1e6));
  exchange(clock, peer, -500_000);
  exchange(clock, peer, -500_000);
  expect(peer.restarts).toBe(1);
  clock.advance(micros(1e6));
  expect(ensemble.synced).toBe(false);
  expect(ensemble.toEnsemble(clock.now())).toBeCloseTo(clock.now() + 9e9, -2);
  ensemble.follow(peer, micros(9_000_500_000));
  expect(ensemble.synced).toBe(true);
});

test('it says how far it may be off, and how far at the very most', () => {
  const clock = new VirtualClock();
  const ensemble = openEnsembleClock({ clock });
  const peer = openPeerClock({ clock });
  ensemble.follow(peer, micros(0));
  expect(ensemble.accuracy).toBeUndefined();
  for (let i = 0; i < 40; i++) {
    exchange(clock, peer, 9e9);
    clock.advance(micros(1e6));
  }
  expect(ensemble.accuracy?.uncertainty).toBeLessThan(300);
  // Half of a round trip of two milliseconds, and what a second may add.
  expect(ensemble.accuracy?.bound).toBeGreaterThan(1_000);
  expect(ensemble.accuracy?.bound).toBeLessThan(1_600);
  ensemble.follow('self', micros(9e9));
  for (let i = 0; i < 10; i++) {
    clock.advance(micros(1e6));
    ensemble.toEnsemble(clock.now());
  }
  expect(ensemble.accuracy?.bound).toBeLessThan(1);
});

test('a link that is back after a cut, and knows little yet, does not move the time', () => {
  const clock = new VirtualClock();
  const ensemble = openEnsembleClock({ clock });
  const known = openPeerClock({ clock });
  ensemble.follow(known, micros(0));
  for (let i = 0; i < 100; i++) {
    exchange(clock, known, 9e9);
    clock.advance(micros(1e6));
    ensemble.toEnsemble(clock.now());
  }
  clock.advance(micros(5e6));
  const again = openPeerClock({ clock });
  ensemble.follow(again, micros(0));
  const sentAt = clock.now();
  clock.advance(micros(62_000));
  // Its first answer was held up for sixty milliseconds on the way there.
  again.add({ sentAt, remoteAt: instant(sentAt + 61_000 + 9e9), receivedAt: clock.now() });
  for (let i = 0; i < 50; i++) {
    clock.advance(micros(100_000));
    expect(Math.abs(ensemble.toEnsemble(clock.now()) - clock.now() - 9e9)).toBeLessThan(1_000);
  }
  for (let i = 0; i < 50; i++) {
    exchange(clock, again, 9e9 + 500);
    clock.advance(micros(1e6));
    ensemble.toEnsemble(clock.now());
  }
  expect(ensemble.toEnsemble(clock.now()) - clock.now()).toBeCloseTo(9e9 + 500, -2);
});

test('time never goes back nor stands still, whatever becomes of ways and references within a session', () => {
  const ways = fc.constantFrom(
    [1_000, 1_000],
    [20_000, 20_000],
    [120_000, 40_000],
    [5_000, 90_000],
  );
  const step = fc.record({
    reference: fc.constantFrom('self', 0, 1, 2),
    way: ways,
    jitter: fc.constantFrom(0, 4_000, 50_000),
    exchanges: fc.integer({ min: 0, max: 20 }),
    every: fc.integer({ min: 100_000, max: 2_000_000 }),
  });
  fc.assert(
    fc.property(fc.integer(), fc.array(step, { minLength: 2, maxLength: 30 }), (seed, steps) => {
      const random = seededRandomness(seed);
      const clock = new VirtualClock();
      const ensemble = openEnsembleClock({ clock });
      // Each peer's clock, with the shift that the session gave it: none is further off than a few milliseconds.
      const peers = [40, -60, 0].map((ppm, i) => ({
        clock: openPeerClock({ clock }),
        offset: (i + 1) * 3e9,
        rate: 1 + ppm / 1e6,
        shift: micros(-(i + 1) * 3e9),
      }));
      let last = ensemble.toEnsemble(clock.now());
      let lastAt = clock.now();
      const look = (): void => {
        const now = clock.now();
        const time = ensemble.toEnsemble(now);
        const passed = now - lastAt;
        expect(time - last).toBeGreaterThanOrEqual(0.94 * passed);
        expect(time - last).toBeLessThanOrEqual(1.06 * passed);
        expect(Math.abs(ensemble.toLocal(time) - now)).toBeLessThan(1);
        last = time;
        lastAt = now;
      };
      for (const { reference, way, jitter, exchanges, every } of steps) {
        const followed = reference === 'self' ? undefined : peers[reference as number];
        if (followed) ensemble.follow(followed.clock, followed.shift);
        else ensemble.follow('self', micros(ensemble.toEnsemble(clock.now()) - clock.now()));
        look();
        for (let i = 0; i < exchanges; i++) {
          for (const peer of peers) {
            const sentAt = clock.now();
            const there = (way[0] ?? 0) + uniform(random) * jitter;
            const back = (way[1] ?? 0) + uniform(random) * jitter;
            clock.advance(micros(there + back));
            peer.clock.add({
              sentAt,
              remoteAt: instant((sentAt + there) * peer.rate + peer.offset),
              receivedAt: clock.now(),
            });
            look();
          }
          clock.advance(micros(uniform(random) * every));
          look();
        }
      }
    }),
    { numRuns: 60 },
  );
});
