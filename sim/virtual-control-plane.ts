/**
 * A control plane in memory on a virtual clock, whose server may be told to misbehave.
 *
 * Takes  a clock, seeded delays, and what the server does to what passes through it.
 * Gives  a ControlPlane for each box. What it may never do is make a box believe: that is for the tests to show.
 * Keeps  who is online, what they published, invitations, and every letter that passed (to look for secrets in them).
 */
import type { ControlPlane, DirectoryEntry } from '../runtime/control/control-plane.ts';
import type { BoxId, SessionId } from '../runtime/core/ensemble.ts';
import type { Instant, Micros, WallTime } from '../runtime/core/time.ts';
import type { Clock, WallClock } from '../runtime/ports/clock.ts';
import type { IceServer } from '../runtime/ports/peer-connection.ts';
import type { Randomness } from '../runtime/ports/randomness.ts';
import { type Letter, type Misdeeds, type PlaneHub, VirtualPlane } from './virtual-plane.ts';

export type { Letter } from './virtual-plane.ts';

export interface VirtualControlPlaneInit {
  readonly clock: Clock & WallClock;
  readonly randomness: Randomness;
  /** One way through the server, uniform between the two. */
  readonly delay?: readonly [Micros, Micros];
  readonly iceServers?: readonly IceServer[];
  readonly server?: string;
}

export interface VirtualControlPlane {
  /** Online at once, unless the server is down. */
  planeOf(box: BoxId): ControlPlane;
  readonly misdeeds: Misdeeds;
  /** As they were sent. */
  readonly letters: readonly Letter[];
  /** False: the server is down for all; for one box: it can't reach it. Tunnels break. */
  setUp(up: boolean, box?: BoxId): void;
  /** What a server could send by itself. */
  deliver(letter: Letter): void;
}

const DELAY = [5_000 as Micros, 15_000 as Micros] as const;

export function openVirtualControlPlane(init: VirtualControlPlaneInit): VirtualControlPlane {
  return new Hub(init);
}

class Hub implements VirtualControlPlane, PlaneHub {
  readonly init: VirtualControlPlaneInit;
  readonly misdeeds: Misdeeds = {};
  readonly letters: Letter[] = [];
  readonly planes = new Map<BoxId, VirtualPlane>();
  readonly invitations = new Map<string, { session: SessionId; expiresAt: WallTime }>();
  readonly #downFor = new Set<BoxId>();
  readonly #lastDue = new Map<string, Instant>();
  #up = true;

  constructor(init: VirtualControlPlaneInit) {
    this.init = init;
  }

  get server(): string {
    return this.init.server ?? 'https://jam.example.org';
  }

  planeOf(box: BoxId): ControlPlane {
    const plane = new VirtualPlane(this, box);
    this.planes.set(box, plane);
    return plane;
  }

  reaches(box: BoxId): boolean {
    return this.#up && !this.#downFor.has(box);
  }

  setUp(up: boolean, box?: BoxId): void {
    if (box === undefined) this.#up = up;
    else if (up) this.#downFor.delete(box);
    else this.#downFor.add(box);
    for (const plane of this.planes.values()) plane.look();
  }

  deliver(letter: Letter): void {
    this.later(`${letter.from}>${letter.to}`, () => this.planes.get(letter.to)?.receive(letter));
  }

  readonly delay = (): Micros => {
    const [least, most] = this.init.delay ?? DELAY;
    const share = this.init.randomness.uint32() / 0x1_0000_0000;
    return Math.round(least + (most - least) * share) as Micros;
  };

  /** In order for each `way`. */
  later(way: string, work: () => void): void {
    const { clock } = this.init;
    const due = Math.max(this.#lastDue.get(way) ?? 0, clock.now() + this.delay()) as Instant;
    this.#lastDue.set(way, due);
    clock.alarm(work).set(due);
  }

  /** What the directory has: a session is there as long as one that published it is online. */
  published(session: SessionId): DirectoryEntry | undefined {
    const entries = [...this.planes.values()]
      .filter(({ state, entry }) => state === 'online' && entry?.session === session)
      .flatMap(({ entry, box }) => (entry ? [{ entry, box }] : []));
    return (entries.find(({ entry, box }) => entry.host === box) ?? entries[0])?.entry;
  }
}
