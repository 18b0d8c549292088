/**
 * When to dial whom: boxes without a link, and boxes whose link is to be renewed while it still stands.
 *
 * Takes  whom to be linked with and where they may be; the links there are; word of a changed network.
 * Gives  dialings, at most 16 at once and two to a box.
 * Keeps  why each box is dialed, and since when. The box with the smaller id dials first, as only one of them needs to; the
 *        other one, too, when that took too long, as only one of them may be reachable.
 * Lane   3.
 */
import type { BoxId } from '../core/ensemble.ts';
import { after, elapsed, fromSeconds, type Instant, type Micros } from '../core/time.ts';
import type { Clock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { Route } from '../ports/peer-connection.ts';
import type { Randomness } from '../ports/randomness.ts';
import { backOff } from '../transport/link/back-off.ts';
import type { Link } from '../transport/link/link.ts';
import type { ConnectHow } from '../transport/link/peer-network.ts';

export interface Wanted {
  readonly addresses: readonly NetAddress[];
  /** Not seen for long: dialed seldom. */
  readonly faint: boolean;
}

export interface LinkDialerDeps {
  readonly clock: Clock;
  readonly randomness: Randomness;
  readonly links: ReadonlyMap<BoxId, Link>;
  /** Whether that box is not to be dialed now. */
  readonly barred: (box: BoxId) => boolean;
  /** Links, and tells the mesh. */
  readonly dial: (
    box: BoxId,
    addresses: readonly NetAddress[],
    better: ConnectHow['better'],
    signal: AbortSignal,
  ) => Promise<unknown>;
}

export interface LinkDialer extends Disposable {
  want(boxes: ReadonlyMap<BoxId, Wanted>): void;
  /** To be called several times a second. */
  tick(): void;
  /** A link to that box has opened, `dialed` by this one or not: nothing else is needed. */
  linked(box: BoxId, dialed: boolean): void;
  /** Its link has ended; it is dialed after `wait`. */
  unlinked(box: BoxId, wait: Micros): void;
  /** There is a way again that there was not: whoever is missing is dialed at once, by it. */
  wayIsBack(): void;
  /** This box has other addresses than before; those links that hung on one that is gone, or may have, are renewed. */
  moved(addresses: readonly string[]): void;
}

/** Why a box is dialed. `better`: its link is a tunnel, or goes through a relay. */
type Need = 'link' | 'silent' | 'moved' | 'better';

interface Calls {
  readonly need: Need;
  failures: number;
  due: Instant;
  readonly attempts: { readonly controller: AbortController; readonly begun: Instant }[];
}

/** Nothing came over a link for so long, keep-alives included: it is dialed beside. */
const SILENT = fromSeconds(1.5);
/** Looked after later than this, it is this box that was away: what has come meanwhile is not seen yet. */
const LATE = fromSeconds(1);
/**
 * Both have dialed, and the other one's link came first. The one that the smaller id dialed is the one to stay: the box with
 * the greater id gives up its own for it, and if this one did so, too, both would be gone.
 */
const CROSSED_BY = fromSeconds(0.5);
/** How long the box that did not dial waits for the one that did. */
const PATIENCE: Readonly<Record<Need, Micros>> = {
  link: fromSeconds(2),
  silent: fromSeconds(1),
  moved: fromSeconds(0),
  better: fromSeconds(0),
};
/** A dialing that takes longer gets another one beside it. */
const OVERLAP = fromSeconds(2.5);
const MAX_ATTEMPTS = 2;
const MAX_DIALING = 16;
const FAINT_PERIOD = fromSeconds(30);
/** The first try comes soon: a straight way is often a moment late, on a machine or a network under load. */
const BETTER_FIRST = fromSeconds(4);
const BETTER_PERIOD = fromSeconds(60);
/** After a change of the network, boxes are dialed without waiting for whose turn it is. */
const MOVED_LATELY = fromSeconds(10);
const MOVED_TRIES = 4;

/** Whether a link hangs on an address that is still there, as far as can be known: what is wrong shows as silence. */
function stands({ kind, local }: Route, addresses: readonly string[]): boolean {
  if (kind !== 'local') return false;
  const ofThisMachine = local.host === '' || local.host === '::1' || local.host.startsWith('127.');
  return ofThisMachine || addresses.includes(local.host);
}

/** What is worth a move from that link. */
function betterThan({ route }: Link): ConnectHow['better'] {
  if (route.kind === 'tunnelled') return 'untunnelled';
  return route.kind === 'relayed' ? 'straight' : undefined;
}

export function openLinkDialer(deps: LinkDialerDeps, init: { readonly self: BoxId }): LinkDialer {
  const { clock, randomness, links } = deps;
  const calls = new Map<BoxId, Calls>();
  const toMove = new Set<BoxId>();
  /** Until when what this box has dialed may still open beside a link that the other one has dialed. */
  const crossing = new Map<BoxId, Instant>();
  const betterDue = new Map<Link, Instant>();
  let wanted: ReadonlyMap<BoxId, Wanted> = new Map();
  let movedAt: Instant | undefined;
  let dialing = 0;
  let tickedAt = clock.now();
  /** Before that silence means nothing. */
  let listensSince = clock.now();

  const giveUp = (box: BoxId): void => {
    for (const { controller } of calls.get(box)?.attempts ?? []) controller.abort();
    calls.delete(box);
    crossing.delete(box);
  };

  const needOf = (box: BoxId, link: Link | undefined, now: Instant): Need | undefined => {
    if (!link) return 'link';
    const silentSince = Math.max(link.heardAt, listensSince) as Instant;
    if (elapsed(silentSince, now) > SILENT) return 'silent';
    if (toMove.has(box)) return 'moved';
    if (!link.dialer || !betterThan(link)) return undefined;
    const due = betterDue.get(link) ?? after(now, BETTER_FIRST);
    betterDue.set(link, due);
    return calls.get(box)?.need === 'better' || due <= now ? 'better' : undefined;
  };

  /** Whether the other box is the one to begin. */
  const waits = (box: BoxId, need: Need, now: Instant): boolean => {
    if (movedAt !== undefined && elapsed(movedAt, now) < MOVED_LATELY) return false;
    const link = links.get(box);
    return need === 'silent' && link ? !link.dialer : box < init.self;
  };

  const begin = (box: BoxId, need: Need, now: Instant): Calls => {
    const due = waits(box, need, now) ? after(now, PATIENCE[need]) : now;
    // What is on its way may help whatever the need is now.
    const begun: Calls = { need, failures: 0, due, attempts: calls.get(box)?.attempts ?? [] };
    calls.set(box, begun);
    return begun;
  };

  const consider = (box: BoxId, { addresses, faint }: Wanted): void => {
    const now = clock.now();
    const link = links.get(box);
    const need = needOf(box, link, now);
    if (need === undefined) {
      if ((crossing.get(box) ?? 0) <= now) giveUp(box);
      return;
    }
    const known = calls.get(box);
    const state = known?.need === need ? known : begin(box, need, now);
    if (state.due > now || addresses.length === 0 || deps.barred(box)) return;
    const last = state.attempts.at(-1);
    if (last && (faint || need === 'better' || elapsed(last.begun, now) < OVERLAP)) return;
    if (state.attempts.length >= MAX_ATTEMPTS || dialing >= MAX_DIALING) return;
    if (need === 'better' && link) betterDue.set(link, after(now, BETTER_PERIOD));
    call(box, state, addresses, faint, need === 'better' && link ? betterThan(link) : undefined);
  };

  const call = (
    box: BoxId,
    state: Calls,
    addresses: readonly NetAddress[],
    faint: boolean,
    better: ConnectHow['better'],
  ): void => {
    const attempt = { controller: new AbortController(), begun: clock.now() };
    const pause = faint ? FAINT_PERIOD : backOff(state.failures++, randomness);
    state.attempts.push(attempt);
    // Counted from the beginning: an attempt that hangs is no reason to wait longer.
    state.due = after(attempt.begun, pause);
    dialing++;
    const settle = (): void => {
      dialing--;
      const at = state.attempts.indexOf(attempt);
      if (at >= 0) state.attempts.splice(at, 1);
      // Whoever answered is linked; when that was another box than the one meant, this address is stale.
      if (calls.get(box) !== state) return;
      if (state.need === 'moved' && state.failures >= MOVED_TRIES) toMove.delete(box);
      if (state.need === 'better') calls.delete(box);
    };
    deps.dial(box, addresses, better, attempt.controller.signal).then(settle, settle);
  };

  return {
    want(boxes) {
      wanted = boxes;
    },
    tick() {
      const now = clock.now();
      if (elapsed(tickedAt, now) > LATE) listensSince = now;
      tickedAt = now;
      for (const box of [...calls.keys()]) if (!wanted.has(box)) giveUp(box);
      for (const link of [...betterDue.keys()]) {
        if (links.get(link.peer.box) !== link) betterDue.delete(link);
      }
      for (const [box, place] of wanted) if (box !== init.self) consider(box, place);
    },
    linked(box, dialed) {
      toMove.delete(box);
      if (!dialed && init.self < box && calls.has(box)) {
        crossing.set(box, after(clock.now(), CROSSED_BY));
      } else giveUp(box);
    },
    unlinked(box, wait) {
      const state = begin(box, 'link', clock.now());
      state.due = Math.max(state.due, after(clock.now(), wait)) as Instant;
    },
    moved(addresses) {
      movedAt = clock.now();
      for (const [box, { route }] of links) if (!stands(route, addresses)) toMove.add(box);
      for (const state of calls.values()) {
        state.due = movedAt;
        state.failures = 0;
      }
    },
    wayIsBack() {
      for (const [box, state] of calls) {
        if (state.need === 'better') continue;
        // Those on their way began where there was none, and wait for what was lost.
        for (const { controller } of state.attempts) controller.abort();
        calls.set(box, { need: state.need, failures: 0, due: clock.now(), attempts: [] });
      }
    },
    [Symbol.dispose]() {
      for (const box of [...calls.keys()]) giveUp(box);
    },
  };
}
