/**
 * The links of one session: one to each other box in it.
 *
 * Takes  whom to be linked with and where they may be; links that others dial.
 * Gives  word of each link that opens and ends.
 * Keeps  at most one link to a box. A newer one takes the place of an older one without a gap: the older stands for a
 *        second beside it, for what is still on its way. Who was cut off stays out for a while.
 * Lane   3.
 */
import type { ControlPlane } from '../control/control-plane.ts';
import { followSignals } from '../core/abort.ts';
import type { BoxId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import { JoinFailure, type JoinFailureReason } from '../core/join-failure.ts';
import { Listeners } from '../core/listeners.ts';
import { after, elapsed, fromSeconds, type Instant, type Micros } from '../core/time.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { NetworkWatch } from '../ports/network-watch.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { LinkEntry } from '../privacy/credentials.ts';
import { backOff } from '../transport/link/back-off.ts';
import { dialFirst } from '../transport/link/dial-first.ts';
import type { Hello } from '../transport/link/hello.ts';
import type { Link } from '../transport/link/link.ts';
import type { Refusal } from '../transport/link/link-message.ts';
import {
  connectTo,
  greetDialed,
  type LinkNetworkDeps,
  type LinkTerms,
  listenForLinks,
} from '../transport/link/link-network.ts';
import type { LinkEnd } from '../transport/link/link-state.ts';
import type { ConnectHow } from '../transport/link/peer-network.ts';
import { boxOfPlace } from '../transport/link/place.ts';
import { openLinkDialer, type Wanted } from './link-dialer.ts';
import { openRetiredLinks } from './retired-links.ts';

export type { Wanted } from './link-dialer.ts';

export interface MeshDeps extends LinkNetworkDeps {
  readonly randomness: Randomness;
  /** Undefined: the network never changes. */
  readonly watch?: NetworkWatch | undefined;
  /** By way of which boxes elsewhere are reached. */
  readonly controlPlane?: Pick<ControlPlane, 'onState'> | undefined;
}

export interface MeshInit {
  readonly self: BoxId;
  readonly port: number;
  readonly host?: string;
  /** What this box says of itself, to whom it knows as `seenAs`. */
  readonly hello: (linkPort: number, seenAs: string) => Hello;
  /** Whether someone unknown to the mesh may come in. */
  readonly judge: (peer: Hello) => Refusal | undefined;
  /** Somebody called and did not get in. */
  readonly onTurnedAway?: (end: LinkEnd, from: NetAddress) => void;
  /** By what links are greeted, dialed ones or others. */
  readonly terms: Omit<LinkTerms, 'entry'>;
}

export interface Mesh extends AsyncDisposable {
  readonly local: NetAddress;
  readonly links: ReadonlyMap<BoxId, Link>;
  /** Links to boxes that are not in it stay as they are. */
  want(boxes: ReadonlyMap<BoxId, Wanted>): void;
  /** Dials whom it is time to dial. To be called several times a second. */
  tick(): void;
  /** The first of those places to answer. Rejects with PortError or the signal's reason. */
  dial(places: readonly NetAddress[], signal: AbortSignal, entry?: LinkEntry): Promise<Link>;
  /** `replaced`: an earlier link to the same box, which ends soon. */
  onLink(listener: (link: Link, replaced: Link | undefined) => void): Disposable;
  onUnlink(listener: (link: Link, end: LinkEnd) => void): Disposable;
  /** Who answered where that box was dialed is another one, or somebody is in between. */
  onSuspicion(listener: (box: BoxId, failure: JoinFailure) => void): Disposable;
}

const MAX_LINKS = 31;
/** How long nobody may answer: to a player who joins, and to boxes that were there lately. */
const JOIN_LIMIT = fromSeconds(3);
const DIAL_LIMIT = fromSeconds(1.5);
/** Two links younger than this came of both boxes dialing at once. */
const CROSSING = fromSeconds(2);
const PENALTY = fromSeconds(30);

/** Rejects with PortError when the port can't be listened on. */
export async function openMesh(deps: MeshDeps, init: MeshInit): Promise<Mesh> {
  const { clock, randomness } = deps;
  const { self } = init;
  const links = new Map<BoxId, Link>();
  const openedAt = new Map<Link, Instant>();
  const retired = openRetiredLinks({ clock });
  const penalties = new Map<BoxId, Instant>();
  const linked = new Listeners<[link: Link, replaced: Link | undefined]>();
  const unlinked = new Listeners<[link: Link, end: LinkEnd]>();
  const suspicions = new Listeners<[box: BoxId, failure: JoinFailure]>();
  const attempts = new Set<ReturnType<typeof followSignals>>();
  let closed: PortError | undefined;
  let { port } = init;

  const punished = (box: BoxId): boolean => (penalties.get(box) ?? 0) > clock.now();

  const punish = (box: BoxId): void => {
    for (const other of penalties.keys()) if (!punished(other)) penalties.delete(other);
    penalties.set(box, after(clock.now(), PENALTY));
  };

  /** Both boxes dialed at once: the link that the smaller id dialed is the one both of them keep. */
  const keepsOld = (peer: Hello, dialer: boolean): boolean => {
    const old = links.get(peer.box);
    if (!old || old.peer.boot !== peer.boot) return false;
    const young = elapsed(openedAt.get(old) ?? clock.now(), clock.now()) < CROSSING;
    const smaller = self < peer.box;
    return young && old.dialer === smaller && dialer !== smaller;
  };

  const judge = (peer: Hello): Refusal | undefined => {
    if (peer.box === self) return { code: 'duplicate', text: 'this is the same box' };
    if (punished(peer.box)) {
      return {
        code: 'misbehaved',
        text: 'this box was cut off; it may come back in half a minute',
      };
    }
    if (keepsOld(peer, false)) return { code: 'duplicate', text: 'the boxes are linked already' };
    if (!links.has(peer.box) && links.size >= MAX_LINKS) {
      return { code: 'full', text: `the session is full: ${MAX_LINKS + 1} boxes` };
    }
    return init.judge(peer);
  };

  const adopt = (link: Link): void => {
    const { box, boot } = link.peer;
    if (closed || box === self || keepsOld(link.peer, link.dialer)) {
      link.replace();
      return;
    }
    const replaced = links.get(box);
    links.set(box, link);
    openedAt.set(link, clock.now());
    dialer.linked(box, link.dialer);
    link.onClosed((end) => release(link, end));
    linked.emit(link, replaced);
    if (!replaced) return;
    // A box that was started anew knows nothing of its former link.
    if (replaced.peer.boot !== boot) replaced.replace();
    else retired.add(replaced);
  };

  const release = (link: Link, end: LinkEnd): void => {
    const { box } = link.peer;
    openedAt.delete(link);
    retired.delete(link);
    if (end.kind === 'cut') punish(box);
    const current = links.get(box);
    if (current !== link) {
      // Whoever breaks a rule on the older link does not stay on the newer one.
      if (end.kind === 'cut') current?.cut(end.reason);
      return;
    }
    links.delete(box);
    dialer.unlinked(box, retryAfter(end) ?? backOff(0, randomness));
    unlinked.emit(link, end);
  };

  const dial = async (
    places: readonly NetAddress[],
    signal: AbortSignal,
    how: {
      readonly limit: Micros;
      readonly better?: ConnectHow['better'];
      readonly entry?: LinkEntry;
    },
  ): Promise<Link> => {
    if (closed) throw closed;
    const { limit, better } = how;
    const attempt = followSignals([signal]);
    attempts.add(attempt);
    try {
      const link = await dialFirst(deps, places, attempt.signal, {
        connect: (to, either) => connectTo(deps, { to, signal: either, limit, better }),
        greet: (stream, to, either) =>
          greetDialed(deps, stream, {
            ...init.terms,
            entry: entryFor(to, how.entry),
            to,
            hello: init.hello(port, addressOf(to)),
            signal: either,
          }),
      });
      adopt(link);
      return link;
    } finally {
      attempts.delete(attempt);
      attempt[Symbol.dispose]();
    }
  };

  const dialer = openLinkDialer(
    {
      clock,
      randomness,
      links,
      barred: punished,
      dial: (box, addresses, better, signal) =>
        dial(addresses, signal, { limit: DIAL_LIMIT, better }).catch((failure: unknown) => {
          if (failure instanceof JoinFailure && SUSPICIOUS.has(failure.reason)) {
            suspicions.emit(box, failure);
          }
        }),
    },
    { self },
  );
  const watching = deps.watch?.onChange(() => dialer.moved(deps.watch?.addresses ?? []));

  const online = deps.controlPlane?.onState((state) => {
    if (state === 'online') dialer.wayIsBack();
  });

  const listener = await listenForLinks(deps, {
    port: init.port,
    ...(init.host === undefined ? {} : { host: init.host }),
    hello: (from) => init.hello(port, addressOf(from)),
    judge,
    terms: init.terms,
    onLink: adopt,
    onTurnedAway: init.onTurnedAway,
  });
  port = listener.local.port;

  return {
    local: listener.local,
    links,
    want: (boxes) => dialer.want(boxes),
    tick: () => dialer.tick(),
    dial: (places, signal, entry) =>
      dial(places, signal, { limit: JOIN_LIMIT, ...(entry === undefined ? {} : { entry }) }),
    onLink: (told) => linked.add(told),
    onUnlink: (told) => unlinked.add(told),
    onSuspicion: (told) => suspicions.add(told),
    async [Symbol.asyncDispose]() {
      closed = new PortError('closed', 'the session was left');
      watching?.[Symbol.dispose]();
      online?.[Symbol.dispose]();
      dialer[Symbol.dispose]();
      for (const attempt of attempts) attempt.abort(closed);
      await listener[Symbol.asyncDispose]();
      // At once: each may take a second to say goodbye.
      const all = [retired, ...links.values()];
      await Promise.all(all.map((link) => link[Symbol.asyncDispose]()));
    },
  };
}

const SUSPICIOUS: ReadonlySet<JoinFailureReason> = new Set(['intercepted', 'keyChanged']);

/** The server says that this is the way to that box: whoever answers has to prove it. */
function entryFor(to: NetAddress, entry: LinkEntry = {}): LinkEntry {
  const expected = boxOfPlace(to);
  return expected === undefined || entry.expected !== undefined ? entry : { ...entry, expected };
}

/** Of a box that is reached through the control plane there is no address. */
const addressOf = (place: NetAddress): string => (boxOfPlace(place) ? '' : place.host);

/** Undefined: as soon as the back-off says. */
function retryAfter(end: LinkEnd): Micros | undefined {
  if (end.kind !== 'bye') return undefined;
  return end.code === 'misbehaved' ? PENALTY : fromSeconds(1);
}
