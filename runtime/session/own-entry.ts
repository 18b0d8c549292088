/**
 * This box's entry among the participants, kept up while it plays.
 *
 * Takes  what there is to say, each turn.
 * Gives  it to the document; statistics every second, in a crowd less often.
 * Keeps  when they were told last. What a former life of this box is remembered for is said anew then, too.
 */
import type { BoxId, LinkStats } from '../core/ensemble.ts';
import { elapsed, fromSeconds, type Instant } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { SessionDocuments } from './documents.ts';

const STATS_PERIOD = fromSeconds(1);
/** For each peer: in a crowd there is more to tell, to more boxes. */
const STATS_SHARE = fromSeconds(0.25);

export class OwnEntry {
  readonly #clock: Clock;
  readonly #documents: SessionDocuments;
  #toldAt: Instant | undefined;

  constructor(deps: { readonly clock: Clock }, documents: SessionDocuments) {
    this.#clock = deps.clock;
    this.#documents = documents;
  }

  write(now: {
    readonly addresses: readonly string[];
    readonly links: readonly BoxId[];
    readonly forwarders: readonly BoxId[];
    /** Once it could it is told for good: the clock is there. */
    readonly couldKeepTime: boolean;
    readonly stats: ReadonlyMap<BoxId, LinkStats>;
  }): void {
    const { control, participants } = this.#documents;
    const { addresses, links, forwarders, couldKeepTime, stats } = now;
    const own = participants.entries.get(participants.document.self);
    const due = this.#isDue(stats.size);
    if (due) for (const one of [control, participants]) one.document.reassert();
    participants.setSelf({
      addresses,
      links,
      forwarders,
      keepsTime: own?.keepsTime === true || couldKeepTime,
      ...(due ? { stats: Object.fromEntries(stats) } : {}),
    });
  }

  #isDue(peers: number): boolean {
    const at = this.#clock.now();
    const period = Math.max(STATS_PERIOD, peers * STATS_SHARE);
    if (this.#toldAt !== undefined && elapsed(this.#toldAt, at) < period) return false;
    this.#toldAt = at;
    return true;
  }
}
