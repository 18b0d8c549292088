/**
 * The links of one session: one to each other box in it.
 *
 * Takes  whom to be linked with and where they may be; links that others dial.
 * Gives  word of each link that opens and ends.
 * Keeps  at most one link to a box. The box with the smaller id dials; the other one, too, when that took too long, as
 *        only one of them may be reachable. Lost links are dialed again with a back-off.
 * Lane   3.
 */
import { followSignals } from '../core/abort.ts';
import type { BoxId } from '../core/ensemble.ts';
import { PortError } from '../core/errors.ts';
import { Listeners } from '../core/listeners.ts';
import { after, elapsed, fromSeconds, type Instant, type Micros } from '../core/time.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { Randomness } from '../ports/randomness.ts';
import { backOff } from '../transport/link/back-off.ts';
import { dialFirst } from '../transport/link/dial-first.ts';
import type { Hello } from '../transport/link/hello.ts';
import type { Link } from '../transport/link/link.ts';
import { dialLink, type LinkNetworkDeps, listenForLinks } from '../transport/link/link-network.ts';
import type { LinkEnd, Refusal } from '../transport/link/link-state.ts';

export interface MeshDeps extends LinkNetworkDeps {
  readonly randomness: Randomness;
}

export interface MeshInit {
  readonly self: BoxId;
  readonly port: number;
  readonly host?: string;
  /** What this box says of itself, to whom it knows as `seenAs`. */
  readonly hello: (linkPort: number, seenAs: string) => Hello;
  /** Whether someone unknown to the mesh may come in. */
  readonly judge: (peer: Hello) => Refusal | undefined;
}

export interface Wanted {
  readonly addresses: readonly NetAddress[];
  /** Not seen for long: dialed seldom. */
  readonly faint: boolean;
}

export interface Mesh extends AsyncDisposable {
  readonly local: NetAddress;
  readonly links: ReadonlyMap<BoxId, Link>;
  /** Links to boxes that are not in it stay as they are. */
  want(boxes: ReadonlyMap<BoxId, Wanted>): void;
  /** Dials whom it is time to dial. To be called several times a second. */
  tick(): void;
  /** The first of those addresses to answer. Rejects with PortError or the signal's reason. */
  dial(addresses: readonly NetAddress[], signal: AbortSignal): Promise<Link>;
  /** `replaced`: an earlier link to the same box, which ends now. */
  onLink(listener: (link: Link, replaced: Link | undefined) => void): Disposable;
  onUnlink(listener: (link: Link, end: LinkEnd) => void): Disposable;
}

const MAX_LINKS = 31;
const DIAL_LIMIT = fromSeconds(3);
/** How long the box with the greater id waits for the other one to dial. */
const PATIENCE = fromSeconds(3);
/** Two links younger than this came of both boxes dialing at once. */
const CROSSING = fromSeconds(2);
const PENALTY = fromSeconds(30);
const FAINT_PERIOD = fromSeconds(30);

interface Dialing {
  failures: number;
  /** Unlinked and wanted since. */
  since: Instant;
  due: Instant;
  attempt: AbortController | undefined;
}

/** Rejects with PortError when the port can't be listened on. */
export async function openMesh(deps: MeshDeps, init: MeshInit): Promise<Mesh> {
  const { clock, randomness } = deps;
  const { self } = init;
  const links = new Map<BoxId, Link>();
  const openedAt = new Map<Link, Instant>();
  const penalties = new Map<BoxId, Instant>();
  const dialing = new Map<BoxId, Dialing>();
  const linked = new Listeners<[link: Link, replaced: Link | undefined]>();
  const unlinked = new Listeners<[link: Link, end: LinkEnd]>();
  const attempts = new Set<ReturnType<typeof followSignals>>();
  let closed: PortError | undefined;
  let wanted: ReadonlyMap<BoxId, Wanted> = new Map();
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
    const { box } = link.peer;
    if (closed || box === self || keepsOld(link.peer, link.dialer)) {
      link.replace();
      return;
    }
    const replaced = links.get(box);
    links.set(box, link);
    openedAt.set(link, clock.now());
    dialing.get(box)?.attempt?.abort();
    dialing.delete(box);
    link.onClosed((end) => {
      openedAt.delete(link);
      if (links.get(box) !== link) return;
      links.delete(box);
      const wait = retryAfter(end);
      if (end.kind === 'cut') punish(box);
      const due = after(clock.now(), wait ?? backOff(0, randomness));
      dialing.set(box, { failures: 0, since: clock.now(), due, attempt: undefined });
      unlinked.emit(link, end);
    });
    linked.emit(link, replaced);
    replaced?.replace();
  };

  const listener = await listenForLinks(deps, {
    port: init.port,
    ...(init.host === undefined ? {} : { host: init.host }),
    hello: (from) => init.hello(port, from.host),
    judge,
    onLink: adopt,
  });
  port = listener.local.port;

  const dial = async (addresses: readonly NetAddress[], signal: AbortSignal): Promise<Link> => {
    if (closed) throw closed;
    const attempt = followSignals([signal]);
    attempts.add(attempt);
    try {
      const link = await dialFirst(deps, addresses, attempt.signal, (to, either) =>
        dialLink(deps, {
          to,
          hello: init.hello(port, to.host),
          signal: either,
          limit: DIAL_LIMIT,
        }),
      );
      adopt(link);
      return link;
    } finally {
      attempts.delete(attempt);
      attempt[Symbol.dispose]();
    }
  };

  const consider = (box: BoxId, { addresses, faint }: Wanted): void => {
    const now = clock.now();
    const state = dialing.get(box) ?? { failures: 0, since: now, due: now, attempt: undefined };
    dialing.set(box, state);
    if (state.attempt || state.due > now || addresses.length === 0 || punished(box)) return;
    if (box < self && elapsed(state.since, now) < PATIENCE) return;
    const attempt = new AbortController();
    state.attempt = attempt;
    dial(addresses, attempt.signal).then(
      () => {
        // Whoever answered is linked; when that was another box than the one meant, this address is stale.
        fail(state, faint);
      },
      () => fail(state, faint),
    );
  };
  const fail = (state: Dialing, faint: boolean): void => {
    state.attempt = undefined;
    const wait = faint ? FAINT_PERIOD : backOff(state.failures++, randomness);
    state.due = after(clock.now(), wait);
  };

  return {
    local: listener.local,
    links,
    want(boxes) {
      wanted = boxes;
    },
    tick() {
      for (const box of dialing.keys()) if (!wanted.has(box)) dialing.delete(box);
      for (const [box, place] of wanted) {
        if (box !== self && !links.has(box)) consider(box, place);
      }
    },
    dial,
    onLink: (told) => linked.add(told),
    onUnlink: (told) => unlinked.add(told),
    async [Symbol.asyncDispose]() {
      closed = new PortError('closed', 'the session was left');
      for (const attempt of attempts) attempt.abort(closed);
      await listener[Symbol.asyncDispose]();
      // At once: each may take a second to say goodbye.
      await Promise.all([...links.values()].map((link) => link[Symbol.asyncDispose]()));
    },
  };
}

/** Undefined: as soon as the back-off says. */
function retryAfter(end: LinkEnd): Micros | undefined {
  if (end.kind !== 'bye') return undefined;
  return end.code === 'misbehaved' ? PENALTY : fromSeconds(1);
}
