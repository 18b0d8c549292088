/**
 * Balance of the ensemble: players of the same role are made equally loud, and roles that nobody plays are told.
 *
 * Takes  who plays in which role, and how hard.
 * Gives  a factor for the velocities of each player; doubled and vacant roles.
 * Keeps  a slow mean of each player's velocities. A player who is alone in a role stays as loud as played.
 */
import { ROLES, type Role } from '../../core/ensemble.ts';

/** Notes over which a mean reaches back. */
const MEMORY = 64;
/** Before that many notes nobody is judged. */
const ENOUGH = 16;
const SOFTEST = 0.7;
const LOUDEST = 1.4;

export interface BandStats {
  readonly doubled: readonly Role[];
  readonly vacant: readonly Role[];
}

interface Player {
  role: Role | undefined;
  mean: number;
  notes: number;
}

export class RoleBalance {
  readonly #players = new Map<string, Player>();

  /** Undefined: in none that is known. */
  setRole(source: string, role: Role | undefined): void {
    const player = this.#players.get(source);
    if (player) player.role = role;
    else this.#players.set(source, { role, mean: 0, notes: 0 });
  }

  remove(source: string): void {
    this.#players.delete(source);
  }

  struck(source: string, velocity: number): void {
    const player = this.#players.get(source);
    if (!player) return;
    player.notes++;
    player.mean += (velocity - player.mean) / Math.min(player.notes, MEMORY);
  }

  gainOf(source: string): number {
    const player = this.#players.get(source);
    if (!player?.role || player.notes < ENOUGH) return 1;
    let sum = 0;
    let count = 0;
    for (const other of this.#players.values()) {
      if (other.role !== player.role || other.notes < ENOUGH) continue;
      sum += other.mean;
      count++;
    }
    if (count < 2) return 1;
    return Math.min(LOUDEST, Math.max(SOFTEST, sum / count / Math.max(1, player.mean)));
  }

  get stats(): BandStats {
    const counts = new Map<Role, number>();
    for (const { role } of this.#players.values()) {
      if (role !== undefined) counts.set(role, (counts.get(role) ?? 0) + 1);
    }
    return {
      doubled: ROLES.filter((role) => (counts.get(role) ?? 0) > 1),
      vacant: ROLES.filter((role) => !counts.has(role)),
    };
  }
}
