/**
 * Remote players for the bench of prediction: seven who play eight notes a second each, like a band that repeats itself with
 * changes. Made here and seeded; nobody's music.
 */
import type { Role } from '../../runtime/core/ensemble.ts';
import { gamma, normal, seededRandomness, uniform } from '../../sim/seeded-randomness.ts';

export interface BenchPlayer {
  readonly name: string;
  readonly role: Role;
  readonly channel: number;
}

export interface BenchEvent {
  readonly player: BenchPlayer;
  readonly on: boolean;
  readonly key: number;
  readonly velocity: number;
  /** Microseconds from the start. */
  readonly performed: number;
  readonly arrived: number;
}

const BAND: readonly (readonly [string, Role])[] = [
  ['drums', 'rhythm'],
  ['bass', 'bass'],
  ['guitar', 'harmony'],
  ['tune', 'melody'],
  ['congas', 'rhythm'],
  ['keys', 'harmony'],
  ['second', 'melody'],
];

/** Sixteenths at 120: eight slots a second. */
const SLOT = 125_000;
const BAR_SLOTS = 16;
const PHRASE_BARS = 4;
const KEYS: Readonly<Record<Role, readonly number[]>> = {
  rhythm: [36, 42, 38, 42, 46, 36, 42, 51],
  bass: [28, 33, 35, 40],
  harmony: [52, 55, 59, 64, 57, 60],
  melody: [69, 71, 72, 74, 76, 79],
};

export function benchPlayers(count: number): readonly BenchPlayer[] {
  return Array.from({ length: count }, (_, index) => {
    const [name, role] = BAND[index % BAND.length] ?? ['drums', 'rhythm'];
    const round = Math.floor(index / BAND.length);
    const channel = role === 'rhythm' ? 9 : 0;
    return { name: round === 0 ? name : `${name}${round + 1}`, role, channel };
  });
}

/** In order of arrival, over a network across the country. One slot in ten is played otherwise than four bars ago. */
export function benchEvents(players: readonly BenchPlayer[], seconds: number): BenchEvent[] {
  const events: BenchEvent[] = [];
  for (const player of players) {
    const random = seededRandomness(`bench ${player.name}`);
    const keys = KEYS[player.role];
    const draw = (): number => keys[Math.floor(uniform(random) * keys.length)] ?? 60;
    const phrase = Array.from({ length: BAR_SLOTS * PHRASE_BARS }, draw);
    let deviation = 0;
    for (let slot = 0; slot * SLOT < seconds * 1e6; slot++) {
      const place = slot % phrase.length;
      if (uniform(random) < 0.1) phrase[place] = draw();
      deviation = 0.5 * deviation + 10_000 * normal(random);
      const performed = Math.max(0, slot * SLOT + deviation);
      const held = { player, key: phrase[place] ?? 60 };
      const velocity = 70 + Math.floor(uniform(random) * 40);
      const delay = (): number => 60_000 + gamma(random, 2, 5_000);
      events.push({ ...held, on: true, velocity, performed, arrived: performed + delay() });
      const released = performed + 70_000;
      events.push({
        ...held,
        on: false,
        velocity: 64,
        performed: released,
        arrived: released + delay(),
      });
    }
  }
  return events.sort((a, b) => a.arrived - b.arrived);
}
