/**
 * The session that this box is in.
 *
 * Takes  what this box wants to be and to change; links and documents of the others.
 * Gives  snapshots of the ensemble, participants as their links come and go, the clock reference.
 * Keeps  one turn: whatever changed, everything that follows from it is worked out together, at most every 10 ms and at
 *        least every 250 ms.
 * Lane   3.
 */
import type {
  BoxId,
  EnsembleContext,
  LinkStats,
  ParticipantRoute,
  SessionId,
} from '../core/ensemble.ts';
import { Teardown } from '../core/lifecycle.ts';
import type { Log } from '../core/log.ts';
import {
  after,
  elapsed,
  fromMillis,
  fromSeconds,
  type Instant,
  type Micros,
} from '../core/time.ts';
import type { Clock, WallClock } from '../ports/clock.ts';
import type { NetAddress } from '../ports/datagram-network.ts';
import type { Randomness } from '../ports/randomness.ts';
import type { TimeWish } from '../timeline/time-wish.ts';
import type { LinkCounters } from '../transport/link/link-counters.ts';
import type { PeerNetwork } from '../transport/link/peer-network.ts';
import type { ControlPatch, ControlState } from './control-document.ts';
import { openSessionDocuments } from './documents.ts';
import { ensembleContext } from './ensemble.ts';
import { sameValue } from './equality.ts';
import type { FoundMember } from './found-sessions.ts';
import { type Standing, standing } from './membership.ts';
import { ParticipantWays } from './participant-ways.ts';
import type { ParticipantEntry } from './participants-document.ts';
import { ownAddresses, wantedPlaces } from './places.ts';
import type { Presence } from './presence.ts';
import { Reached } from './reached.ts';
import type { ParticipantLink, RtpFacts, SessionClock } from './session.ts';
import { openSessionLinks, routeOf } from './session-links.ts';
import { noticeFor, openTimeKeeping, type Reference } from './time-keeping.ts';

export interface ActiveSessionDeps {
  readonly clock: Clock;
  readonly wallClock: WallClock;
  readonly peers: PeerNetwork;
  readonly randomness: Randomness;
  readonly log: Log;
  readonly ensembleClock: SessionClock;
  readonly counters: LinkCounters;
}

export interface ActiveSessionInit {
  readonly session: SessionId;
  /** The name it goes by until its documents tell. */
  readonly name: string;
  readonly box: BoxId;
  readonly boot: number;
  readonly self: SelfEntry;
  readonly rtp: RtpFacts;
  readonly linkPort: number;
  readonly host?: string;
  readonly onParticipant: (link: ParticipantLink, state: 'linked' | 'unlinked') => void;
  readonly onReference: (box: BoxId | 'self', shift: Micros) => void;
  readonly onRoutes: (routes: ReadonlyMap<BoxId, readonly BoxId[]>) => void;
  readonly onContext: (context: EnsembleContext) => void;
  /** Boxes that are linked each with each. Default: as was measured. */
  readonly meshLimit?: number | undefined;
}

/** What a box says of itself besides what follows from the session. */
export type SelfEntry = Pick<ParticipantEntry, 'name' | 'instrument' | 'role' | 'roleByHand'>;

export interface ActiveSession extends AsyncDisposable {
  readonly session: SessionId;
  /** Undefined until it was entered. */
  readonly context: EnsembleContext | undefined;
  readonly reference: Reference | undefined;
  readonly presence: Presence;
  readonly linkPort: number;
  readonly links: number;
  /** Addresses at which members answered. */
  readonly members: readonly NetAddress[];
  /** Resolves once the documents of whoever answers first are here. Rejects with PortError, or the signal's reason. */
  reach(addresses: readonly NetAddress[], signal: AbortSignal): Promise<void>;
  /** Takes part from now on. `made`: this box makes the session under that name. */
  enter(made?: string): void;
  setSelf(self: SelfEntry): void;
  /** False when the session is locked and this box doesn't host it. */
  control(patch: ControlPatch): boolean;
  /** The same of timeline and song. */
  setTime(wish: TimeWish): boolean;
  readonly controlState: ControlState;
  /** For the host. Nothing happens when that box is not there. */
  handOver(box: BoxId): void;
  readonly hosting: boolean;
  reportStats(peer: BoxId, stats: LinkStats): void;
  /** Members that announce themselves on the local network; this box's own announcement among them. */
  setFound(members: readonly FoundMember[]): void;
  /** Tells the others that this box leaves. */
  sayGoodbye(): void;
}

const SHORTEST_TURN = fromMillis(10);
const LONGEST_TURN = fromMillis(250);
/** A box out of reach for no longer than this keeps its place as host and reference. */
const EXCUSED = fromSeconds(4);
/** And for no longer than this it is listed, as not connected. */
const LISTED = fromSeconds(10);
const FAINT = fromSeconds(120);
const STATS_PERIOD = fromSeconds(1);

/** Rejects with PortError when the link port can't be listened on. */
export async function openActiveSession(
  deps: ActiveSessionDeps,
  init: ActiveSessionInit,
): Promise<ActiveSession> {
  const held = new Teardown();
  try {
    return await assemble(deps, init, held);
  } catch (failure) {
    await held[Symbol.asyncDispose]();
    throw failure;
  }
}

async function assemble(
  deps: ActiveSessionDeps,
  init: ActiveSessionInit,
  held: Teardown,
): Promise<ActiveSession> {
  const { clock } = deps;
  const { box, boot } = init;
  const documents = held.hold(openSessionDocuments(deps, { box }));
  const { control, participants } = documents;
  const reached = new Reached();
  const stats = new Map<BoxId, LinkStats>();
  let { self } = init;
  let found: readonly FoundMember[] = [];
  let entered = false;
  let context: EnsembleContext | undefined;
  let turnedAt: Instant | undefined;
  let toldStatsAt: Instant | undefined;
  let hosting = false;

  const timeKeeping = openTimeKeeping(deps, {
    self: { box, boot },
    control,
    clockOffset: init.rtp.clockOffset,
    knownAs: init.name,
    notice: () => noticeFor(stats.values()),
    onReference: init.onReference,
  });

  const ways = new ParticipantWays(init, { self: box, meshLimit: init.meshLimit });
  let forwarders: readonly BoxId[] = [];

  const { mesh, level, seenAs, reach } = held.hold(
    await openSessionLinks(deps, {
      session: init.session,
      box,
      boot,
      rtp: init.rtp,
      linkPort: init.linkPort,
      host: init.host,
      name: () => self.name,
      documents,
      onLinked: (link, state) => (state === 'linked' ? ways.linked(link) : ways.unlinked(link)),
    }),
  );

  held.hold(ways);
  const alarm = held.hold(clock.alarm(() => turn()));
  const touch = (): void => {
    if (!entered) return;
    const soonest = turnedAt === undefined ? clock.now() : after(turnedAt, SHORTEST_TURN);
    alarm.set(Math.max(soonest, clock.now()) as Instant);
  };
  held.hold(documents.onChange(touch));

  held.hold(mesh.onLink(touch));
  held.hold(
    mesh.onUnlink((link) => {
      stats.delete(link.peer.box);
      touch();
    }),
  );

  /** Everything that follows from what has changed. */
  const turn = (): void => {
    turnedAt = clock.now();
    alarm.set(after(turnedAt, LONGEST_TURN));
    const linked = new Set(mesh.links.keys());
    writeOwnEntry(linked);
    const stand = standing({
      self: { box, boot },
      linked,
      entries: participants.entries,
      excused: reached.lately(EXCUSED, turnedAt),
      host: control.state.host,
      reference: control.state.reference,
    });
    reached.note(stand.within, turnedAt);
    // Alone there is nobody to keep time for; who comes back to an unchanged document is not overruled by it.
    if (stand.within.size > 1 && level()) timeKeeping.takeOver(stand);
    timeKeeping.follow(participants.entries);
    const { entries } = participants;
    const settled = ways.turn({ ...stand, entries, linked, now: turnedAt });
    forwarders = settled.forwarders;
    for (const id of settled.needless) void mesh.links.get(id)?.[Symbol.asyncDispose]();
    const seen = reached.lately(FAINT, turnedAt);
    const places = wantedPlaces({ box, entries, found, faint: (id) => !seen.has(id) });
    mesh.want(new Map([...places].filter(([id]) => ways.wants(id))));
    mesh.tick();
    publish(stand);
  };

  const writeOwnEntry = (linked: ReadonlySet<BoxId>): void => {
    const now = clock.now();
    const own = participants.entries.get(box);
    const due = toldStatsAt === undefined || elapsed(toldStatsAt, now) >= STATS_PERIOD;
    if (due) toldStatsAt = now;
    participants.setSelf({
      addresses: ownAddresses({ host: init.host, seenAs, found, box }),
      links: [...linked].sort(),
      forwarders,
      keepsTime:
        own?.keepsTime === true || timeKeeping.keepsTime(new Set([...linked, ...ways.forwarded])),
      ...(due ? { stats: Object.fromEntries(stats) } : {}),
    });
  };

  const publish = (stand: Standing): void => {
    const { entries } = participants;
    hosting = stand.host === box;
    const listed = [...reached.lately(LISTED, clock.now())].filter(
      (id) => entries.get(id)?.present === true,
    );
    const taken = ensembleContext({
      session: init.session,
      knownAs: init.name,
      self: box,
      host: stand.host,
      control: control.state,
      entries,
      listed: new Set(listed),
      linked: new Map<BoxId, ParticipantRoute>([
        ...ways.forwarded.map((id) => [id, 'forwarded'] as const),
        ...[...mesh.links].map(([id, link]) => [id, routeOf(link)] as const),
      ]),
      stats,
    });
    if (sameValue(taken, context)) return;
    context = taken;
    init.onContext(taken);
  };

  const allowed = (): boolean => hosting || !control.state.locked;

  return {
    session: init.session,
    get context() {
      return context;
    },
    get reference() {
      return timeKeeping.reference;
    },
    presence: documents.presence,
    linkPort: mesh.local.port,
    get links() {
      return mesh.links.size;
    },
    get members() {
      return [...mesh.links.values()].map(({ remote, peer }) => ({
        host: remote.host,
        port: peer.linkPort,
      }));
    },
    reach,
    enter(made) {
      if (made !== undefined) timeKeeping.begin(made);
      participants.setSelf({
        ...self,
        linkPort: mesh.local.port,
        rtpPort: init.rtp.port,
        ssrc: init.rtp.ssrc,
        boot,
        keepsTime: false,
        present: true,
        joined: deps.wallClock.wallNow(),
      });
      entered = true;
      turn();
    },
    setSelf(patch) {
      self = patch;
      if (entered) participants.setSelf(self);
    },
    control(patch) {
      if (allowed()) control.set(patch);
      return allowed();
    },
    setTime(wish) {
      if (allowed()) timeKeeping.fulfil(wish);
      return allowed();
    },
    get controlState() {
      return control.state;
    },
    handOver(other) {
      const entry = participants.entries.get(other);
      if (entry?.present) control.set({ host: { box: other, boot: entry.boot } });
    },
    get hosting() {
      return hosting;
    },
    reportStats(peer, figures) {
      stats.set(peer, figures);
      touch();
    },
    setFound(members) {
      found = members.filter((member) => member.session === init.session);
      touch();
    },
    sayGoodbye() {
      if (!entered) return;
      entered = false;
      alarm.clear();
      participants.setSelf({ present: false, links: [] });
      documents.flush();
    },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}
