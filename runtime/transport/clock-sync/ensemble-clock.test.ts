import { expect, test } from 'vitest';
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
