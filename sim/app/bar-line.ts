/**
 * Music that begins with a session's click.
 *
 * Takes  the session as it is now; pieces that are to begin.
 * Gives  when each begins, once: on the next bar line; soon, in no session, or when it does not come to play in PATIENCE_MS.
 */
import { after, fromMillis } from '../../runtime/core/time.ts';
import type { Alarm, Clock } from '../../runtime/ports/clock.ts';
import type { SimSession } from './protocol.ts';

export interface BarLineDeps {
  readonly clock: Clock;
  /** Milliseconds on the simulator's timeline, as all times here. */
  readonly now: () => number;
  readonly session: () => SimSession | undefined;
}

interface Start {
  readonly bpm: number;
  readonly until: number;
  readonly begin: (at: number) => void;
}

/** All players of a piece begin at least this much after the wish, so that they begin together. */
const COUNT_IN_MS = 300;
const PATIENCE_MS = 800;
const LOOK = fromMillis(50);

/** Tempos that differ by less are the same (quarter notes a minute). */
const SAME_TEMPO = 0.05;

/**
 * The first bar line from `earliest` on, in milliseconds; undefined while the session does not play at `bpm`, or its clocks
 * are not synchronized.
 */
export function barLineAfter(
  session: SimSession | undefined,
  bpm: number,
  earliest: number,
): number | undefined {
  if (!session?.playing || Math.abs(session.bpm - bpm) > SAME_TEMPO) return undefined;
  const { origin, songAt, beatsPerBar } = session;
  if (origin === null || songAt === null) return undefined;
  const bar = (60_000 / session.bpm) * beatsPerBar;
  const from = Math.max(earliest, songAt);
  return origin + Math.ceil((from - origin) / bar - 1e-6) * bar;
}

export class BarLineStarts implements Disposable {
  readonly #deps: BarLineDeps;
  readonly #alarm: Alarm;
  #starts: readonly Start[] = [];

  constructor(deps: BarLineDeps) {
    this.#deps = deps;
    this.#alarm = deps.clock.alarm(() => this.#look());
  }

  add(bpm: number, begin: (at: number) => void): void {
    this.#starts = [...this.#starts, { bpm, begin, until: this.#deps.now() + PATIENCE_MS }];
    this.#look();
  }

  /** What has not begun won't. */
  clear(): void {
    this.#starts = [];
    this.#alarm.clear();
  }

  [Symbol.dispose](): void {
    this.clear();
    this.#alarm[Symbol.dispose]();
  }

  #look(): void {
    const { clock, now: read, session } = this.#deps;
    const now = read();
    const present = session();
    this.#starts = this.#starts.filter(({ bpm, until, begin }) => {
      const line = barLineAfter(present, bpm, now + COUNT_IN_MS);
      if (present && line === undefined && now < until) return true;
      begin(line ?? now + COUNT_IN_MS);
      return false;
    });
    if (this.#starts.length > 0) this.#alarm.set(after(clock.now(), LOOK));
  }
}
