/**
 * The session that this box is in.
 *
 * Takes  what this box wants to be and to change; links and documents of the others.
 * Gives  snapshots of the ensemble, participants as their links come and go, the clock reference.
 * Keeps  one turn: whatever changed, everything that follows from it is worked out together, at most every 10 ms (6 ms a box
 *        in a big session), at least every 250 ms (12 ms a box).
 * Lane   3.
 */
import { bytesToHex } from '@noble/hashes/utils.js';
import type { BoxId, EnsembleContext, LinkStats, ParticipantRoute } from '../core/ensemble.ts';
import { Teardown } from '../core/lifecycle.ts';
import { after, fromMillis, fromSeconds, type Instant, type Micros, micros } from '../core/time.ts';
import type { ActiveSession, ActiveSessionDeps, ActiveSessionInit } from './active-session.ts';
import { hostChain } from './authority.ts';
import { openSessionDocuments } from './documents.ts';
import { ensembleContext } from './ensemble.ts';
import { sameValue } from './equality.ts';
import type { FoundMember } from './found-sessions.ts';
import { openHostDuties, resumeHosting } from './host-duties.ts';
import { brokenRule } from './host-notices.ts';
import { linkedNow, type Standing, standing, type View } from './membership.ts';
import { OwnEntry } from './own-entry.ts';
import { ParticipantWays } from './participant-ways.ts';
import { ownAddresses, wantedPlaces } from './places.ts';
import { Reached } from './reached.ts';
import { openSessionLinks, routeOf } from './session-links.ts';
import { noticeFor, openTimeKeeping } from './time-keeping.ts';
import { SESSION_LIMIT } from './topology.ts';

const SHORTEST_TURN = fromMillis(10);
const TURN_PER_BOX = fromMillis(6);
const LONGEST_TURN = fromMillis(250);
/** A box out of reach for no longer than this keeps its place as host and reference. */
const EXCUSED = fromSeconds(4);
/** And for no longer than this it is listed, as not connected. */
const LISTED = fromSeconds(10);
const FAINT = fromSeconds(120);

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
  const documents = held.hold(
    openSessionDocuments(deps, {
      session: init.session,
      stored: init.stored,
      onStoredFault: (fault) =>
        deps.log.warn('what was stored of the session can’t be used', { fault }),
    }),
  );
  const { control, participants } = documents;
  const reached = new Reached();
  const stats = new Map<BoxId, LinkStats>();
  let { self } = init;
  let found: readonly FoundMember[] = [];
  let entered = false;
  let context: EnsembleContext | undefined;
  let turnedAt: Instant | undefined;
  let stand: Standing | undefined;
  let removed = false;
  const ownEntry = new OwnEntry(deps, documents);
  const duties = openHostDuties({ self: box, control });

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

  const sessionLinks = held.hold(
    await openSessionLinks(deps, {
      session: init.session,
      box,
      boot,
      rtp: init.rtp,
      linkPort: init.linkPort,
      host: init.host,
      name: () => self.name,
      documents,
      within: () => stand?.within ?? new Set(),
      sizeLimit: init.sizeLimit ?? SESSION_LIMIT,
      credentials: init.credentials,
      onLinked: (link, state) => (state === 'linked' ? ways.linked(link) : ways.unlinked(link)),
    }),
  );

  const { mesh, level, reach } = sessionLinks;
  held.hold(ways);
  const alarm = held.hold(clock.alarm(() => turn()));
  /** What a turn costs grows with the session, and so does how often something changes. */
  const shortestTurn = (): Micros =>
    micros(Math.max(SHORTEST_TURN, participants.entries.size * TURN_PER_BOX));
  const touch = (): void => {
    if (!entered) return;
    const soonest = turnedAt === undefined ? clock.now() : after(turnedAt, shortestTurn());
    alarm.set(Math.max(soonest, clock.now()) as Instant);
  };
  held.hold(documents.onChange(touch));

  held.hold(mesh.onLink(touch));
  held.hold(
    mesh.onUnlink((link, end) => {
      stats.delete(link.peer.box);
      const broke = brokenRule(link.peer.name, end);
      if (broke !== undefined) init.onCut(broke);
      touch();
    }),
  );

  /** Everything that follows from what has changed. */
  const turn = (): void => {
    turnedAt = clock.now();
    alarm.set(after(turnedAt, micros(Math.max(LONGEST_TURN, 2 * shortestTurn()))));
    const linked = presentLinks();
    ownEntry.write({
      addresses: ownAddresses({ host: init.host, seenAs: sessionLinks.seenAs, found, box }),
      links: [...linked].sort(),
      forwarders,
      couldKeepTime: timeKeeping.keepsTime(new Set([...linked, ...ways.forwarded])),
      stats,
      peers: linked.size + ways.forwarded.length,
    });
    stand = standing(viewOf(linked, turnedAt));
    control.authority = stand.authority;
    reached.note(stand.within, turnedAt);
    // Alone there is nobody to keep time for; who comes back to an unchanged document is not overruled by it.
    if (stand.within.size > 1 && level()) timeKeeping.takeOver(stand);
    duties.turn(stand, level(), turnedAt);
    timeKeeping.follow(participants.entries);
    if (putOut()) return;
    const { entries } = participants;
    const settled = ways.turn({ ...stand, entries, linked, now: turnedAt });
    forwarders = settled.forwarders;
    for (const id of settled.needless) void mesh.links.get(id)?.[Symbol.asyncDispose]();
    const seen = reached.lately(FAINT, turnedAt);
    const places = wantedPlaces({
      box,
      entries,
      found,
      faint: (id) => !seen.has(id),
      byServer: deps.controlPlane !== undefined,
    });
    const out = new Set(control.state.removed);
    mesh.want(new Map([...places].filter(([id]) => ways.wants(id) && !out.has(id))));
    mesh.tick();
    publish(stand);
  };

  const presentLinks = (): ReadonlySet<BoxId> => linkedNow(mesh.links, participants.entries);

  const viewOf = (linked: ReadonlySet<BoxId>, now: Instant): View => ({
    self: { box, boot },
    linked,
    entries: participants.entries,
    excused: reached.lately(EXCUSED, now),
    registers: control.registers,
    chain: hostChain(control.registers, control.creator),
  });

  /** Ends the links to boxes that the host has put out. True: this box is one of them. */
  const putOut = (): boolean => {
    const { removed: all } = control.state;
    const links = all.flatMap((id) => mesh.links.get(id) ?? []);
    // They are to hear why before the link ends.
    if (links.length > 0) documents.flush();
    for (const link of links) void link[Symbol.asyncDispose]();
    if (removed || !all.includes(box) || stand?.host === box) return removed;
    removed = true;
    init.onRemoved();
    return true;
  };

  held.hold(
    documents.onSaid((author, key) => {
      if (!duties.overreaches(author, key, clock.now())) return;
      mesh.links.get(author)?.cut('overreach');
    }),
  );

  const publish = (stand: Standing): void => {
    const { entries } = participants;
    const listed = [...reached.lately(LISTED, clock.now())].filter(
      (id) => entries.get(id)?.present === true && !control.state.removed.includes(id),
    );
    const taken = ensembleContext({
      session: init.session,
      knownAs: init.name,
      self: box,
      host: stand.host,
      // Without the session's time there is no place in a song: who opens a session again alone begins anew.
      control: timeKeeping.reference ? control.state : { ...control.state, song: undefined },
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

  const hosting = (): boolean => stand?.host === box;
  const allowed = (): boolean => hosting() || !control.state.locked;

  return {
    box,
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
      if (made) {
        control.set({ made: bytesToHex(made.proof.nonce) });
        timeKeeping.begin(made.name);
      } else resumeHosting(control, viewOf(presentLinks(), clock.now()));
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
    lists: (other) => participants.entries.has(other),
    get controlState() {
      return control.state;
    },
    get hosting() {
      return hosting();
    },
    get hostingByRight() {
      return hosting() && hostChain(control.registers, control.creator).at(-1)?.box === box;
    },
    encode: () => documents.encode(),
    onLasting: (listener) => documents.onLasting(listener),
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
      participants.setSelf({ present: false, links: [], forwarders: [], stats: {} });
      documents.flush();
    },
    [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
  };
}
