/**
 * How much each player plays, as a level that notes push up and time lets fall.
 *
 * Takes  notes with their source, any number of them; allocates for new sources only.
 * Gives  a level for each source, 0 to 1.
 * Keeps  at most 32 sources; a new one takes the place of the one that was silent longest.
 */
import { elapsed, fromMillis, type Instant, type Micros } from '../core/time.ts';

const MOST_SOURCES = 32;
const FALL: Micros = fromMillis(600);

interface Entry {
  level: number;
  at: Instant;
}

export class ActivityMeter {
  readonly #entries = new Map<string, Entry>();

  note(source: string, velocity: number, at: Instant): void {
    const entry = this.#entries.get(source);
    const pushed = 0.35 + 0.65 * Math.min(1, Math.max(0, velocity / 127));
    if (entry !== undefined) {
      entry.level = Math.max(pushed, fallen(entry, at));
      entry.at = at;
      return;
    }
    if (this.#entries.size >= MOST_SOURCES) this.#forgetOldest();
    this.#entries.set(source, { level: pushed, at });
  }

  level(source: string, now: Instant): number {
    const entry = this.#entries.get(source);
    return entry === undefined ? 0 : fallen(entry, now);
  }

  #forgetOldest(): void {
    let oldest: string | undefined;
    let at = Number.POSITIVE_INFINITY;
    for (const [source, entry] of this.#entries) {
      if (entry.at < at) {
        oldest = source;
        at = entry.at;
      }
    }
    if (oldest !== undefined) this.#entries.delete(oldest);
  }
}

function fallen(entry: Entry, now: Instant): number {
  return Math.max(0, entry.level - Math.max(0, elapsed(entry.at, now)) / FALL);
}
