/**
 * By which way each participant is reached: over a link of its own, or passed on by another box.
 *
 * Takes  links as they come and go, and each turn of the session: who is within reach, and what they say of themselves.
 * Gives  participants as they come and go, by whatever way; who passes packets on, for the packets; which boxes to be linked
 *        with, and links that are needed no more.
 * Keeps  the way of each participant. One that changes from a link to being passed on, or back, neither comes nor goes.
 * Lane   3.
 */
import type { BoxId } from '../core/ensemble.ts';
import { after, fromSeconds, type Instant, type Micros, micros } from '../core/time.ts';
import { placeOfBox } from '../transport/link/place.ts';
import { sameValue } from './equality.ts';
import type { ParticipantEntry } from './participants-document.ts';
import type { ParticipantLink } from './session.ts';
import { forwardersBetween, forwardersOf, type Neighbours, needsLink } from './topology.ts';

export interface ParticipantWaysDeps {
  readonly onParticipant: (link: ParticipantLink, state: 'linked' | 'unlinked') => void;
  /** For each box without a link: who passes packets on to it, best first. */
  readonly onRoutes: (routes: ReadonlyMap<BoxId, readonly BoxId[]>) => void;
}

export interface Turn {
  readonly now: Instant;
  readonly within: ReadonlySet<BoxId>;
  readonly entries: ReadonlyMap<BoxId, ParticipantEntry>;
  readonly host: BoxId;
  readonly linked: ReadonlySet<BoxId>;
}

export interface TurnOutcome {
  /** To be told to the others. */
  readonly forwarders: readonly BoxId[];
  /** Links that carry nothing any more that another way doesn't. */
  readonly needless: readonly BoxId[];
}

/** Until then a box that nobody passes on to may be linked with those who do; and a link that seems needless is kept. */
const GRACE: Micros = fromSeconds(3);

/** It takes a look at what every box tells of every other: so long for each of them, but at least a second. */
const CHOICE_HOLDS: Micros = fromSeconds(1);
const CHOICE_HOLDS_PER_BOX: Micros = fromSeconds(0.1);

/** Something that should change, unless it does by itself soon. */
interface Oddity {
  readonly kind: 'lacking' | 'needless';
  readonly since: Instant;
}

export class ParticipantWays implements Disposable {
  readonly #deps: ParticipantWaysDeps;
  readonly #self: BoxId;
  readonly #meshLimit: number | undefined;
  /** What was told last of each participant that there is. */
  readonly #told = new Map<BoxId, ParticipantLink>();
  readonly #links = new Map<BoxId, ParticipantLink>();
  readonly #oddities = new Map<BoxId, Oddity>();
  #routes: ReadonlyMap<BoxId, readonly BoxId[]> = new Map();
  #entries: ReadonlyMap<BoxId, ParticipantEntry> = new Map();
  #unwanted: ReadonlySet<BoxId> = new Set();
  #choice:
    | { readonly at: Instant; readonly size: number; readonly forwarders: readonly BoxId[] }
    | undefined;

  constructor(
    deps: ParticipantWaysDeps,
    init: { readonly self: BoxId; readonly meshLimit?: number | undefined },
  ) {
    this.#deps = deps;
    this.#self = init.self;
    this.#meshLimit = init.meshLimit;
  }

  /** Whether this box should have a link with that one, or may. */
  wants(box: BoxId): boolean {
    return !this.#unwanted.has(box);
  }

  /** Reached without a link. */
  get forwarded(): readonly BoxId[] {
    return [...this.#told.keys()].filter((box) => !this.#links.has(box));
  }

  linked(link: ParticipantLink): void {
    const { box } = link.peer;
    this.#links.set(box, link);
    this.#tell(box, link);
  }

  unlinked(link: ParticipantLink): void {
    const { box } = link.peer;
    this.#links.delete(box);
    if (this.#routes.has(box)) this.#passOn(box);
    else this.#gone(box);
  }

  turn(turn: Turn): TurnOutcome {
    this.#entries = turn.entries;
    const forwarders = this.#isOpen ? [] : this.#choose(turn);
    const neighbours: Neighbours = { self: this.#self, forwarders, entries: turn.entries };
    const needless: BoxId[] = [];
    const unwanted = new Set<BoxId>();
    const routes = new Map<BoxId, readonly BoxId[]>();
    for (const box of turn.within) {
      if (box === this.#self) continue;
      const by = forwardersBetween(box, neighbours, turn.linked);
      if (by.length > 0) routes.set(box, by);
      const odd = oddity(box, neighbours, turn.linked);
      const lasting = this.#lasts(box, odd, turn.now);
      if (odd === 'needless' || !(needsLink(box, neighbours) && (odd === undefined || lasting)))
        unwanted.add(box);
      // The smaller id ends it: one of the two is enough.
      if (odd === 'needless' && lasting && by.length > 0 && this.#self < box) needless.push(box);
    }
    for (const box of this.#oddities.keys()) if (!turn.within.has(box)) this.#oddities.delete(box);
    this.#unwanted = unwanted;
    this.#setRoutes(routes);
    return { forwarders, needless };
  }

  /** The session is left: nobody is reached by way of others any more. */
  [Symbol.dispose](): void {
    this.#setRoutes(new Map());
  }

  /** Who is best is worked out once a second; who is gone is seen at once. */
  #choose(turn: Turn): readonly BoxId[] {
    const { now, within } = turn;
    const last = this.#choice;
    const holds =
      last !== undefined &&
      now < after(last.at, micros(Math.max(CHOICE_HOLDS, within.size * CHOICE_HOLDS_PER_BOX))) &&
      last.size === within.size &&
      last.forwarders.every((id) => within.has(id));
    if (holds) return last.forwarders;
    const forwarders = forwardersOf(turn, this.#meshLimit);
    this.#choice = { at: now, size: within.size, forwarders };
    return forwarders;
  }

  /** Over plain links nothing is passed on: packets go beside them. */
  get #isOpen(): boolean {
    for (const { packets } of this.#links.values()) if (packets === undefined) return true;
    return false;
  }

  #lasts(box: BoxId, kind: Oddity['kind'] | undefined, now: Instant): boolean {
    if (kind === undefined) {
      this.#oddities.delete(box);
      return false;
    }
    const known = this.#oddities.get(box);
    if (known?.kind === kind) return now >= after(known.since, GRACE);
    this.#oddities.set(box, { kind, since: now });
    return false;
  }

  #setRoutes(routes: ReadonlyMap<BoxId, readonly BoxId[]>): void {
    if (!sameValue([...routes], [...this.#routes])) {
      this.#routes = routes;
      this.#deps.onRoutes(routes);
    }
    for (const box of routes.keys()) if (!this.#links.has(box)) this.#passOn(box);
    for (const box of this.#told.keys()) {
      if (!this.#links.has(box) && !routes.has(box)) this.#gone(box);
    }
  }

  #passOn(box: BoxId): void {
    const entry = this.#entries.get(box);
    if (!entry) {
      this.#gone(box);
      return;
    }
    const told = this.#told.get(box);
    const known = told?.packets === undefined && told?.secure === true;
    if (known && told.peer.ssrc === entry.ssrc && told.peer.boot === entry.boot) return;
    this.#tell(box, this.#withoutLink(box, entry));
  }

  #tell(box: BoxId, link: ParticipantLink): void {
    this.#told.set(box, link);
    this.#deps.onParticipant(link, 'linked');
  }

  #gone(box: BoxId): void {
    const told = this.#told.get(box);
    if (!told) return;
    this.#told.delete(box);
    this.#deps.onParticipant(told, 'unlinked');
  }

  /** What a greeting would have told: its own entry says it, signed. */
  #withoutLink(
    box: BoxId,
    { name, rtpPort, ssrc, linkPort, boot }: ParticipantEntry,
  ): ParticipantLink {
    return {
      peer: { box, name, rtpPort, ssrc, linkPort, boot },
      remote: placeOfBox(box),
      dialer: this.#self < box,
      secure: true,
      packets: undefined,
      route: undefined,
      onClosed: () => ({ [Symbol.dispose]: () => {} }),
      cut: () => {},
    };
  }
}

/** Of boxes none of which forwards: no link where nobody passes on between the two, or one where somebody does. */
function oddity(
  box: BoxId,
  neighbours: Neighbours,
  linked: ReadonlySet<BoxId>,
): Oddity['kind'] | undefined {
  const { self, forwarders } = neighbours;
  if (forwarders.length === 0 || forwarders.includes(self) || forwarders.includes(box)) {
    return undefined;
  }
  if (needsLink(box, neighbours)) return 'lacking';
  return linked.has(box) ? 'needless' : undefined;
}
