/**
 * One stream of notes over one seeded network, as a de-jitter buffer sees it.
 *
 * Takes  a network profile, a kind of change during the run, a seed.
 * Gives  note-ons and note-offs in order of arrival: performed (truly, and as the peer clock maps it), arrived. Lost and
 *        overtaken packets come with the recovery journal of the first later packet, guard packets included.
 */
import type { Instant } from '../../runtime/core/time.ts';
import { openPeerClock } from '../../runtime/transport/clock-sync/peer-clock.ts';
import { openImpairment } from '../../sim/network/impairment.ts';
import type { NetworkProfile } from '../../sim/network/profiles.ts';
import { normal, seededRandomness, uniform } from '../../sim/seeded-randomness.ts';
import { VirtualClock } from '../../sim/virtual-clock.ts';

/** What happens to the network or the clocks during the run. */
export type Change = 'steady' | 'phases' | 'route' | 'drift';
export const CHANGES: readonly Change[] = ['steady', 'phases', 'route', 'drift'];

export interface ArrivedEvent {
  readonly on: boolean;
  readonly chord: number;
  /** Local time when it was truly performed (microseconds). */
  readonly performed: number;
  /** The same as the peer clock maps it. */
  mapped: number;
  arrived: number;
}

export const RUN_SECONDS = 180;
const GUARDS = [40_000, 140_000, 340_000, 740_000];
const REMOTE_ORIGIN = 5e9;
const SKEW = 60e-6;
const CYCLE = 30e6;
const BAD = 10e6;
const ROUTE = 25_000;
/** The peer's clock departs from what the exchanges show: 20 ms over the run, uncorrected. */
const DRIFT = 20_000 / (RUN_SECONDS * 1e6);

export function simulate(profile: NetworkProfile, change: Change, seed: number): ArrivedEvent[] {
  const music = seededRandomness(`music ${seed}`);
  const forth = openImpairment({ randomness: seededRandomness(`forth ${seed}`), profile });
  const events = perform(music).map((event) => ({ ...event, mapped: 0, arrived: 0 }));
  deliver(events, forth, profile, change);
  mapTimes(events, profile, change, seed);
  return events.sort((a, b) => a.arrived - b.arrived || a.performed - b.performed);
}

function profileAt(profile: NetworkProfile, change: Change, time: number): NetworkProfile {
  if (change === 'phases' && time % CYCLE > CYCLE - BAD) {
    return {
      ...profile,
      jitter: { ...profile.jitter, mean: (profile.jitter.mean * 3) as typeof profile.jitter.mean },
      spikes: { probability: profile.spikes.probability * 2, upTo: profile.spikes.upTo },
    };
  }
  const away = time > (RUN_SECONDS * 1e6) / 3 && time < (RUN_SECONDS * 2e6) / 3;
  if (change === 'route' && away) {
    return { ...profile, base: (profile.base + ROUTE) as typeof profile.base };
  }
  return profile;
}

/** Sixteenths at 112 bpm with an AR(1) hand, some left out, some of them chords. */
function perform(
  music: ReturnType<typeof seededRandomness>,
): { on: boolean; chord: number; performed: number }[] {
  const events: { on: boolean; chord: number; performed: number }[] = [];
  const step = 60e6 / 112 / 4;
  let hand = 0;
  let chord = 0;
  for (let at = 1e6; at < RUN_SECONDS * 1e6; at += step) {
    hand = 0.5 * hand + normal(music) * 12_000 * Math.sqrt(0.75);
    if (uniform(music) < 0.3) continue;
    chord++;
    const notes = uniform(music) < 0.25 ? 3 : 1;
    const onset = at + hand;
    for (let note = 0; note < notes; note++) {
      const performed = onset + note * uniform(music) * 3_000;
      events.push({ on: true, chord, performed });
      events.push({ on: false, chord, performed: performed + step * (0.4 + uniform(music)) });
    }
  }
  return events.sort((a, b) => a.performed - b.performed);
}

function deliver(
  events: ArrivedEvent[],
  forth: ReturnType<typeof openImpairment>,
  profile: NetworkProfile,
  change: Change,
): void {
  const packets: { sent: number; upTo: number }[] = [];
  for (const [i, event] of events.entries()) {
    packets.push({ sent: event.performed, upTo: i });
    const next = events[i + 1]?.performed ?? Number.POSITIVE_INFINITY;
    for (const wait of GUARDS) {
      if (event.performed + wait < next) packets.push({ sent: event.performed + wait, upTo: i });
    }
  }
  // From the last packet back: an event is here with the first packet, its own or a later one, that arrives.
  const arrivals = packets.map(({ sent }) => {
    forth.setProfile(profileAt(profile, change, sent));
    const fate = forth.next(sent as Instant);
    return fate === 'lost' ? Number.POSITIVE_INFINITY : sent + (fate[0] ?? 0);
  });
  let earliest = Number.POSITIVE_INFINITY;
  for (let i = packets.length - 1; i >= 0; i--) {
    earliest = Math.min(earliest, arrivals[i] ?? earliest);
    const event = events[packets[i]?.upTo ?? 0];
    if (event) event.arrived = earliest;
  }
  for (const event of events) {
    if (!Number.isFinite(event.arrived)) event.arrived = event.performed + 1e6;
  }
}

/** The receiver's clock exchanges run over the same kind of network; it maps each event when it arrives. */
function mapTimes(
  events: ArrivedEvent[],
  profile: NetworkProfile,
  change: Change,
  seed: number,
): void {
  const clock = new VirtualClock(0 as Instant);
  const peer = openPeerClock({ clock });
  const there = openImpairment({ randomness: seededRandomness(`there ${seed}`), profile });
  const back = openImpairment({ randomness: seededRandomness(`back ${seed}`), profile });
  const remote = (local: number): number => REMOTE_ORIGIN + local * (1 + SKEW);
  let exchangeAt = 100_000;
  let exchanges = 0;
  for (const event of events.toSorted((a, b) => a.arrived - b.arrived)) {
    while (exchangeAt < event.arrived - 300_000) {
      const now = profileAt(profile, change, exchangeAt);
      there.setProfile(now);
      back.setProfile(now);
      const forth = there.next(exchangeAt as Instant);
      const home = back.next(exchangeAt as Instant);
      if (forth !== 'lost' && home !== 'lost') {
        const stamped = exchangeAt + (forth[0] ?? 0);
        const receivedAt = (stamped + (home[0] ?? 0)) as Instant;
        clock.advanceTo(receivedAt);
        peer.add({
          sentAt: exchangeAt as Instant,
          remoteAt: (Math.round(remote(stamped) / 100) * 100) as Instant,
          receivedAt,
        });
      }
      exchangeAt += ++exchanges < 6 ? 1.5e6 : 10e6;
    }
    clock.advanceTo(event.arrived as Instant);
    const residue = change === 'drift' ? DRIFT * event.performed : 0;
    event.mapped = peer.toLocal(remote(event.performed) as Instant) + residue;
  }
}
