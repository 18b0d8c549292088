/**
 * The sources that schedule events, by name: what each holds, what it has scheduled, and its counts.
 *
 * Keeps  the last MAX_SOURCES names. A name that is still of consequence (it holds a voice or has events queued) is
 *        never forgotten.
 */

import { VOICES } from '../core/midi-voices.ts';
import type { Instant } from '../core/time.ts';
import type { Holder, NoteLedger } from './note-ledger.ts';

const MAX_SOURCES = 64;

export interface SourceStats {
  /** Events that left. */
  readonly sent: number;
  /** Events that never left, for whatever reason but being unneeded. */
  readonly dropped: number;
  /** Note-ons among those that were too late. */
  readonly late: number;
}

export interface Source {
  readonly name: string;
  readonly holder: Holder;
  /** Whether each voice will be held once all that is scheduled has taken effect. */
  readonly planned: Uint8Array;
  /** The latest `due` scheduled for each voice: its messages keep the order in which they were scheduled. */
  readonly lastDue: Float64Array;
  queued: number;
  readonly stats: { sent: number; dropped: number; late: number };
}

export class SourceBook {
  readonly #byName: Map<string, Source> = new Map();
  readonly #ledger: NoteLedger;

  constructor(ledger: NoteLedger) {
    this.#ledger = ledger;
  }

  find(name: string): Source | undefined {
    return this.#byName.get(name);
  }

  get(name: string): Source {
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    if (this.#byName.size >= MAX_SOURCES) this.#forgetOne();
    const source: Source = {
      name,
      holder: this.#ledger.holder(),
      planned: new Uint8Array(VOICES),
      lastDue: new Float64Array(VOICES),
      queued: 0,
      stats: { sent: 0, dropped: 0, late: 0 },
    };
    this.#byName.set(name, source);
    return source;
  }

  all(): IterableIterator<Source> {
    return this.#byName.values();
  }

  stats(): ReadonlyMap<string, SourceStats> {
    return new Map([...this.#byName].map(([name, source]) => [name, { ...source.stats }]));
  }

  #forgetOne(): void {
    for (const [name, source] of this.#byName) {
      if (source.queued > 0 || source.holder.count > 0) continue;
      this.#byName.delete(name);
      return;
    }
  }
}

/** Nothing is planned any more. */
export function clearPlans(source: Source): void {
  source.planned.fill(0);
  source.lastDue.fill(0);
}

/** `due`, or later where an earlier message of these voices is scheduled later. */
export function notBefore(source: Source, first: number, count: number, due: Instant): Instant {
  let at: Instant = due;
  for (let voice = first; voice < first + count; voice++) {
    const last = (source.lastDue[voice] ?? 0) as Instant;
    if (last > at) at = last;
  }
  return at;
}
