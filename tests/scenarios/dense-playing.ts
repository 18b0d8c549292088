/**
 * Hands that never rest: everybody plays about forty keys down and up a second, each in a range of their own.
 */
import type { Micros } from '../../runtime/core/time.ts';
import { seededRandomness, uniform } from '../../sim/seeded-randomness.ts';
import { type Band, type Member, millis } from './band.ts';

const KEYS = 24;
const LOWEST = 36;

/** Returns once all keys are up. */
export async function playDensely(band: Band, length: Micros, seed: string): Promise<void> {
  const random = seededRandomness(`${seed}/hands`);
  const held = new Map<Member, Set<number>>(band.members.map((member) => [member, new Set()]));
  const end = band.clock.now() + length;
  while (band.clock.now() < end) {
    for (const [index, member] of band.members.entries()) {
      const key = LOWEST + index * KEYS + Math.floor(uniform(random) * KEYS);
      const keys = held.get(member) ?? new Set();
      if (keys.delete(key)) member.lift(key);
      else {
        keys.add(key);
        member.press(key, 1 + Math.floor(uniform(random) * 127));
      }
    }
    await band.run(millis(20 + Math.floor(uniform(random) * 10)));
  }
  for (const [member, keys] of held) for (const key of keys) member.lift(key);
}

/** Note-ons on a wire that nobody else had played: in words, one each. */
export function ghosts(band: Band): readonly string[] {
  const found: string[] = [];
  for (const member of band.members) {
    const unmatched = new Map<number, number>();
    for (const other of band.members) {
      if (other === member) continue;
      for (const { message } of other.played) {
        if (message.kind !== 'noteOn') continue;
        unmatched.set(message.key, (unmatched.get(message.key) ?? 0) + 1);
      }
    }
    for (const { message, at } of member.heard.noteOns) {
      if (message.kind !== 'noteOn') continue;
      const left = unmatched.get(message.key) ?? 0;
      if (left === 0) found.push(`${member.name} heard key ${message.key} at ${at}`);
      else unmatched.set(message.key, left - 1);
    }
  }
  return found;
}
