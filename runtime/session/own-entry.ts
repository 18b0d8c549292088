/**
 * This box's entry among the participants, kept up while it plays.
 *
 * Takes  what there is to say, each turn.
 * Gives  it to the document; statistics every second, in a crowd less often.
 * Keeps  when they were told last. What a former life of this box is remembered for is said anew then, too.
 */
import type { BoxId, LinkStats } from '../core/ensemble.ts';
import { elapsed, fromMillis, fromSeconds, type Instant, type Micros } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { SessionDocuments } from './documents.ts';

const STATS_PERIOD = fromSeconds(1);
/** For each peer: in a crowd there is more to tell, to more boxes. */
const STATS_SHARE = fromSeconds(0.25);

/** In a session in which packets are passed on, everybody hears of everybody: what is no news is told as seldom as this. */
const TELL_ALL_PERIOD = fromSeconds(60);
const LOSS_NEWS = 0.005;
const TIME_NEWS = fromMillis(5);
const TIME_NEWS_SHARE = 0.25;

export class OwnEntry {
  readonly #clock: Clock;
  readonly #documents: SessionDocuments;
  #told: ReadonlyMap<BoxId, LinkStats> = new Map();
  #toldAllAt: Instant | undefined;
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
    /** Of this box, linked or not. */
    readonly peers: number;
  }): void {
    const { control, participants } = this.#documents;
    const { addresses, links, forwarders, couldKeepTime, stats } = now;
    const own = participants.entries.get(participants.document.self);
    const due = this.#isDue(now.peers);
    if (due) for (const one of [control, participants]) one.document.reassert();
    participants.setSelf({
      addresses,
      links,
      forwarders,
      keepsTime: own?.keepsTime === true || couldKeepTime,
      ...(due ? this.#worthTelling(stats, now) : {}),
    });
  }

  /** Where packets are passed on, of those with a link only: of the others, those who pass on know. And what is news. */
  #worthTelling(
    stats: ReadonlyMap<BoxId, LinkStats>,
    {
      links,
      forwarders,
    }: { readonly links: readonly BoxId[]; readonly forwarders: readonly BoxId[] },
  ): { readonly stats?: Readonly<Record<BoxId, LinkStats>> } {
    if (forwarders.length === 0) return { stats: Object.fromEntries(stats) };
    const at = this.#clock.now();
    const linked = new Map([...stats].filter(([id]) => links.includes(id)));
    const isOld = this.#toldAllAt === undefined || elapsed(this.#toldAllAt, at) >= TELL_ALL_PERIOD;
    if (!isOld && !isNews(linked, this.#told)) return {};
    this.#told = linked;
    this.#toldAllAt = at;
    return { stats: Object.fromEntries(linked) };
  }

  #isDue(peers: number): boolean {
    const at = this.#clock.now();
    const period = Math.max(STATS_PERIOD, peers * STATS_SHARE);
    if (this.#toldAt !== undefined && elapsed(this.#toldAt, at) < period) return false;
    this.#toldAt = at;
    return true;
  }
}

/** What makes a difference to who is chosen to pass packets on, or to who reads it. */
function isNews(now: ReadonlyMap<BoxId, LinkStats>, told: ReadonlyMap<BoxId, LinkStats>): boolean {
  if (now.size !== told.size) return true;
  for (const [id, stats] of now) {
    const before = told.get(id);
    if (!before || Math.abs(stats.loss - before.loss) > LOSS_NEWS) return true;
    if (isFarFrom(stats.rtt, before.rtt) || isFarFrom(stats.jitter, before.jitter)) return true;
  }
  return false;
}

function isFarFrom(a: Micros | undefined, b: Micros | undefined): boolean {
  if (a === undefined || b === undefined) return a !== b;
  return Math.abs(a - b) > Math.max(TIME_NEWS, TIME_NEWS_SHARE * b);
}
